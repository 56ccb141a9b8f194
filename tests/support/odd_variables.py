"""Variables that other programs may have left for a gunicorn of theirs, with odd values."""

ODD_VARIABLES = {
    "FORWARDED_ALLOW_IPS": "a.name",
    "GUNICORN_CMD_ARGS": "--workers 3 --no-such-option",
    "GUNICORN_FD": "x",
    "GUNICORN_PID": "1",
    "LISTEN_FDS": "x",
    "LISTEN_PID": "x",
    "NOTIFY_SOCKET": "/nowhere",
    "PORT": "x",
    "SCRIPT_NAME": "/x",
    "SENDFILE": "x",
    "WEB_CONCURRENCY": "auto",
}

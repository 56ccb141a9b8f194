"""The environment of the server's process: variables and the limit of open files."""

from __future__ import annotations

import contextlib
import os

MAX_FILES = 4096
# What gunicorn and Flask would read: other programs may have left it there for a server of theirs.
PREFIXES = ("FLASK_", "GUNICORN_")
NAMES = frozenset(
    {
        "FORWARDED_ALLOW_IPS",  # gunicorn refuses to start with a name in it
        "LISTEN_FDNAMES",
        "LISTEN_FDS",  # descriptors that gunicorn would listen on
        "LISTEN_PID",
        "NOTIFY_SOCKET",  # gunicorn would tell systemd that another service is ready
        "PORT",
        "SCRIPT_NAME",
        "SENDFILE",
        "WEB_CONCURRENCY",  # gunicorn cannot be imported if it is not a number
    }
)


def clean_environment() -> None:
    """Remove variables that would change the behaviour of the server or gunicorn."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name in NAMES:
            del os.environ[name]


def raise_file_limit() -> None:
    """Raise the soft limit of open files as far as the server may need."""
    # macOS starts with 256 descriptors, and gunicorn's worker dies when it runs out of them.
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def file_limit() -> int:
    """Return how many files this process may have open."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FILES if soft == resource.RLIM_INFINITY else soft

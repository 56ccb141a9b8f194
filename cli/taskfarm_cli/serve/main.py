"""serveTF: run a taskfarm server and store its data."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.guard import complain, guarded
from taskfarm_cli.common.parser import command_line
from taskfarm_cli.common.text import manage_command
from taskfarm_cli.serve.arguments import PROGRAM, Arguments, parse
from taskfarm_cli.serve.introduction import introduction
from taskfarm_cli.serve.users import administer, database_of

if TYPE_CHECKING:
    from taskfarm_sdk.server import DataFolder, Secrets, ServerProcess, ServerSettings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what the user may ask for


def main(argv: Sequence[str] | None = None) -> int:
    """Run serveTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    words = command_line(argv)
    del argv
    _open_closed_streams()
    # It says all that it has to say on stderr, and serves also where that is closed.
    return guarded(PROGRAM, lambda: _serve(parse(words)), needs_stdout=False)


def _open_closed_streams() -> None:
    """Keep a socket or a database from getting the number of a closed standard stream."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


def _serve(arguments: Arguments) -> ExitStatus:
    """Serve until a signal stops it, which is success."""
    if sys.platform == "win32":
        raise CommandError("the server needs Linux or macOS; manageTF runs here")
    from taskfarm_sdk import TaskfarmError
    from taskfarm_sdk.server import DataFolder

    if arguments.administers is not None:
        return administer(arguments)
    # The same exception as Ctrl-C, so that both clean up at any point.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, _not_yet)
    try:
        folder = DataFolder(arguments.data)
        settings = _settings(folder, arguments)
        with folder:
            _serve_from(folder, settings, arguments)
    except KeyboardInterrupt:
        _say("stopped")
        return ExitStatus.OK
    except TaskfarmError as error:
        raise CommandError(str(error)) from error
    raise CommandError("the server ended unexpectedly: the lines above may give the reason")


def _serve_from(folder: DataFolder, settings: ServerSettings, arguments: Arguments) -> None:
    """Serve, and return if the server ends unexpectedly; a refused start changes nothing."""
    from taskfarm_sdk import TaskfarmError
    from taskfarm_sdk.server import ServerProcess, bind, port_of

    server = None
    try:
        if settings.database == folder.database:
            folder.check_sqlite()
        # The sockets do not listen yet: the lines are printed before a client can connect.
        sockets = bind(arguments.host, arguments.port)
        url = _url(arguments.host, port_of(sockets[0]))
        secrets = folder.secrets(settings.user)
        folder.record({"url": url})
        server = ServerProcess(settings, secrets, sockets, hold=[folder.lock])
        with server:
            _run(server, folder, settings, arguments.host)
            signal.signal(signal.SIGHUP, partial(_reload, server))
            _save_login(url, settings, secrets)
            # After all that a program needs which waits for this line.
            _say(f"the taskfarm server listens on {url}")
            # The last line, so that scripts can wait for it.
            _say(f"Ctrl-C or 'kill {os.getpid()}' ends it")
            server.wait()
    except TaskfarmError:
        if server is None or server.refused:
            folder.undo()
        raise


def _run(server: ServerProcess, folder: DataFolder, settings: ServerSettings, host: str) -> None:
    """Introduce the server when it is prepared, and return when it serves."""
    capacity = server.wait_prepared()
    for line in introduction(settings, folder.password_file(settings.user), host, capacity):
        _say(line)
    server.wait_ready()


def _settings(folder: DataFolder, arguments: Arguments) -> ServerSettings:
    from taskfarm_sdk.server import ServerSettings

    return ServerSettings(
        database=database_of(folder, arguments),
        user=arguments.user,
        processes=arguments.processes,
        threads=arguments.threads,
        access_log=arguments.access_log,
        one_key=True,
    )


def _url(host: str, port: int) -> str:
    """Return the URL that reaches the server from this machine."""
    name = _EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}/api/" if ":" in name else f"http://{name}:{port}/api/"


def _save_login(url: str, settings: ServerSettings, secrets: Secrets) -> None:
    """Save the login for `manageTF`; the server runs even if that fails."""
    from taskfarm_sdk import Farm, TaskfarmError
    from taskfarm_sdk.logins import save_login

    try:
        with Farm(url, user=settings.user, password=secrets.password, give_up_after_s=10.0) as farm:
            login = save_login(url, settings.user, farm.login(), replace_default=False)
    except TaskfarmError as error:
        _say(f"warning: the login was not saved: {error}")
        return
    manage = manage_command(None if login.default else url, "--list")
    _say(f"the login is saved: {manage} lists its runs")


def _not_yet(*_: object) -> None:
    _say("SIGHUP is ignored: the server is still starting")


def _reload(server: ServerProcess, *_: object) -> None:
    from taskfarm_sdk import TaskfarmError

    try:
        server.reload()
    except TaskfarmError as error:
        _say(f"SIGHUP is refused: {error}")
    else:
        _say("SIGHUP: the serving processes are replaced one by one")


def _say(text: str) -> None:
    with suppress(RuntimeError):  # a signal's handler may interrupt a line being written
        complain(PROGRAM, text)

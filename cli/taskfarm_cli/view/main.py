"""viewTF: serve a page that shows the runs of a server."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.guard import complain, guarded
from taskfarm_cli.common.parser import command_line
from taskfarm_cli.view.arguments import PROGRAM, Arguments, parse

if TYPE_CHECKING:
    from taskfarm_cli.common.run_name import RunName
    from taskfarm_sdk import Farm

_EXTRA = ("starlette", "uvicorn")


def main(argv: Sequence[str] | None = None) -> int:
    """Run viewTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    words = command_line(argv)
    del argv
    # It says all that it has to say on stderr, and serves also where stdout is closed.
    return guarded(PROGRAM, lambda: _view(parse(words)), needs_stdout=False)


def _view(arguments: Arguments) -> ExitStatus:
    """Serve the page until a signal ends it, which is success."""
    _require_extra()
    name = _run_name(arguments)
    from taskfarm_cli.common.credentials import open_farm
    from taskfarm_cli.common.log_lines import tls_warnings

    logging.getLogger("taskfarm_sdk").addHandler(logging.NullHandler())
    with tls_warnings(PROGRAM), open_farm(arguments) as farm:
        start = _start(farm, name)
        from taskfarm_cli.view.serve import serve

        try:
            serve(arguments, farm, start, partial(complain, PROGRAM))
        except KeyboardInterrupt:
            complain(PROGRAM, "ended")
    return ExitStatus.OK


def _require_extra() -> None:
    """Check that the packages of the extra are installed.

    Raises:
        CommandError: they are not.
    """
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise CommandError(
            f"{PROGRAM} needs the extra `view` ({', '.join(missing)} missing): in the folder of "
            "this package's source, run `pip install '.[view]'`"
        )


def _run_name(arguments: Arguments) -> RunName | None:
    from taskfarm_cli.common.run_name import RunName

    return None if arguments.uuid is None else RunName(arguments.uuid, whole=False)


def _start(farm: Farm, name: RunName | None) -> str:
    """Return the address of what is shown first, after a request that the server has answered.

    Raises:
        TaskfarmError: the server refused, or was not reached.
    """
    from taskfarm_cli.common.connection_options import GIVE_UP_AFTER_S

    if name is None:
        farm.runs(give_up_after_s=GIVE_UP_AFTER_S)
        return ""
    return f"runs/{name.find(farm, GIVE_UP_AFTER_S).uuid}"

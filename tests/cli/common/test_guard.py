"""Ends of a command: one line and an exit status, no traceback."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError, status_of
from taskfarm_cli.common.guard import guarded
from taskfarm_sdk import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    RequestRejected,
    RunBroken,
    RunNotFound,
    RunStatus,
    ServerError,
    TaskNotFound,
    TasksFailed,
    UnexpectedReply,
    WaitTimeout,
)

STATUS = RunStatus(num_tasks=1, waiting=0, computing=0, done=1, failed=1, percent_done=0.0)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CommandError("x"), 1),
        (UsageError("x"), 2),
        (ConfigurationError("x"), 2),
        (AuthenticationError("x"), 3),
        (RunNotFound("x"), 4),
        (NotFound("x"), 1),
        (TaskNotFound("x"), 1),
        (TasksFailed("x", run="r", tasks=(0,), run_status=STATUS), 5),
        (ConnectionFailed("x", sent=False), 6),
        (ConnectionFailed("x", sent=True), 6),
        (ServerError("x", status=502), 6),
        (ServerError("x", status=503), 6),
        (ServerError("x", status=504), 6),
        (ServerError("x", status=500), 1),
        (ServerError("x", status=429), 1),
        (WaitTimeout("x", run="r", run_status=None), 7),
        (RequestRejected("x"), 1),
        (UnexpectedReply("x"), 1),
        (OutcomeUnknown("x"), 1),
        (RunBroken("x"), 1),
        (ZeroDivisionError("x"), 1),
    ],
    ids=lambda value: f"{type(value).__name__}" if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_exit_status(error: Exception, status: int) -> None:
    assert status_of(error) == status


def ends_with(error: BaseException) -> Callable[[], ExitStatus]:
    def command() -> ExitStatus:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        pytest.param(CommandError("so it is"), 1, "so it is", id="an error of ours"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted", id="Ctrl-C"),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "cannot read or write: No space left on device",
            id="a full disk",
        ),
        pytest.param(
            ZeroDivisionError("by zero"),
            1,
            "unexpected ZeroDivisionError: by zero (a bug in this program: "
            "set TASKFARM_DEBUG=1 to see where)",
            id="a bug",
        ),
        pytest.param(
            CommandError("a page\n  of many \x1b[31mlines"),
            1,
            "a page of many \\x1b[31mlines",
            id="lines and terminal controls from a server",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, told: str
) -> None:
    assert guarded("doTF", ends_with(error)) == status
    assert capsys.readouterr() == ("", f"doTF: {told}\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(BrokenPipeError(), 1, id="a closed pipe"),
        pytest.param(SystemExit(0), 0, id="argparse after the help"),
        pytest.param(SystemExit(2), 2, id="argparse after an error"),
        pytest.param(SystemExit(), 0, id="a bare exit"),
    ],
)
def test_some_ends_are_silent(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int
) -> None:
    assert guarded("doTF", ends_with(error)) == status
    assert capsys.readouterr() == ("", "")


def test_a_traceback_is_there_for_who_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFARM_DEBUG", "1")
    assert guarded("doTF", ends_with(ZeroDivisionError("by zero"))) == 1
    assert "Traceback" in capsys.readouterr().err

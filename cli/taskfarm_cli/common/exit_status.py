"""Exit statuses of the commands, and the status that each error ends with."""

from __future__ import annotations

from enum import IntEnum

from taskfarm_sdk import errors


class ExitStatus(IntEnum):
    """How a command ended; `docs/reference/manageTF.md` explains each status."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_AUTHENTICATED = 3
    NO_SUCH_RUN = 4
    TASKS_FAILED = 5
    NOT_REACHABLE = 6
    NOT_FINISHED = 7
    INTERRUPTED = 130

    @staticmethod
    def of_signal(number: int) -> int:
        """Return the status that shells report for a command ended by a signal."""
        return 128 + number


class CommandError(Exception):
    """Ends a command with one line on stderr.

    Attributes:
        status: the command's exit status.
    """

    def __init__(self, message: str, status: int = ExitStatus.FAILED) -> None:
        super().__init__(message)
        self.status = status


class UsageError(CommandError):
    """Ends a command that was called wrongly, before anything was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitStatus.USAGE)


# The first class that matches decides.
_STATUS_OF: tuple[tuple[type[Exception], ExitStatus], ...] = (
    (errors.ConfigurationError, ExitStatus.USAGE),
    (errors.AuthenticationError, ExitStatus.NOT_AUTHENTICATED),
    (errors.RunNotFound, ExitStatus.NO_SUCH_RUN),
    (errors.TasksFailed, ExitStatus.TASKS_FAILED),
    (errors.ConnectionFailed, ExitStatus.NOT_REACHABLE),
    (errors.WaitTimeout, ExitStatus.NOT_FINISHED),
)
# The status codes of a proxy that cannot reach the server.
_FROM_A_PROXY = (502, 503, 504)


def status_of(error: Exception) -> int:
    """Return the exit status of a command that ends with this error."""
    if isinstance(error, CommandError):
        return error.status
    if isinstance(error, errors.ServerError) and error.status in _FROM_A_PROXY:
        return ExitStatus.NOT_REACHABLE
    return next(
        (status for kind, status in _STATUS_OF if isinstance(error, kind)), ExitStatus.FAILED
    )

"""The errors that the SDK raises.

```
TaskfarmError
├── ConfigurationError     an argument, setting or file is wrong; nothing was sent
├── ConnectionFailed       the server could not be reached, or its reply was lost
├── AuthenticationError    no credentials, or the server rejected them
├── NotFound               the server answered 404
│   ├── RunNotFound
│   └── TaskNotFound
├── RequestRejected        the server refused the request
├── ServerError            the server or a proxy before it failed (5xx, 408, 425, 429)
├── UnexpectedReply        the reply is not what a taskfarm server sends
├── OutcomeUnknown         the reply to a request that must not be repeated was lost
├── RunBroken              the server can no longer hand out tasks of the run
├── WaitTimeout            the run did not finish within `timeout_s`
├── TasksFailed            the run ended with failed tasks
│   └── ItemsFailed        some items of a `Farm.map` have no value
├── TooManyFailures        too many tasks in a row failed here, so `work` stopped
└── FunctionFailed         stands for a function's exception that could not be sent here
```

The message says what to do next, and attributes give the details. Errors can be pickled, without
their cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_sdk._text import printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskfarm_sdk._models import RunStatus, TaskFailure

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "FunctionFailed",
    "ItemsFailed",
    "NotFound",
    "OutcomeUnknown",
    "RequestRejected",
    "RunBroken",
    "RunNotFound",
    "ServerError",
    "TaskNotFound",
    "TaskfarmError",
    "TasksFailed",
    "TooManyFailures",
    "UnexpectedReply",
    "WaitTimeout",
]


# Longer ones are of a value that their caller knows, and fill a terminal.
_LONGEST = 2_000


def _bare(kind: type[TaskfarmError], message: str) -> TaskfarmError:
    error = kind.__new__(kind, message)
    # OSError.__new__, which WaitTimeout inherits, leaves `args` to __init__.
    error.args = (message,)
    return error


class TaskfarmError(Exception):
    """Base class of all errors of this package.

    Attributes:
        status: the HTTP status of the reply, or None without one.
        url: the URL of the request; it contains no credentials.
        detail: the message of the server or the operating system, shortened.
        run: the uuid of the run.
        task: the number of the task.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        url: str | None = None,
        detail: str | None = None,
        run: str | None = None,
        task: int | None = None,
    ) -> None:
        super().__init__(self._fit(message))
        self.status = status
        self.url = url
        self.detail = detail
        self.run = run
        self.task = task

    @classmethod
    def _fit(cls, message: str) -> str:
        return message

    def __reduce__(
        self,
    ) -> tuple[Callable[..., TaskfarmError], tuple[type[TaskfarmError], str], dict[str, object]]:
        # Exception's own __reduce__ calls __init__ with the message alone: attributes get lost.
        return _bare, (type(self), str(self)), self.__dict__


class ConfigurationError(TaskfarmError, ValueError):
    """An argument, setting or file is wrong; nothing was sent."""

    @classmethod
    def _fit(cls, message: str) -> str:
        # It names paths and values of any content and length.
        return printable_lines(message, _LONGEST)


class ConnectionFailed(TaskfarmError):
    """The server could not be reached, or the connection broke before the reply was complete.

    Attributes:
        sent: whether the server may have received and executed the request.
        hopeless: whether a retry cannot help, as with an untrusted certificate.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool,
        hopeless: bool = False,
        url: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message, url=url, detail=detail)
        self.sent = sent
        self.hopeless = hopeless


class AuthenticationError(TaskfarmError):
    """There are no credentials for the server, or it rejected them."""


class NotFound(TaskfarmError):
    """The server answered 404.

    Attributes:
        method: the method of the request, such as "GET", or None without a request.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        url: str | None = None,
        detail: str | None = None,
        run: str | None = None,
        task: int | None = None,
        method: str | None = None,
    ) -> None:
        super().__init__(message, status=status, url=url, detail=detail, run=run, task=task)
        self.method = method


class RunNotFound(NotFound):
    """The run does not exist, or was deleted."""


class TaskNotFound(NotFound):
    """The run has no task with that number."""


class RequestRejected(TaskfarmError):
    """The server refused the request; a retry would not help."""


class ServerError(TaskfarmError):
    """The server, its database or a proxy before it failed: 5xx, 408, 425 or 429.

    Attributes:
        retry_after_s: the wait in seconds that the reply asks for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        url: str | None = None,
        detail: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, status=status, url=url, detail=detail)
        self.retry_after_s = retry_after_s


class UnexpectedReply(TaskfarmError):
    """The reply is not what a taskfarm server sends; the URL may be that of another server."""


class OutcomeUnknown(TaskfarmError):
    """The reply to a request that must not be repeated was lost; the server may have acted."""


class RunBroken(TaskfarmError):
    """The server can no longer hand out tasks of this run, although some are left."""


class WaitTimeout(TaskfarmError, TimeoutError):
    """The run did not finish within `timeout_s`.

    Attributes:
        run_status: the last known status of the run, or None if the server never answered.
    """

    def __init__(self, message: str, *, run: str, run_status: RunStatus | None) -> None:
        super().__init__(message, run=run)
        self.run_status = run_status


class TasksFailed(TaskfarmError):
    """The run ended with failed tasks.

    Its `__cause__` is the exception of the newest failure, where this process saw one.

    Attributes:
        tasks: the numbers of the failed tasks, ascending.
        run_status: the final status of the run.
        failures: the failed attempts at these tasks that this process saw, oldest first: at most
            the last 100, and none of other programs' workers.
    """

    def __init__(
        self,
        message: str,
        *,
        run: str,
        tasks: tuple[int, ...],
        run_status: RunStatus,
        failures: tuple[TaskFailure, ...] = (),
    ) -> None:
        super().__init__(message, run=run)
        self.tasks = tasks
        self.run_status = run_status
        self.failures = failures


class ItemsFailed(TasksFailed):
    """The run of a `Farm.map` ended, and some items have no value.

    Its `__cause__` is the exception of the first failed item.

    Attributes:
        items: the numbers of the failed items, ascending.
        missing: the numbers of the items that were not computed, as when too many others of their
            chunk failed; ascending.
        tasks: the numbers of the tasks that these items belong to, ascending.
        failures: what failed the first 100 of `items`; without failed items, the failed attempts
            at tasks that this process saw.
    """

    def __init__(
        self,
        message: str,
        *,
        run: str,
        tasks: tuple[int, ...],
        run_status: RunStatus,
        failures: tuple[TaskFailure, ...] = (),
        items: tuple[int, ...] = (),
        missing: tuple[int, ...] = (),
    ) -> None:
        super().__init__(message, run=run, tasks=tasks, run_status=run_status, failures=failures)
        self.items = items
        self.missing = missing


class TooManyFailures(TaskfarmError):
    """Too many tasks in a row failed in this worker, so the work stopped before the run's end.

    Its `__cause__` is the exception of the newest failure, where there was one.

    Attributes:
        failures: the failed attempts that this process saw, oldest first: at most the last 100.
    """

    def __init__(self, message: str, *, run: str, failures: tuple[TaskFailure, ...] = ()) -> None:
        super().__init__(message, run=run)
        self.failures = failures


class FunctionFailed(TaskfarmError):
    """An exception of a task's function that could not be brought here from its process.

    It stands in its place, as the `__cause__` of `TasksFailed` and `TooManyFailures`, and as
    `Result.error`.

    Attributes:
        type_name: the name of the exception's type.
        traceback: where the exception came from, as Python prints it.
    """

    def __init__(
        self,
        message: str,
        *,
        type_name: str,
        traceback: str,
        run: str | None = None,
        task: int | None = None,
    ) -> None:
        super().__init__(message, run=run, task=task)
        self.type_name = type_name
        self.traceback = traceback

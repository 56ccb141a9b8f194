"""Every error that the SDK raises.

```
TaskfarmError
├── ConfigurationError     an argument, setting or file is wrong; nothing was sent
├── ConnectionFailed       the server was not reached, or its reply was lost
├── AuthenticationError    no credentials, or the server does not take them
├── NotFound               the server has nothing there
│   ├── RunNotFound
│   └── TaskNotFound
├── RequestRejected        the server refuses what was asked
├── ServerError            the server or a proxy before it is in trouble
├── UnexpectedReply        the reply is not what a taskfarm server sends
├── OutcomeUnknown         the reply to a request that must not be repeated was lost
├── RunBroken              the run cannot hand out tasks any more
├── WaitTimeout            the time given to `wait` is over
├── TasksFailed            the run ended with failed tasks
├── TooManyFailures        too many tasks in a row failed here, so `work` stopped
└── FunctionFailed         stands for a function's exception that could not be brought here
```

An error carries its facts as attributes, survives pickling (its cause does not travel) and
says in its text what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskfarm_sdk._models import RunStatus, TaskFailure

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "FunctionFailed",
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


def _bare(kind: type[TaskfarmError], message: str) -> TaskfarmError:
    error = kind.__new__(kind, message)
    # OSError's __new__, which is WaitTimeout's too, leaves the text to an __init__.
    error.args = (message,)
    return error


class TaskfarmError(Exception):
    """Base of all errors of this package.

    Attributes:
        status: the HTTP status of the reply, where there was one.
        url: the address asked, never with a credential in it.
        detail: what the server (or the operating system) said, shortened.
        run: the uuid of the run in question.
        task: the number of the task in question.
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
        super().__init__(message)
        self.status = status
        self.url = url
        self.detail = detail
        self.run = run
        self.task = task

    def __reduce__(
        self,
    ) -> tuple[Callable[..., TaskfarmError], tuple[type[TaskfarmError], str], dict[str, object]]:
        # Exception's own way calls __init__ with the message alone and would lose the facts.
        return _bare, (type(self), str(self)), self.__dict__


class ConfigurationError(TaskfarmError, ValueError):
    """An argument, setting or file is wrong; nothing was sent."""


class ConnectionFailed(TaskfarmError):
    """The server was not reached, or the connection broke before its reply was here.

    Attributes:
        sent: whether the request may have reached the server and been acted on.
        hopeless: whether trying again cannot help (a certificate that is not trusted).
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
    """There are no credentials for the server, or it does not take them."""


class NotFound(TaskfarmError):
    """The server has nothing at that address.

    Attributes:
        method: the method of the request, as "GET", where there was one.
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
    """The server has no such run (any more)."""


class TaskNotFound(NotFound):
    """The run has no task of that number."""


class RequestRejected(TaskfarmError):
    """The server refuses what was asked; asking again would not help."""


class ServerError(TaskfarmError):
    """The server, its database or a proxy before it is in trouble (5xx or 429).

    Attributes:
        retry_after_s: how long the reply asks to wait, where it does.
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
    """The reply is not what a taskfarm server sends: most often another server is there."""


class OutcomeUnknown(TaskfarmError):
    """The reply to a request that must not be repeated was lost: it may have been done."""


class RunBroken(TaskfarmError):
    """The server cannot hand out tasks of this run any more, though some are left."""


class WaitTimeout(TaskfarmError, TimeoutError):
    """The run did not finish in the time given.

    Attributes:
        run_status: how the run stood last, or None if the server never answered.
    """

    def __init__(self, message: str, *, run: str, run_status: RunStatus | None) -> None:
        super().__init__(message, run=run)
        self.run_status = run_status


class TasksFailed(TaskfarmError):
    """The run ended with failed tasks.

    Its `__cause__` is the exception of the newest failure, where this process saw one.

    Attributes:
        tasks: the numbers of the failed tasks, ascending.
        run_status: how the run ended.
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

    It stands in its place, as the `__cause__` of `TasksFailed` and `TooManyFailures`.

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

# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class AuthenticationError(TaskfarmError):
    ...

class ConfigurationError(TaskfarmError, ValueError):
    ...

class ConnectionFailed(TaskfarmError):

    def __init__(self, message: str, *, sent: bool, hopeless: bool=False, url: str | None=None, detail: str | None=None) -> None:
        ...
    sent: bool
    hopeless: bool

class FunctionFailed(TaskfarmError):

    def __init__(self, message: str, *, type_name: str, traceback: str, run: str | None=None, task: int | None=None) -> None:
        ...
    type_name: str
    traceback: str

class ItemsFailed(TasksFailed):

    def __init__(self, message: str, *, run: str, tasks: tuple[int, ...], run_status: RunStatus, failures: tuple[TaskFailure, ...]=(), items: tuple[int, ...]=(), missing: tuple[int, ...]=()) -> None:
        ...
    items: tuple[int, ...]
    missing: tuple[int, ...]

class NotFound(TaskfarmError):

    def __init__(self, message: str, *, status: int | None=None, url: str | None=None, detail: str | None=None, run: str | None=None, task: int | None=None, method: str | None=None) -> None:
        ...
    method: str | None

class OutcomeUnknown(TaskfarmError):
    ...

class RequestRejected(TaskfarmError):
    ...

class RunBroken(TaskfarmError):
    ...

class RunNotFound(NotFound):
    ...

class ServerError(TaskfarmError):

    def __init__(self, message: str, *, status: int, url: str | None=None, detail: str | None=None, retry_after_s: float | None=None) -> None:
        ...
    retry_after_s: float | None

class TaskNotFound(NotFound):
    ...

class TaskfarmError(Exception):

    def __init__(self, message: str, *, status: int | None=None, url: str | None=None, detail: str | None=None, run: str | None=None, task: int | None=None) -> None:
        ...

    def __reduce__(self) -> tuple[Callable[..., TaskfarmError], tuple[type[TaskfarmError], str], dict[str, object]]:
        ...
    status: int | None
    url: str | None
    detail: str | None
    run: str | None
    task: int | None

class TasksFailed(TaskfarmError):

    def __init__(self, message: str, *, run: str, tasks: tuple[int, ...], run_status: RunStatus, failures: tuple[TaskFailure, ...]=()) -> None:
        ...
    tasks: tuple[int, ...]
    run_status: RunStatus
    failures: tuple[TaskFailure, ...]

class TooManyFailures(TaskfarmError):

    def __init__(self, message: str, *, run: str, failures: tuple[TaskFailure, ...]=()) -> None:
        ...
    failures: tuple[TaskFailure, ...]

class UnexpectedReply(TaskfarmError):
    ...

class WaitTimeout(TaskfarmError, TimeoutError):

    def __init__(self, message: str, *, run: str, run_status: RunStatus | None) -> None:
        ...
    run_status: RunStatus | None

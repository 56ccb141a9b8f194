# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class AsyncFarm:

    def __init__(self, url: str | None=None, *, user: str | None=None, password: str | None=None, token: str | None=None, timeout_s: float=30.0, give_up_after_s: float=60.0) -> None:
        ...

    @property
    def url(self) -> str:
        ...

    @property
    def user(self) -> str | None:
        ...

    @property
    def credentials_from(self) -> str:
        ...

    async def login(self) -> str:
        ...

    async def create_run(self, num_tasks: int) -> AsyncRun:
        ...

    async def runs(self, *, give_up_after_s: float | None=None) -> list[AsyncRun]:
        ...

    async def get_run(self, uuid: str, *, give_up_after_s: float | None=None) -> AsyncRun:
        ...

    async def get_run_and_status(self, uuid: str, *, give_up_after_s: float | None=None) -> tuple[AsyncRun, RunStatus]:
        ...

    async def close(self) -> None:
        ...

    async def __aenter__(self) -> Self:
        ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        ...

    def __repr__(self) -> str:
        ...

class AsyncRun:
    uuid: str
    id: int
    num_tasks: int
    num_tasks_text: str

    async def status(self) -> RunStatus:
        ...

    def watch(self, poll_s: float=2.0, *, timeout_s: float | None=None, progress: bool=False) -> AsyncIterator[RunStatus]:
        ...

    async def wait(self, timeout_s: float | None=None, *, poll_s: float=2.0, check: bool=False) -> RunStatus:
        ...

    async def task_info(self, number: int) -> TaskInfo:
        ...

    def task_infos(self, state: TaskState | None=None) -> AsyncIterator[TaskInfo]:
        ...

    async def reset(self) -> None:
        ...

    async def reset_all(self) -> None:
        ...

    async def reset_failed(self) -> int:
        ...

    async def reset_tasks(self, numbers: Iterable[int]) -> int:
        ...

    async def repair(self, progress: Callable[[int, int], None] | None=None) -> int:
        ...

    async def delete(self) -> None:
        ...

class AuthenticationError(TaskfarmError):
    ...

class ConfigurationError(TaskfarmError, ValueError):
    ...

class ConnectionFailed(TaskfarmError):

    def __init__(self, message: str, *, sent: bool, hopeless: bool=False, url: str | None=None, detail: str | None=None) -> None:
        ...
    sent: bool
    hopeless: bool

class Farm:

    def __init__(self, url: str | None=None, *, user: str | None=None, password: str | None=None, token: str | None=None, timeout_s: float=30.0, give_up_after_s: float=60.0) -> None:
        ...

    @property
    def url(self) -> str:
        ...

    @property
    def user(self) -> str | None:
        ...

    @property
    def credentials_from(self) -> str:
        ...

    def login(self) -> str:
        ...

    def create_run(self, num_tasks: int) -> Run:
        ...

    def runs(self, *, give_up_after_s: float | None=None) -> list[Run]:
        ...

    def get_run(self, uuid: str, *, give_up_after_s: float | None=None) -> Run:
        ...

    def map(self, function: Callable[[Any], T], items: Iterable[Any], *, folder: str | os.PathLike[str], chunk: int | Literal['auto']='auto', pass_item: bool=False, seed: int | None=None, name: str | None=None, **options: Unpack[MapOptions]) -> Results[T]:
        ...

    def prepare(self, function: Callable[[Any], object], items: Iterable[Any], *, folder: str | os.PathLike[str], chunk: int=1, pass_item: bool=False, seed: int | None=None, name: str | None=None) -> Run:
        ...

    def get_run_and_status(self, uuid: str, *, give_up_after_s: float | None=None) -> tuple[Run, RunStatus]:
        ...

    def close(self) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        ...

    def __repr__(self) -> str:
        ...

class FunctionFailed(TaskfarmError):

    def __init__(self, message: str, *, type_name: str, traceback: str, run: str | None=None, task: int | None=None) -> None:
        ...
    type_name: str
    traceback: str

class Item(Generic[T_co]):
    number: int
    value: T_co
    attempt: int

    @property
    def seed(self) -> int:
        ...

    @property
    def stop_requested(self) -> bool:
        ...

    def __reduce__(self) -> NoReturn:
        ...

    def __repr__(self) -> str:
        ...

class Items(Sequence[T_co]):

    def __init__(self, values: Iterable[T_co]) -> None:
        ...

    @staticmethod
    def lines(path: str | os.PathLike[str]) -> Items[str]:
        ...

    @staticmethod
    def csv(path: str | os.PathLike[str], *, delimiter: str=',') -> Items[dict[str, str]]:
        ...

    @staticmethod
    def grid(**values: Iterable[Any]) -> Items[dict[str, Any]]:
        ...

    @staticmethod
    def glob(pattern: str | os.PathLike[str]) -> Items[str]:
        ...

    @staticmethod
    def of(values: Iterable[T]) -> Items[T]:
        ...

    @property
    def columns(self) -> tuple[str, ...] | None:
        ...

    def digest(self) -> str | None:
        ...

    def __len__(self) -> int:
        ...

    @overload
    def __getitem__(self, index: int) -> T_co:
        ...

    @overload
    def __getitem__(self, index: slice) -> Items[T_co]:
        ...

    def __getitem__(self, index: int | slice) -> T_co | Items[T_co]:
        ...

    def __iter__(self) -> Iterator[T_co]:
        ...

    def __repr__(self) -> str:
        ...

class ItemsFailed(TasksFailed):

    def __init__(self, message: str, *, run: str, tasks: tuple[int, ...], run_status: RunStatus, failures: tuple[TaskFailure, ...]=(), items: tuple[int, ...]=(), missing: tuple[int, ...]=()) -> None:
        ...
    items: tuple[int, ...]
    missing: tuple[int, ...]

class MapOptions(TypedDict, total=False):
    workers: int | None
    executor: Executor | None
    threads_per_task: int | None
    progress: bool | Callable[[RunStatus], None] | None
    linger: bool
    linger_s: float | None
    check: bool
    grace_s: float
    halt_after: int
    max_attempts: int
    retry_failed: bool
    retry_delay_s: float
    stale_after_s: float
    unleased_after_s: float | Literal['auto', 'stale_after_s']
    first_beat_s: float
    heartbeat_s: float
    give_up_after_s: float
    journal: str | os.PathLike[str] | None

class NotFound(TaskfarmError):

    def __init__(self, message: str, *, status: int | None=None, url: str | None=None, detail: str | None=None, run: str | None=None, task: int | None=None, method: str | None=None) -> None:
        ...
    method: str | None

class OutcomeUnknown(TaskfarmError):
    ...

class RequestRejected(TaskfarmError):
    ...

class Result(Generic[T]):
    number: int
    item: Any
    value: T | None
    attempts: int
    took_s: float
    error: BaseException | None

class Results(Generic[T]):

    def __init__(self, folder: Folder, order: Order, items: Sequence[object] | None=None, columns: tuple[str, ...] | None=None) -> None:
        ...

    def __repr__(self) -> str:
        ...

    def __len__(self) -> int:
        ...

    def __iter__(self) -> Iterator[Result[T]]:
        ...

    def __getitem__(self, number: int) -> Result[T]:
        ...

    @property
    def run_uuid(self) -> str:
        ...

    @property
    def server_url(self) -> str:
        ...

    def values(self) -> Iterator[T]:
        ...

    @property
    def failed(self) -> Sequence[int]:
        ...

    @property
    def missing(self) -> Sequence[int]:
        ...

    def as_completed(self, *, poll_s: float=0.5, stop: Callable[[], bool] | None=None) -> Iterator[Result[T]]:
        ...

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        ...

    def to_frame(self) -> Any:
        ...

class Run:

    def worker(self, *, prefetch: int=0, report_every_s: float=1.0, first_beat_s: float=2.0, heartbeat_s: float=30.0, max_attempts: int=3, retry_delay_s: float=30.0, halt_after: int=10, linger: bool=False, stale_after_s: float=120.0, unleased_after_s: float | Literal['auto', 'stale_after_s']='auto', grace_s: float=0.0, give_up_after_s: float=600.0, journal: str | os.PathLike[str] | None=None, fleet_size: int=1) -> Worker:
        ...

    def work(self, function: Callable[[Task], object], *, workers: int | None=None, executor: Executor | None=None, threads_per_task: int | None=None, progress: bool | Callable[[RunStatus], None] | None=None, linger: bool=True, linger_s: float | None=None, check: bool=True, report_every_s: float=1.0, first_beat_s: float=2.0, heartbeat_s: float=30.0, max_attempts: int=3, retry_delay_s: float=30.0, halt_after: int=10, stale_after_s: float=120.0, unleased_after_s: float | Literal['auto', 'stale_after_s']='auto', grace_s: float=0.0, give_up_after_s: float=600.0, journal: str | os.PathLike[str] | None=None) -> RunStatus:
        ...
    uuid: str
    id: int
    num_tasks: int
    num_tasks_text: str

    def status(self) -> RunStatus:
        ...

    def watch(self, poll_s: float=2.0, *, timeout_s: float | None=None, progress: bool=False) -> Iterator[RunStatus]:
        ...

    def wait(self, timeout_s: float | None=None, *, poll_s: float=2.0, check: bool=False) -> RunStatus:
        ...

    def task_info(self, number: int) -> TaskInfo:
        ...

    def task_infos(self, state: TaskState | None=None) -> Iterator[TaskInfo]:
        ...

    def reset(self) -> None:
        ...

    def reset_all(self) -> None:
        ...

    def reset_failed(self) -> int:
        ...

    def reset_tasks(self, numbers: Iterable[int]) -> int:
        ...

    def repair(self, progress: Callable[[int, int], None] | None=None) -> int:
        ...

    def delete(self) -> None:
        ...

class RunBroken(TaskfarmError):
    ...

class RunNotFound(NotFound):
    ...

class RunStatus:
    num_tasks: int
    waiting: int
    computing: int
    done: int
    failed: int | None
    percent_done: float
    rows: int

    @property
    def finished(self) -> bool:
        ...

    @property
    def succeeded(self) -> bool:
        ...

    def __str__(self) -> str:
        ...

class ServerError(TaskfarmError):

    def __init__(self, message: str, *, status: int, url: str | None=None, detail: str | None=None, retry_after_s: float | None=None) -> None:
        ...
    retry_after_s: float | None

class Task:

    def __init__(self, handle: Handle) -> None:
        ...

    @property
    def number(self) -> int:
        ...

    @property
    def percent_completed(self) -> float:
        ...

    @property
    def attempts(self) -> int:
        ...

    @property
    def run_uuid(self) -> str:
        ...

    @property
    def seed(self) -> int:
        ...

    @property
    def started_at(self) -> datetime.datetime:
        ...

    @property
    def stop_requested(self) -> bool:
        ...

    @property
    def settled(self) -> bool:
        ...

    def update(self, percent: float) -> None:
        ...

    def complete(self) -> None:
        ...

    def release(self) -> None:
        ...

    def fail(self, reason: str, *, final: bool=False, exit_status: int | None=None) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        ...

    def __reduce__(self) -> NoReturn:
        ...

    def __repr__(self) -> str:
        ...

class TaskFailure:
    task: int
    attempt: int
    type: str | None
    text: str
    traceback: str
    item: int | None

    def __str__(self) -> str:
        ...

class TaskInfo:
    number: int
    state: TaskState
    percent_completed: float
    attempts: int

class TaskNotFound(NotFound):
    ...

TaskState = ...

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

class Worker:

    def __init__(self, core: WorkerCore) -> None:
        ...

    @property
    def run_uuid(self) -> str:
        ...

    @property
    def uuid(self) -> str:
        ...

    @property
    def stopping(self) -> bool:
        ...

    def stop(self) -> None:
        ...

    def claim(self) -> Task | None:
        ...

    def __iter__(self) -> Iterator[Task]:
        ...

    def close(self) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        ...

    def __reduce__(self) -> NoReturn:
        ...

    def __repr__(self) -> str:
        ...

__version__: str

def join(folder: str | os.PathLike[str], *, farm: Farm | None=None, **options: Unpack[MapOptions]) -> Results[Any]:
    ...

def results(folder: str | os.PathLike[str]) -> Results[Any]:
    ...

# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class TaskFarm:

    def __init__(self, username: str | None, password: str | None, uuid: str | None=None, numTasks: int | None=None, url_base: str=DEFAULT_URL) -> None:
        ...

    def __setstate__(self, state: dict[str, Any]) -> None:
        ...

    def url(self, url: str) -> str:
        ...

    @property
    def session(self) -> NoReturn:
        ...

    @property
    def token_auth(self) -> TokenAuth:
        ...

    @property
    def uuid(self) -> str:
        ...

    @property
    def numTasks(self) -> int:
        ...

    def info(self, info: str) -> Any:
        ...

    @property
    def percentDone(self) -> float:
        ...

    @property
    def numDone(self) -> int:
        ...

    @property
    def numWaiting(self) -> int:
        ...

    @property
    def numComputing(self) -> int:
        ...

    def getTaskInfo(self, task: int, info: str) -> Any:
        ...

    def setTaskInfo(self, task: int, info: str, value: Any) -> None:
        ...

    def restart(self, everything: bool=False) -> None:
        ...

    def delete(self) -> None:
        ...

class TaskFarmWorker(TaskFarm):

    def __init__(self, username: str | None, password: str | None, uuid: str, url_base: str=DEFAULT_URL) -> None:
        ...

    @property
    def worker_uuid(self) -> str:
        ...

    @property
    def task(self) -> int | None:
        ...

    @property
    def tasks(self) -> Iterator[int]:
        ...

    def update(self, percentage: SupportsFloat) -> None:
        ...

    def done(self) -> None:
        ...

class TokenAuth(NamedTuple):
    username: str
    password: str

    def __repr__(self) -> str:
        ...

    def __rich_repr__(self) -> Iterator[tuple[str, Hidden[str] | str]]:
        ...

def tfRuns(username: str | None, password: str | None, url_base: str=DEFAULT_URL) -> list[dict[str, Any]]:
    ...

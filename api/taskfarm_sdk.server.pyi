# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class Administration:

    def __init__(self, folder: DataFolder, database: Database) -> None:
        ...

    def names(self) -> tuple[str, ...]:
        ...

    def add_user(self, name: str, password: str | Hidden[str] | None=None) -> Path | None:
        ...

    def set_password(self, name: str, password: str | Hidden[str] | None=None) -> Path | None:
        ...

    def remove_user(self, name: str) -> RemovedUser:
        ...

    def rotate_key(self) -> bool:
        ...

    def check_exists(self, name: str, *, wanted: bool) -> None:
        ...

class Capacity:
    needed: int
    allowed: int
    held: int

    @property
    def fits(self) -> bool:
        ...

    @classmethod
    def from_row(cls, row: Sequence[int | None] | None, at_once: int) -> Capacity | None:
        ...

class DataFolder:

    def __init__(self, path: str | os.PathLike[str] | None=None) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

    def undo(self) -> None:
        ...

    @property
    def lock(self) -> int:
        ...

    def record(self, facts: dict[str, str]) -> None:
        ...

    @property
    def database(self) -> Database:
        ...

    def check_sqlite(self) -> None:
        ...

    def secrets(self, user: str) -> Secrets:
        ...

    @property
    def key_file(self) -> Path:
        ...

    def key(self) -> Hidden[str] | None:
        ...

    def password_file(self, user: str) -> Path:
        ...

    def url(self) -> str | None:
        ...
    path: Path

class Database:
    path: Path | None
    url: str | None

    def __attrs_post_init__(self) -> None:
        ...

    @classmethod
    def sqlite(cls, path: str | Path) -> Database:
        ...

    @classmethod
    def postgresql(cls, url: str) -> Database:
        ...

    @property
    def has_password(self) -> bool:
        ...

    @property
    def connect_args(self) -> dict[str, str | int]:
        ...

    def __str__(self) -> str:
        ...

class RemovedUser:
    password_file: Path | None
    logins: tuple[Login, ...]
    others: tuple[str, ...]

class ReservedPort:

    def __init__(self) -> None:
        ...

    def listen(self) -> socket.socket:
        ...

    def close(self) -> None:
        ...
    port: int

class Secrets:
    key: str
    password: str
    key_file: Path | None
    password_file: Path | None

    def __attrs_post_init__(self) -> None:
        ...

class ServerProcess:

    def __init__(self, settings: ServerSettings, secrets: Secrets, listeners: Sequence[socket.socket], *, python: str | os.PathLike[str] | None=None, log: int | None=None, hold: Sequence[int]=(), remove: Path | None=None) -> None:
        ...

    @property
    def pid(self) -> int:
        ...

    @property
    def alive(self) -> bool:
        ...

    @property
    def refused(self) -> bool:
        ...

    def wait_prepared(self, timeout_s: float | None=None) -> Capacity | None:
        ...

    def wait_ready(self, timeout_s: float | None=None) -> None:
        ...

    def wait(self) -> None:
        ...

    def reload(self) -> None:
        ...

    def stop(self, grace_s: float=15.0) -> None:
        ...

    def kill(self) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

class ServerSettings:
    database: Database
    user: str
    processes: int
    threads: int
    access_log: bool
    one_key: bool

    def __attrs_post_init__(self) -> None:
        ...

def bind(host: str, port: int) -> list[socket.socket]:
    ...

def check_password(password: Hidden[str]) -> None:
    ...

def check_user(user: str) -> None:
    ...

def default_data_folder() -> Path:
    ...

def listen(host: str, port: int) -> list[socket.socket]:
    ...

def port_of(listener: socket.socket) -> int:
    ...

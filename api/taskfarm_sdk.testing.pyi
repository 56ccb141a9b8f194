# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class LocalServer:

    def __init__(self, *, python: str | os.PathLike[str] | None=None, database_url: str | None=None, processes: int=1, threads: int=1) -> None:
        ...

    @property
    def url(self) -> str:
        ...

    @property
    def user(self) -> str:
        ...

    @property
    def password(self) -> str:
        ...

    @property
    def pid(self) -> int | None:
        ...

    def farm(self) -> Farm:
        ...

    def start(self) -> Self:
        ...

    def kill(self) -> None:
        ...

    def stop(self) -> None:
        ...

    def __enter__(self) -> Self:
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ...

    def __repr__(self) -> str:
        ...

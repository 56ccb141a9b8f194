# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class Login:
    url: str
    user: str
    host: str | None
    default: bool

    def __init__(self, url: str | Hidden[str], user: str, token: str | Hidden[str], host: str | None=None, default: bool=False) -> None:
        ...

    @property
    def token(self) -> str:
        ...

    @property
    def place(self) -> tuple[str, str | None]:
        ...

    @property
    def usable_here(self) -> bool:
        ...

    def __repr__(self) -> str:
        ...

def default_login() -> Login | None:
    ...

def find_login(url: str) -> Login | None:
    ...

def forget_login(url: str) -> Login | None:
    ...

def forget_logins(matches: Callable[[Login], bool]) -> tuple[Login, ...]:
    ...

def login_file() -> Path:
    ...

def save_login(url: str, user: str, token: str, *, replace_default: bool=True) -> Login:
    ...

def saved_logins() -> tuple[Login, ...]:
    ...

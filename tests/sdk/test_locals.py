"""Local variables of tracebacks, as `pytest -l` shows them: no secret, whatever fails."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import pickle
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import attrs
import httpcore
import pytest

from taskfarm_sdk import AsyncFarm, ConfigurationError, Farm, TaskfarmError, logins
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._sansio.retry import READ
from taskfarm_sdk._sansio.steps import Call, Flow
from taskfarm_sdk._session import request
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker, tfRuns
from taskfarm_sdk.hidden import Veil
from tests.support.locals_shown import forms_of, lines_that_show, shown_with_locals
from tests.support.retried_operations import all_operations
from tests.support.secrecy import PASSWORD, TOKEN
from tests.support.stub_server import Reply, document, page, silent_port, stub_server

UUID = "0" * 32
OF_PROXY = "proxy-Hx3Wm"
SECRETS = [*forms_of("me", PASSWORD), *forms_of(TOKEN, ""), OF_PROXY, *forms_of("me", OF_PROXY)]
# What an argument of an operation is, by its name.
GIVEN: dict[str, object] = {
    "uuid": UUID,
    "num_tasks": 2,
    "which": "numDone",
    "everything": True,
    "worker": UUID,
    "number": 1,
    "percent": 1.0,
    "status": "waiting",
    "hostname": "here",
    "pid": 1,
}


@attrs.frozen
class Failing:
    """A server that cannot be asked: its URL, and the proxy that the environment names."""

    url: str
    proxy: str | None = None
    timeout_s: float = 20.0


Fault = Callable[[pytest.MonkeyPatch], Any]


def refused(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    yield Failing("http://127.0.0.1:1/api/")


def silent(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    with silent_port() as port:
        yield Failing(port.url, timeout_s=0.05)


def answers(answer: Reply | bytes) -> Fault:
    def fault(_: pytest.MonkeyPatch) -> Iterator[Failing]:
        with stub_server(answer) as server:
            yield Failing(server.url)

    return fault


def no_tls(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    with stub_server(page(400)) as server:
        yield Failing(server.url.replace("http:", "https:"))


def distrusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise ssl.SSLCertVerificationError("certificate verify failed")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", fail)
    yield from no_tls(monkeypatch)


def bad_proxy(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    yield Failing("https://farm.invalid/api/", f"http://me:{OF_PROXY}/@127.0.0.1:1")


def absent_proxy(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    yield Failing("https://farm.invalid/api/", f"http://me:{OF_PROXY}@127.0.0.1:1")


def refusing_proxy(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    with stub_server(Reply(407)) as server:
        proxy = server.origin.replace("http://", f"http://me:{OF_PROXY}@")
        yield Failing("https://farm.invalid/api/", proxy)


def socks(_: pytest.MonkeyPatch) -> Iterator[Failing]:
    yield Failing("https://farm.invalid/api/", f"socks5://me:{OF_PROXY}@127.0.0.1:1")


def write_fails(kind: type[BaseException]) -> Fault:
    """Return a fault in the frames that hold the bytes of the request."""

    def fault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
        from httpcore._backends import anyio as for_asyncio
        from httpcore._backends import sync

        def fail(*_: object, **__: object) -> NoReturn:
            raise kind("broken")

        async def afail(*_: object, **__: object) -> NoReturn:
            raise kind("broken")

        monkeypatch.setattr(sync.SyncStream, "write", fail)
        monkeypatch.setattr(for_asyncio.AnyIOStream, "write", afail)
        with stub_server(page(200)) as server:
            yield Failing(server.url)

    return fault


HTML = page(200)
ODD_TOKEN = document({"token": [TOKEN], TOKEN: TOKEN})
CUT = b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"token": "' + TOKEN.encode()
HALF = Reply(200, b'{"token": "' + TOKEN.encode())
NOT_UTF8 = Reply(200, b'{"token": "' + TOKEN.encode() + b'\xff"}')
FAULTS: dict[str, Fault] = {
    "refused": refused,
    "time-out": silent,
    "401": answers(page(401)),
    "403": answers(page(403)),
    "404": answers(page(404)),
    "500": answers(page(500)),
    "503": answers(page(503)),
    "redirect": answers(page(302, Location="http://elsewhere.invalid/")),
    "html": answers(HTML),
    "encoded": answers(Reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})),
    "cut": answers(CUT),
    "half": answers(HALF),
    "not-utf-8": answers(NOT_UTF8),
    "odd-token": answers(ODD_TOKEN),
    "no-http": answers(b"220 ready\r\n"),
    "closed": answers(b""),
    "no-tls": no_tls,
    "distrusted": distrusted,
    "bad-proxy": bad_proxy,
    "absent-proxy": absent_proxy,
    "refusing-proxy": refusing_proxy,
    "socks": socks,
    "write-time-out": write_fails(httpcore.WriteTimeout),
    "interrupt": write_fails(KeyboardInterrupt),
    "bug": write_fails(ZeroDivisionError),
}
each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
by_token_and_password = pytest.mark.parametrize(
    "who", [{"token": TOKEN}, {"password": PASSWORD}], ids=["token", "password"]
)


@pytest.fixture
def failing(fault: Fault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Failing]:
    """A server at which everything fails, and an environment with secrets of all kinds."""
    with contextmanager(fault)(monkeypatch) as found:
        monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path))
        monkeypatch.setenv("TASKFARM_PASSWORD", PASSWORD)
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        monkeypatch.setenv("HTTPS_PROXY", found.proxy or f"http://me:{OF_PROXY}@127.0.0.1:1")
        yield found


def every_call() -> Iterator[Callable[[], Call[Any]]]:
    for name in sorted(all_operations()):
        make = getattr(operations, name)
        needed = {
            each: GIVEN[each]
            for each, parameter in inspect.signature(make).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
        yield partial(make, **needed)


def raised_by(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("nothing failed")


def assert_nothing_shows(error: BaseException) -> None:
    assert lines_that_show(shown_with_locals(error), SECRETS) == []


def flows(session: Session) -> Iterator[Flow[Any]]:
    for make in every_call():
        yield request.ask(session, make, READ)
    yield request.login(session)


@each_fault
@pytest.mark.slow
@by_token_and_password
def test_no_operation_that_fails_shows_a_secret(failing: Failing, who: dict[str, str]) -> None:
    with Farm(
        failing.url, user="me", timeout_s=failing.timeout_s, give_up_after_s=0, **who
    ) as farm:
        link = farm._link
        errors = [raised_by(partial(link.drive, flow)) for flow in flows(link.session)]
    assert len(errors) == len(all_operations()) + 1
    for error in errors:
        assert_nothing_shows(error)


@each_fault
@pytest.mark.slow
@by_token_and_password
def test_no_operation_that_fails_in_asyncio_shows_a_secret(
    failing: Failing, who: dict[str, str]
) -> None:
    async def ask(number: int) -> None:
        async with AsyncFarm(
            failing.url, user="me", timeout_s=failing.timeout_s, give_up_after_s=0, **who
        ) as farm:
            await farm._link.drive(list(flows(farm._link.session))[number])

    def run(number: int) -> None:
        asyncio.run(ask(number))

    for number in range(len(all_operations()) + 1):
        assert_nothing_shows(raised_by(partial(run, number)))


def work(failing: Failing) -> None:
    from taskfarm_sdk.run import Run

    with Farm(failing.url, token=TOKEN, timeout_s=failing.timeout_s, give_up_after_s=0) as farm:
        for task in Run(farm._link, UUID, 1, 5, "5").worker(give_up_after_s=0):
            task.complete()


OTHERS: dict[str, Callable[[Failing], object]] = {
    "worker": work,
    "tfRuns": lambda failing: tfRuns("me", PASSWORD, failing.url),
    "tfRuns-token": lambda failing: tfRuns(TOKEN, "", failing.url),
    "TaskFarm": lambda failing: TaskFarm("me", PASSWORD, numTasks=3, url_base=failing.url),
    "TaskFarmWorker": lambda failing: TaskFarmWorker("me", PASSWORD, UUID, failing.url),
}


@each_fault
@pytest.mark.slow
@pytest.mark.parametrize("act", OTHERS.values(), ids=OTHERS.keys())
def test_no_worker_and_no_module_for_old_programs_shows_a_secret_when_it_fails(
    failing: Failing, act: Callable[[Failing], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskfarm_sdk.compat import _client

    monkeypatch.setattr(_client, "GIVE_UP_AFTER_S", 0.0)
    monkeypatch.setattr(_client, "TIMEOUT_S", failing.timeout_s)
    monkeypatch.setattr(TaskFarm, "_give_up_after_s", 0.0)
    monkeypatch.setattr(TaskFarmWorker, "_give_up_after_s", 0.0)
    assert_nothing_shows(raised_by(lambda: act(failing)))


BEFORE: dict[str, Callable[[], object]] = {
    "two-secrets": lambda: Farm("http://h/", password=PASSWORD, token=TOKEN),
    "no-user": lambda: Farm("http://h/", password=PASSWORD),
    "odd-user": lambda: Farm("http://h/", user="a:b", password=PASSWORD),
    "odd-url": lambda: Farm("nowhere", user="me", password=PASSWORD),
    "url-with-password": lambda: Farm(f"http://me:{PASSWORD}@host/"),
    "url-with-odd-password": lambda: Farm(f"http://me:{PASSWORD}/@host/"),
    "url-with-password-as-port": lambda: Farm(f"http://me:{PASSWORD}/"),
    "odd-time": lambda: Farm("http://h/", token=TOKEN, timeout_s=-1),
    "not-utf-8": lambda: Farm("http://h/", token=TOKEN + "\udcff"),
    "two-tokens": lambda: Farm("http://h/", token=f"{TOKEN}\n{TOKEN}"),
    "asyncio": lambda: AsyncFarm("http://h/", user="a:b", password=PASSWORD),
    "login": lambda: logins.Login(f"http://me:{PASSWORD}@host/", "me", TOKEN),
    "find": lambda: logins.find_login(f"http://me:{PASSWORD}@host/"),
    "forget": lambda: logins.forget_login(f"http://me:{PASSWORD}@host/"),
    "save": lambda: logins.save_login("nowhere", "me", TOKEN),
    "compat-url": lambda: TaskFarm("me", PASSWORD, UUID, url_base=f"http://me:{PASSWORD}@host/"),
    "compat-tasks": lambda: TaskFarm("me", PASSWORD),
    "pickle": lambda: pickle.dumps(Farm("http://h/", user="me", password=PASSWORD)),
}


@pytest.mark.parametrize("act", BEFORE.values(), ids=BEFORE.keys())
def test_no_wrong_argument_shows_a_secret(act: Callable[[], object]) -> None:
    assert_nothing_shows(raised_by(act))


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"TASKFARM_URL": f"http://me:{PASSWORD}@host/"}, id="url"),
        pytest.param({"TASKFARM_URL": f"http://me:{PASSWORD}/"}, id="port"),
        pytest.param({"TASKFARM_PASSWORD": PASSWORD}, id="no-user"),
        pytest.param({"TASKFARM_TOKEN": f"{TOKEN}\t{TOKEN}"}, id="token"),
        pytest.param({"TASKFARM_PASSWORD": PASSWORD, "TASKFARM_USER": "a:b"}, id="user"),
    ],
)
def test_no_wrong_variable_shows_a_secret(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"TASKFARM_CONFIG": str(tmp_path), **env}.items():
        monkeypatch.setenv(name, value)
    assert_nothing_shows(raised_by(Farm))


ROW = {"url": "http://h/", "user": "me", "token": TOKEN}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"logins": [ROW]})[:-5], id="cut"),
        pytest.param(json.dumps({"logins": [TOKEN]}), id="text"),
        pytest.param(json.dumps({"logins": [{**ROW, "url": f"http://a:{PASSWORD}@h/"}]}), id="url"),
        pytest.param(json.dumps({"logins": [ROW, {**ROW, "host": 3}]}), id="host"),
        pytest.param(json.dumps({"logins": [ROW]}) + "\udcff", id="not-utf-8"),
    ],
)
def test_no_damaged_file_of_logins_shows_a_secret(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path))
    logins.login_file().touch(mode=0o600)
    logins.login_file().write_bytes(text.encode("utf-8", "surrogateescape"))
    for act in (logins.saved_logins, lambda: logins.save_login("http://h/", "me", TOKEN)):
        assert_nothing_shows(raised_by(act))


def test_no_file_of_logins_that_cannot_be_written_shows_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path))
    monkeypatch.setattr(os, "fsync", fail)
    error = raised_by(lambda: logins.save_login("http://h/", "me", TOKEN))
    assert isinstance(error, ConfigurationError)
    assert_nothing_shows(error)


def test_the_errors_below_are_shown_with_their_texts_and_without_their_frames() -> None:
    with Farm("http://127.0.0.1:1/api/", token=TOKEN, give_up_after_s=0) as farm:
        error = raised_by(farm.runs)
    below = error.__cause__
    assert below is not None
    assert "refused" in str(below)
    assert "refused" in str(below.__cause__)
    assert below.__traceback__ is None


@pytest.mark.parametrize("fault", [FAULTS["bug"]], ids=["bug"])
def test_a_bug_below_is_told_with_its_place(failing: Failing) -> None:
    with Farm(failing.url, token=TOKEN, give_up_after_s=0) as farm:
        error = raised_by(farm.runs)
    assert isinstance(error, ZeroDivisionError)
    assert any("raised in fail of" in note for note in error.__notes__)


def test_what_the_caller_was_handling_keeps_its_frames() -> None:
    def ask() -> None:
        try:
            int("the caller's")
        except ValueError:
            with Farm("http://127.0.0.1:1/api/", token=TOKEN, give_up_after_s=0) as farm:
                farm.runs()

    left: BaseException | None = raised_by(ask)
    while left is not None and not isinstance(left, ValueError):
        left = left.__cause__ or left.__context__
    assert left is not None
    assert left.__traceback__ is not None


@pytest.mark.parametrize("fault", [FAULTS["write-time-out"]], ids=["write"])
def test_without_the_veil_these_tests_find_the_secret(
    failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Veil, "__exit__", lambda *_: None)
    with Farm(failing.url, token=TOKEN, give_up_after_s=0) as farm:
        error = raised_by(farm.login)
    assert isinstance(error, TaskfarmError)
    assert lines_that_show(shown_with_locals(error), SECRETS)

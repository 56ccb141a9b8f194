"""Passwords and tokens show up nowhere: not in reprs, texts, errors or logs."""

from __future__ import annotations

import base64
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import is_typeddict

import pytest

import taskfarm_sdk
from taskfarm_sdk import (
    AsyncFarm,
    AsyncRun,
    ConnectionFailed,
    Farm,
    Item,
    Items,
    Result,
    Results,
    Run,
    RunStatus,
    TaskFailure,
    TaskfarmError,
    TaskInfo,
)
from taskfarm_sdk._protocol.operations import TaskRow, token
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._sansio.steps import Basic, Call
from taskfarm_sdk._session.session import Session
from taskfarm_sdk._session.settings import Settings
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.logins import Login
from taskfarm_sdk.task import Task
from taskfarm_sdk.testing import LocalServer
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.inside import open_task
from tests.support.results_folders import order
from tests.support.secrecy import PASSWORD, TOKEN, texts_that_hold, told_by

URL = "http://farm.example.org/api/"
RUN_DATA = ("0" * 32, 1, 5, "5")


def by_password() -> Farm:
    return Farm(URL, user="me", password=PASSWORD)


def by_token() -> Farm:
    return Farm(URL, token=TOKEN)


def session() -> Session:
    found = by_password()._link.session
    found.shared.token = Hidden(TOKEN)
    return found


def run() -> Run:
    return Run(by_token()._link, *RUN_DATA)


def task() -> Task:
    return open_task(run().worker(), TaskRow(3, "computing", 0.0))


def call() -> Call[Hidden[str]]:
    return token().sent_as(Basic(Hidden("me"), Hidden(PASSWORD)))


THINGS: list[Callable[[], object]] = [
    by_password,
    by_token,
    lambda: AsyncFarm(URL, user="me", password=PASSWORD),
    lambda: AsyncFarm(URL, token=TOKEN),
    run,
    lambda: AsyncRun(AsyncFarm(URL, token=TOKEN)._link, *RUN_DATA),
    lambda: run().worker(),
    task,
    lambda: Settings(
        url=URL, user="me", password=Hidden(PASSWORD), token=Hidden(TOKEN), source="argument"
    ),
    lambda: Login(URL, "me", TOKEN),
    lambda: Basic(Hidden("me"), Hidden(PASSWORD)),
    lambda: Basic(Hidden(TOKEN)),
    session,
    call,
    lambda: Hidden(TOKEN),
    lambda: by_password()._link,
    lambda: by_token()._link.wire,
    lambda: RunStatus(num_tasks=1, waiting=1, computing=0, done=0, failed=None, percent_done=0.0),
    lambda: TaskInfo(number=0, state="waiting"),
    lambda: Items([1]),
    lambda: Item(number=0, value=1),
    lambda: Results(Folder(Path("sweep"), os.open("/", os.O_RDONLY)), order(5)),
    lambda: Result(number=0, item=1, value=2, attempts=1, took_s=0.5, error=None),
    lambda: TaskFailure(task=0, attempt=1, type="ValueError", text="odd"),
]


@pytest.mark.parametrize("make", [pytest.param(m, id=type(m()).__name__) for m in THINGS])
def test_no_text_of_a_thing_holds_a_secret(make: Callable[[], object]) -> None:
    thing = make()
    assert texts_that_hold(thing, {PASSWORD, TOKEN}) == []


def test_each_public_class_is_among_the_things() -> None:
    made = {type(make()) for make in THINGS}
    exported = {getattr(taskfarm_sdk, name) for name in taskfarm_sdk.__all__}
    assert {
        kind
        for kind in exported - made
        if isinstance(kind, type) and not issubclass(kind, BaseException) and not is_typeddict(kind)
    } == set()


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        pytest.param(by_password, f"Farm({URL!r}, user='me')", id="farm"),
        pytest.param(by_token, f"Farm({URL!r}, user=None)", id="farm-of-a-token"),
        pytest.param(
            lambda: AsyncFarm(URL, user="me", password=PASSWORD),
            f"AsyncFarm({URL!r}, user='me')",
            id="async-farm",
        ),
        pytest.param(run, f"Run(uuid={'0' * 32!r}, id=1, num_tasks=5)", id="run"),
        pytest.param(lambda: run().worker(), f"Worker(run={'0' * 32!r}, 0 open)", id="worker"),
        pytest.param(task, f"Task(3, run={'0' * 32!r}, 0 %, open)", id="task"),
    ],
)
def test_a_repr_tells_what_a_thing_is(thing: Callable[[], object], text: str) -> None:
    assert repr(thing()) == text


def encodings(user: str, password: str) -> list[str]:
    """Return a secret in all the ways in which it goes over the wire."""
    header = base64.b64encode(f"{user}:{password}".encode()).decode()
    return [password or user, header, header.rstrip("=")]


def test_the_error_of_a_server_that_is_not_there_holds_no_secret() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: it refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api/"
        for farm, user, password in (
            (Farm(url, user="me", password=PASSWORD, give_up_after_s=0), "me", PASSWORD),
            (Farm(url, token=TOKEN, give_up_after_s=0), TOKEN, ""),
        ):
            with farm, pytest.raises(ConnectionFailed) as caught:
                farm.runs()
            for secret in encodings(user, password):
                assert secret not in told_by(caught.value)


@pytest.mark.live
@pytest.mark.parametrize(
    "fault", [Fault.LOST_AFTER, Fault.RUBBISH, Fault.SICK, Fault.UNAVAILABLE, None]
)
def test_neither_errors_nor_logs_hold_a_secret(
    taskfarm_server: LocalServer,
    proxy: FaultProxy,
    caplog: pytest.LogCaptureFixture,
    fault: Fault | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    user, password = taskfarm_server.user, taskfarm_server.password
    with Farm(proxy.url, user=user, password=password, give_up_after_s=0) as farm:
        token = farm.login()
        told = ""
        if fault is not None:
            proxy.will("/runs", fault)
            with pytest.raises(TaskfarmError) as caught:
                farm.runs()
            told = told_by(caught.value)
        farm.runs()
    told += "".join(f"{record.getMessage()}\n{vars(record)}" for record in caplog.records)
    for secret in (*encodings(user, password), *encodings(token, "")):
        assert secret not in told

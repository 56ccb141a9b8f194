"""A Farm as an object: made, copied, pickled, closed; silent until it is asked something."""

from __future__ import annotations

import asyncio
import copy
import math
import pickle
from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import (
    AsyncFarm,
    AsyncRun,
    ConfigurationError,
    ConnectionFailed,
    Farm,
    Run,
)
from taskfarm_sdk.hidden import Hidden
from tests.support.secrecy import PASSWORD, TOKEN, told_by
from tests.support.stub_server import SilentPort, silent_port

URL = "http://farm.example.org/api/"
RUN_DATA = ("0" * 32, 1, 5, "5")
KINDS = pytest.mark.parametrize("kind", [Farm, AsyncFarm])
PROTOCOLS = pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
COPIES = pytest.mark.parametrize(
    "copied",
    [
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda thing: pickle.loads(pickle.dumps(thing)), id="pickle"),
    ],
)


def logged_in(kind: type[Farm | AsyncFarm] = Farm, url: str = URL) -> Farm | AsyncFarm:
    """Return a farm with a password that has its token, without a server."""
    farm = kind(url, user="me", password=PASSWORD, timeout_s=7, give_up_after_s=math.inf)
    farm._link.session.shared.token = Hidden(TOKEN)
    return farm


@KINDS
def test_a_farm_tells_its_url_user_and_where_they_come_from(
    kind: type[Farm | AsyncFarm],
) -> None:
    farm = kind("http://FARM.example.org/api", user="me", password=PASSWORD)
    assert (farm.url, farm.user, farm.credentials_from) == (URL, "me", "argument")


@KINDS
@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("timeout_s", 0, id="no-time"),
        pytest.param("timeout_s", -1, id="negative-time"),
        pytest.param("timeout_s", math.nan, id="nan"),
        pytest.param("timeout_s", math.inf, id="a-request-for-ever"),
        pytest.param("give_up_after_s", -0.1, id="negative-patience"),
        pytest.param("give_up_after_s", math.nan, id="nan-patience"),
    ],
)
def test_a_wrong_time_is_refused(kind: type[Farm | AsyncFarm], name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be a number of seconds"):
        if name == "timeout_s":
            kind(URL, token=TOKEN, timeout_s=value)
        kind(URL, token=TOKEN, give_up_after_s=value)


@KINDS
@pytest.mark.parametrize("patience_s", [0, math.inf])
def test_a_farm_may_try_once_or_for_ever(kind: type[Farm | AsyncFarm], patience_s: float) -> None:
    assert kind(URL, token=TOKEN, give_up_after_s=patience_s).url == URL


@KINDS
def test_credentials_are_given_by_name(kind: type[Farm | AsyncFarm]) -> None:
    with pytest.raises(TypeError):
        kind(URL, "me", PASSWORD)  # type: ignore[call-arg]


@KINDS
@PROTOCOLS
def test_without_a_token_a_farm_does_not_pickle_and_says_what_to_do(
    kind: type[Farm | AsyncFarm], protocol: int
) -> None:
    farm = kind(URL, user="me", password=PASSWORD)
    with pytest.raises(ConfigurationError, match=r"call farm\.login\(\) first") as caught:
        pickle.dumps(farm, protocol)
    assert PASSWORD not in told_by(caught.value)


@KINDS
@PROTOCOLS
def test_a_farm_pickles_with_its_token_and_without_its_password(
    kind: type[Farm | AsyncFarm], protocol: int
) -> None:
    farm = logged_in(kind)
    travelling = pickle.dumps(farm, protocol)
    assert PASSWORD.encode() not in travelling
    arrived = pickle.loads(travelling)
    session = arrived._link.session
    assert type(arrived) is kind
    assert (arrived.url, arrived.user, session.shared.token) == (URL, "me", Hidden(TOKEN))
    assert (session.timeout_s, session.give_up_after_s) == (7, math.inf)
    assert session.settings.password is None


def test_a_farm_arrives_whatever_the_other_process_is_set_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    travelling = pickle.dumps(logged_in())
    monkeypatch.setenv("TASKFARM_URL", "http://other.example.org/api/")
    monkeypatch.setenv("TASKFARM_USER", "you")
    monkeypatch.setenv("TASKFARM_TOKEN", "token-other")
    arrived = pickle.loads(travelling)
    assert (arrived.url, arrived.user) == (URL, "me")
    assert arrived._link.session.shared.token == Hidden(TOKEN)


@KINDS
@COPIES
def test_a_copy_asks_the_same_server_as_the_same_user(
    kind: type[Farm | AsyncFarm], copied: Callable[[object], Farm | AsyncFarm]
) -> None:
    twin = copied(logged_in(kind))
    assert (type(twin), twin.url, twin.user) == (kind, URL, "me")
    assert twin._link.session.shared.token == Hidden(TOKEN)


@COPIES
def test_a_run_is_copied_with_its_data_and_equals_the_copy(
    copied: Callable[[object], object],
) -> None:
    farm, twin_farm = logged_in(Farm), logged_in(AsyncFarm)
    assert isinstance(farm, Farm)
    assert isinstance(twin_farm, AsyncFarm)
    for run in (Run(farm._link, *RUN_DATA), AsyncRun(twin_farm._link, *RUN_DATA)):
        assert copied(run) == run
        assert hash(copied(run)) == hash(run)


def test_a_runs_data_is_frozen() -> None:
    run = Run(Farm(URL, token=TOKEN)._link, *RUN_DATA)
    with pytest.raises(AttributeError):
        run.num_tasks = 6  # type: ignore[misc]


def test_a_task_does_not_travel() -> None:
    from taskfarm_sdk._protocol.operations import TaskRow
    from tests.support.inside import open_task

    worker = Run(Farm(URL, token=TOKEN)._link, *RUN_DATA).worker()
    task = open_task(worker, TaskRow(0, "computing", 0))
    with pytest.raises(ConfigurationError, match=r"call run\.worker\(\) there"):
        pickle.dumps(task)


def test_a_closed_farm_and_its_runs_are_used_no_more() -> None:
    with Farm(URL, token=TOKEN) as farm:
        run = Run(farm._link, *RUN_DATA)
    for use in (farm.runs, run.status):
        with pytest.raises(ConfigurationError, match="this Farm is closed"):
            use()
    farm.close()


def test_a_closed_async_farm_is_used_no_more() -> None:
    async def main() -> None:
        async with AsyncFarm(URL, token=TOKEN) as farm:
            pass
        with pytest.raises(ConfigurationError, match="this Farm is closed"):
            await farm.runs()
        await farm.close()

    asyncio.run(main())


@pytest.fixture
def listener() -> Iterator[SilentPort]:
    with silent_port() as port:
        yield port


def test_nothing_is_sent_until_something_is_asked(listener: SilentPort) -> None:
    for kind in (Farm, AsyncFarm):
        kind(listener.url, user="me", password=PASSWORD)
        farm = logged_in(kind, listener.url)
        copies = [copy.copy(farm), copy.deepcopy(farm), pickle.loads(pickle.dumps(farm))]
        assert all(repr(one) == repr(farm) for one in copies)
    with Farm(listener.url, token=TOKEN) as plain:
        run = Run(plain._link, *RUN_DATA)
        assert (run.uuid, run.id, run.num_tasks, run.num_tasks_text) == RUN_DATA
        with run.worker() as worker:
            assert worker.uuid
    assert listener.callers() == 0


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda run: run.status(), id="status"),
        pytest.param(lambda run: next(run.watch()), id="watch"),
        pytest.param(lambda run: next(run.task_infos()), id="task-infos"),
        pytest.param(lambda run: run.worker(give_up_after_s=0).claim(), id="claim"),
    ],
)
def test_what_is_asked_is_sent(listener: SilentPort, ask: Callable[[Run], object]) -> None:
    with Farm(listener.url, token=TOKEN, timeout_s=0.05, give_up_after_s=0) as farm:
        run = Run(farm._link, *RUN_DATA)
        with pytest.raises(ConnectionFailed):
            ask(run)
    assert listener.callers() == 1


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda run: run.watch(), id="watch"),
        pytest.param(lambda run: run.task_infos(), id="task-infos"),
    ],
)
def test_what_is_iterated_asks_nothing_before_its_first_item(
    listener: SilentPort, ask: Callable[[Run], Iterator[object]]
) -> None:
    with Farm(listener.url, token=TOKEN, timeout_s=0.05, give_up_after_s=0) as farm:
        items = ask(Run(farm._link, *RUN_DATA))
        assert listener.callers() == 0
        with pytest.raises(ConnectionFailed):
            next(items)
    assert listener.callers() == 1

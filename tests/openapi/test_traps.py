"""The contract's warnings are true: odd values, and requests that do more than they say.

This is SQLite, which `LocalServer` runs on by itself. PostgreSQL keeps a NaN percentage as it is,
rounds a fractional `numTasks`, and answers 500 to one that is text, infinite or over 32 bits.
"""

from __future__ import annotations

from math import inf, isnan, nan
from typing import Any

import pytest

from tests.support.openapi.api import Api

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(None, None, id="null"),
        pytest.param("abc", "abc", id="text"),
        pytest.param("", "", id="empty text"),
        pytest.param("12", 12, id="digits"),
        pytest.param(2.5, 2.5, id="fraction"),
        pytest.param(-3, -3, id="negative"),
        pytest.param(0, 0, id="zero"),
        pytest.param(2**31, 2**31, id="more than 32 bits"),
        pytest.param(inf, inf, id="Infinity"),
        pytest.param(nan, None, id="NaN"),
    ],
)
def test_an_odd_number_of_tasks_is_taken_kept_and_listed(sent: Any, kept: Any, api: Api) -> None:
    run = api.run(sent)
    listed = {row["uuid"]: row["numTasks"] for row in api.call("list_runs").json()["data"]}
    for found in (listed[run], api.counts(run)["numTasks"]):
        assert (type(found), found) == (type(kept), kept)
    assert api.call("restart_run", uuid=run).status_code == 204
    assert api.call("delete_run", uuid=run).status_code == 204


@pytest.mark.parametrize(
    ("sent", "kept", "percent_done"),
    [
        pytest.param(None, None, 0.0, id="null"),
        pytest.param(250, 250.0, 125.0, id="more than 100"),
        pytest.param(-50, -50.0, -25.0, id="negative"),
        pytest.param("12", 12.0, 6.0, id="digits"),
        pytest.param(inf, inf, inf, id="Infinity"),
        pytest.param(nan, None, 0.0, id="NaN"),
        pytest.param(37.500217990145, 37.500217990145, 37.500217990145 / 2, id="many digits"),
    ],
)
def test_any_percentage_is_taken_and_kept(
    sent: Any, kept: Any, percent_done: float, api: Api
) -> None:
    run = api.run(2)
    api.update(run, 0, percentCompleted=sent)
    assert api.task(run, 0)["percentCompleted"] == kept
    assert api.counts(run)["percentDone"] == percent_done
    assert api.claim(run).json()["percentCompleted"] == kept


def test_a_fresh_run_has_no_tasks(api: Api) -> None:
    counts = api.counts(api.run(5))
    assert [counts[name] for name in ("numWaiting", "numComputing", "numDone")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("operation", "request_", "status"),
    [
        pytest.param("get_task", {}, 200, id="reading"),
        pytest.param("get_task", {"query": {"info": "colour"}}, 404, id="reading nonsense"),
        pytest.param("update_task", {"body": {"status": "waiting"}}, 204, id="writing"),
        pytest.param("update_task", {"body": {}}, 400, id="writing nothing"),
        pytest.param("update_task", {}, 415, id="writing without a body"),
    ],
)
def test_touching_a_task_out_of_turn_breaks_the_run(
    operation: str, request_: dict[str, Any], status: int, api: Api
) -> None:
    run = api.run(3)
    assert api.call(operation, uuid=run, task=1, **request_).status_code == status
    assert api.counts(run)["numWaiting"] == 1
    assert api.claim(run).json()["task"] == 1
    assert api.claim(run).status_code == 500


def test_reading_all_in_order_mends_a_broken_run_but_not_its_end(api: Api) -> None:
    run = api.run(3)
    api.task(run, 2)
    for number in range(3):
        api.task(run, number)
    assert sorted(api.claim(run).json()["task"] for _ in range(3)) == [0, 1, 2]
    assert api.claim(run).status_code == 500


def test_a_restart_queues_what_is_under_100_and_keeps_its_percentage(api: Api) -> None:
    run = api.run(5)
    for number, percent in enumerate([40, 100, 250, None]):
        api.claim(run)
        api.update(run, number, percentCompleted=percent)
    api.claim(run)
    api.update(run, 4, status="done", percentCompleted=60)
    assert api.call("restart_run", uuid=run).status_code == 204
    tasks = [api.task(run, number) for number in range(5)]
    assert [(task["status"], task["percentCompleted"]) for task in tasks] == [
        ("waiting", 40.0),
        ("computing", 100.0),
        ("computing", 250.0),
        ("computing", None),
        ("waiting", 60.0),
    ]


def test_a_restart_of_all_queues_every_task_at_0(api: Api) -> None:
    run = api.run(2)
    for number, percent in enumerate([None, 100]):
        api.claim(run)
        api.update(run, number, percentCompleted=percent, status="done")
    assert api.call("restart_run", uuid=run, query={"all": "True"}).status_code == 204
    assert api.counts(run)["numWaiting"] == 2
    assert api.counts(run)["percentDone"] == 0.0


def test_a_null_status_hides_the_task_until_one_is_written(api: Api) -> None:
    run = api.run(1)
    api.update(run, 0, status=None)
    assert api.call("get_task", uuid=run, task=0, query={"info": "status"}).status_code == 500
    api.update(run, 0, status="waiting")
    assert api.task(run, 0)["status"] == "waiting"


def test_a_percentage_leaves_the_status_and_a_status_the_percentage(api: Api) -> None:
    run = api.run(1)
    api.claim(run)
    api.update(run, 0, percentCompleted=100)
    assert api.task(run, 0)["status"] == "computing"
    api.update(run, 0, status="done")
    assert api.task(run, 0)["percentCompleted"] == 100.0


def test_a_percent_done_can_be_no_number_on_sqlite_too(api: Api) -> None:
    run = api.run(inf)
    api.update(run, 0, percentCompleted=inf)
    assert isnan(api.counts(run)["percentDone"])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(None, None, id="null"),
        pytest.param("", "", id="empty text"),
        pytest.param("a\nb\x1b[2J", "a\nb\x1b[2J", id="lines and terminal controls"),
        pytest.param(5, "5", id="a number"),
    ],
)
def test_a_worker_may_have_an_odd_uuid_and_claim_with_it(sent: Any, kept: Any, api: Api) -> None:
    body = {"uuid": sent, "hostname": None, "pid": None}
    assert api.call("register_worker", body=body).json()["uuid"] == kept
    claimed = api.call("claim_task", uuid=api.run(), body={"worker_uuid": kept})
    assert claimed.status_code == 201


def test_any_number_of_workers_may_have_no_uuid(api: Api) -> None:
    body = {"uuid": None, "hostname": "node17", "pid": 4242}
    assert [api.call("register_worker", body=body).json()["uuid"] for _ in range(2)] == [None] * 2


def test_a_fraction_of_tasks_hands_out_one_more(api: Api) -> None:
    run = api.run(2.5)
    assert [api.claim(run).status_code for _ in range(4)] == [201, 201, 201, 204]


def test_a_run_is_known_by_its_exact_uuid(api: Api) -> None:
    run = api.run()
    dashed = f"{run[:8]}-{run[8:12]}-{run[12:16]}-{run[16:20]}-{run[20:]}"
    assert api.call("get_run", uuid=dashed).status_code == 404
    assert api.call("get_run", uuid="X" + run[1:]).status_code == 404


def test_an_unknown_user_tells_a_sound_server_from_a_forged_token(api: Api) -> None:
    assert api.call("get_token", auth="forged token").status_code == 500
    assert api.call("get_token", auth="unknown user").status_code == 401

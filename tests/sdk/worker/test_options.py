"""The options of a worker: the same in the record and in the signatures that users see."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import Any

import attrs
import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run
from taskfarm_sdk._protocol.operations import RunRow
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.execution import work as working
from taskfarm_sdk.run import run_of
from taskfarm_sdk.worker import core_of

# Children share one worker, which has no need of these.
OF_WORKERS_ALONE = {"prefetch", "fleet_size"}
# workTF sets it, for runs whose tasks are chunks of items.
OF_CHUNKS = {"keeps_position"}
# run.work stays until the run is finished.
LINGER = "linger"
OTHERS: dict[str, Any] = {
    "prefetch": 1,
    "report_every_s": 1.5,
    "first_beat_s": 2.5,
    "heartbeat_s": 20.0,
    "max_attempts": 4,
    "retry_delay_s": 31.0,
    "halt_after": 11,
    "linger": True,
    "stale_after_s": 121.0,
    "unleased_after_s": 122.0,
    "grace_s": 1.0,
    "give_up_after_s": 601.0,
    "fleet_size": 2,
}


def options() -> dict[str, tuple[object, object]]:
    """Return the type and default of each option, as the record has them."""
    return {
        field.name: (field.type, field.default)
        for field in attrs.fields(WorkerOptions)
        if field.init and field.name not in OF_CHUNKS
    }


def keywords(function: object) -> dict[str, tuple[object, object]]:
    """Return the type and default of each keyword of a method that is an option."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return {one.name: (one.annotation, one.default) for one in parameters if one.name in options()}


@pytest.fixture
def run() -> Run:
    return run_of(Farm("http://h/", token="t")._link, RunRow("0" * 32, 1, 5))


def test_a_worker_takes_just_the_options_of_the_record() -> None:
    assert list(keywords(Run.worker).items()) == list(options().items())
    assert set(inspect.signature(Run.worker).parameters) == {"self", *options()}


def test_work_takes_all_of_them_that_a_worker_shared_by_children_needs() -> None:
    expected = {name: one for name, one in options().items() if name not in OF_WORKERS_ALONE}
    found = keywords(Run.work)
    assert found.pop(LINGER)[1] is True
    assert expected.pop(LINGER)[1] is False
    assert found == expected


def test_a_worker_has_each_option_that_it_was_given(run: Run, tmp_path: Path) -> None:
    given = {**OTHERS, "journal": tmp_path}
    assert given.keys() == options().keys()
    assert core_of(run.worker(**given)).options == WorkerOptions(**given)


def test_the_workers_of_work_have_each_option_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[WorkerOptions] = []

    def by_children(work: working.Work, *_: int | None) -> bool:
        made.append(core_of(work.make_worker()).options)
        raise KeyboardInterrupt

    given = {name: one for name, one in OTHERS.items() if name not in OF_WORKERS_ALONE}
    given |= {"journal": tmp_path, "linger": False}
    monkeypatch.setattr(working, "by_children", by_children)
    with pytest.raises(KeyboardInterrupt):
        run.work(print, **given)
    assert made == [WorkerOptions(**given)]


def test_options_travel() -> None:
    options = WorkerOptions(heartbeat_s=20)
    assert pickle.loads(pickle.dumps(options)) == options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prefetch", 2),
        ("report_every_s", 0),
        ("first_beat_s", 0),
        ("first_beat_s", 30.1),
        ("heartbeat_s", 31),
        ("max_attempts", 99),
        ("retry_delay_s", -1),
        ("halt_after", 0),
        ("stale_after_s", 89),
        ("unleased_after_s", 0),
        ("unleased_after_s", "soon"),
        ("grace_s", -1),
        ("give_up_after_s", -1),
        ("fleet_size", 0),
    ],
)
def test_the_record_refuses_a_wrong_option(name: str, value: object) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(ConfigurationError, match=name):
        WorkerOptions(**given)

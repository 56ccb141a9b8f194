"""Every number of a reply, whatever another client wrote, has a reading or is an SDK error."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import Farm, TaskfarmError, UnexpectedReply
from taskfarm_sdk._flows.recovery import StaleAfter, Sweeper
from taskfarm_sdk._protocol import lease as leases
from tests.support.odd_numbers import (
    LARGEST_FLOAT,
    NUMBERS,
    UUID,
    Held,
    async_farm_of,
    farm_of,
)

FIELDS = [field.name for field in attrs.fields(Held) if field.name != "status"]
SWEEPS = 6


def status(farm: Farm) -> object:
    return farm.get_run(UUID).status()


def wait(farm: Farm) -> object:
    return farm.get_run(UUID).wait(0)


def watch(farm: Farm) -> object:
    return list(itertools.islice(farm.get_run(UUID).watch(timeout_s=0), 3))


def tasks(farm: Farm) -> object:
    return [(info, info.percent_completed < 50) for info in farm.get_run(UUID).task_infos()]


def reset(farm: Farm) -> object:
    run = farm.get_run(UUID)
    run.reset()
    return run.reset_failed(), run.reset_tasks([0])


def sweep(farm: Farm) -> object:
    sweeper = Sweeper(UUID, 3, StaleAfter(0.1, 0.1), 3)
    session = farm._link.session
    return [farm._link.drive(sweeper.round(session, lambda: 0, None)) for _ in range(SWEEPS)]


def work(farm: Farm) -> object:
    worker = farm.get_run(UUID).worker(linger=False, prefetch=0)
    with worker:
        for task in worker:
            task.update(task.percent_completed)
            task.release()
            break
    return None


USES = [Farm.runs, status, wait, watch, tasks, reset, sweep, work]
FINISHED = Held(waiting=0, computing=0, done=3, percent_done=100.0, status="done")


@st.composite
def _some_odd(draw: st.DrawFn) -> Held:
    """Return what a run holds of which one to three numbers are odd."""
    base = draw(st.sampled_from([Held(), FINISHED]))
    names = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True))
    odd: dict[str, Any] = {name: draw(NUMBERS) for name in names}
    held = attrs.evolve(base, **odd)
    # A run with so many tasks takes long to list.
    if isinstance(held.num_tasks, int) and held.num_tasks > 1000:
        return attrs.evolve(held, num_tasks=-held.num_tasks)
    return held


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@settings(deadline=None, max_examples=150)
@given(_some_odd())
def test_any_number_has_a_reading_or_is_an_sdk_error(
    use: Callable[[Farm], object], held: Held
) -> None:
    with suppress(TaskfarmError):
        use(farm_of(held))


@settings(deadline=None, max_examples=100)
@given(_some_odd())
def test_any_number_has_the_same_reading_awaited(held: Held) -> None:
    def blocking(farm: Farm) -> list[object]:
        run = farm.get_run(UUID)
        return [run.status(), run.wait(0), *run.task_infos()]

    async def awaiting() -> list[object]:
        async with async_farm_of(held) as farm:
            run = await farm.get_run(UUID)
            return [await run.status(), await run.wait(0), *[i async for i in run.task_infos()]]

    def outcome(ask: Callable[[], list[object]]) -> str:
        try:
            return repr(ask())
        except TaskfarmError as error:
            return repr(error)

    assert outcome(lambda: asyncio.run(awaiting())) == outcome(lambda: blocking(farm_of(held)))


@given(NUMBERS.filter(lambda value: isinstance(value, float | int)))
def test_a_lease_is_decoded_or_absent_and_its_percentage_is_a_percentage(value: Any) -> None:
    value = math.nan if isinstance(value, bool) else value
    held = Held(percent_completed=value, num_tasks=1, waiting=0, computing=1, done=0)
    info = next(iter(farm_of(held).get_run(UUID).task_infos()))
    assert isinstance(info.percent_completed, int | float)
    read = info.percent_completed
    assert leases.decode(read) is None or 0 < read < 100
    assert 0 <= leases.percent_of(read) <= 100


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (LARGEST_FLOAT, LARGEST_FLOAT),
        (int("9" * 400), math.inf),
        (-int("9" * 400), -math.inf),
        (float("inf"), math.inf),
        (250, 250),
        (-5, -5),
    ],
)
def test_a_percentage_without_bounds_is_read_as_the_nearest_float(sent: Any, read: float) -> None:
    done = Held(num_tasks=1, waiting=0, computing=0, done=1, status="done")
    run = farm_of(attrs.evolve(done, percent_done=sent, percent_completed=sent)).get_run(UUID)
    assert run.status().percent_done == read
    assert run.status().failed is None
    # A look at the task decides: done is done, at whatever number.
    assert run.wait(0).failed == 0


@pytest.mark.parametrize("name", ["id", "waiting", "computing", "done"])
@pytest.mark.parametrize("sent", [-1, 2**63, int("9" * 400), float("nan"), 1e308, 1.5, True, "1"])
def test_a_count_that_no_database_has_is_not_a_taskfarm_servers(name: str, sent: Any) -> None:
    run = Held()
    setattr(run, name, sent)
    with pytest.raises(UnexpectedReply, match="does not answer as a taskfarm server"):
        farm_of(run).get_run(UUID)


@pytest.mark.parametrize("sent", [-1, 1, 2**31, int("9" * 400), float("nan"), True])
def test_another_task_than_the_one_asked_for_is_refused(sent: Any) -> None:
    with pytest.raises(UnexpectedReply):
        farm_of(Held(task=sent)).get_run(UUID).task_info(0)


@pytest.mark.parametrize("sent", [-3, 0, 2**31, int("9" * 400), float("inf"), 2.5, True, None, "x"])
def test_an_odd_number_of_tasks_is_listed_as_text_and_reads_as_0(sent: Any) -> None:
    (run,) = farm_of(Held(num_tasks=sent)).runs()
    assert (run.num_tasks, run.num_tasks_text) == (0, str(sent))


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 0.0, LARGEST_FLOAT])
def test_a_number_is_the_same_as_itself_and_no_other(value: float | None) -> None:
    again = None if value is None else float(str(value))
    assert leases.same(value, again)
    assert not leases.same(value, 50.0)

"""Items as functions see them, and their seeds: their own, and the same in each attempt."""

from __future__ import annotations

import pickle
import uuid

import pytest

from taskfarm_sdk import ConfigurationError, Item, Task
from taskfarm_sdk._items.seeds import item_seed
from tests.support.handles import NotingHandle

RUN = "0123456789abcdef0123456789abcdef"


def item(seed: int | None = None, *, stop: bool = False) -> Item[str]:
    return Item(
        number=7,
        attempt=2,
        value="a.nc",
        run_uuid=RUN,
        run_seed=seed,
        stop_requested=lambda: stop,
    )


def test_a_seed_never_changes_between_versions() -> None:
    # What was computed with one is computed alike again.
    assert item_seed(RUN, 0) == 259769408588357804514794398795135790054
    assert item_seed(RUN, 7) == 251696705178257983547779752351951715502


def test_a_seed_is_the_same_however_the_uuid_is_written() -> None:
    assert item_seed(str(uuid.UUID(RUN)).upper(), 3) == item_seed(RUN, 3)


def test_each_item_and_each_run_has_another_seed_of_128_bits() -> None:
    seeds = [item_seed(run, number) for run in (RUN, RUN[::-1]) for number in range(500)]
    assert len(set(seeds)) == 1_000
    assert 2**127 < max(seeds) < 2**128


def test_with_a_seed_of_the_users_other_runs_draw_the_same() -> None:
    assert item_seed(RUN, 3, 42) == item_seed(RUN[::-1], 3, 42)
    assert len({item_seed(RUN, 3, seed) for seed in (None, 0, 1, -1)}) == 4


def test_an_item_has_the_seed_of_its_number() -> None:
    assert item().seed == item_seed(RUN, 7)
    assert item(42).seed == item_seed(RUN, 7, 42)


def test_in_chunks_of_1_a_tasks_seed_is_its_items() -> None:
    assert Task(NotingHandle(number=7, run_uuid=RUN)).seed == item().seed


@pytest.mark.parametrize("stop", [False, True])
def test_an_item_says_whether_to_stop(stop: bool) -> None:
    assert item(stop=stop).stop_requested is stop


def test_an_item_shows_what_it_is() -> None:
    assert repr(item()) == "Item(7, attempt=2, value='a.nc')"


def test_an_item_cannot_be_changed_or_sent_away() -> None:
    with pytest.raises(AttributeError):
        item().number = 8  # type: ignore[misc]
    with pytest.raises(ConfigurationError, match=r"send item\.value and item\.seed"):
        pickle.dumps(item())

"""Environment variables that say how many threads a numerical library uses."""

from __future__ import annotations

import pytest

from taskfarm_sdk._processes.threads import VARIABLES, with_threads
from taskfarm_sdk.hidden import Hidden


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "8")


@pytest.mark.parametrize(("slots", "share"), [(1, "8"), (3, "2"), (8, "1"), (50, "1")])
def test_the_cpus_are_shared_and_each_gets_one_at_least(slots: int, share: str) -> None:
    assert with_threads(Hidden({"A": "b"}), slots).reveal() == {
        "A": "b",
        **dict.fromkeys(VARIABLES, share),
    }


@pytest.mark.parametrize("name", VARIABLES)
def test_what_the_user_has_set_stays(name: str) -> None:
    assert with_threads(Hidden({name: "5"}), 8).reveal()[name] == "5"


@pytest.mark.parametrize("name", [name for name, otherwise in VARIABLES.items() if otherwise])
def test_what_a_library_reads_otherwise_is_not_overruled(name: str) -> None:
    there = with_threads(Hidden({"OMP_NUM_THREADS": "5"}), 8).reveal()
    assert name not in there
    assert there["NUMBA_NUM_THREADS"] == "1"


def test_a_given_number_counts_more_than_the_environment() -> None:
    there = with_threads(Hidden({"OMP_NUM_THREADS": "5"}), 8, 3).reveal()
    assert there == dict.fromkeys(VARIABLES, "3")


def test_an_empty_variable_says_nothing() -> None:
    assert with_threads(Hidden({"OMP_NUM_THREADS": ""}), 8).reveal()["OMP_NUM_THREADS"] == "1"

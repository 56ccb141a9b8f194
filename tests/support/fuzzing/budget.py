"""How many random cases each fuzz test tries: 5,000 in all, or as many as `make fuzz` is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

CASES = 5_000
"""The number of cases of a plain run, which are the same each time."""
VARIABLE = "TASKFARM_FUZZ_EXAMPLES"
# Read before the tests' own fixtures take such variables away.
_WANTED = os.environ.get(VARIABLE)

# Of each hundred cases: a command line takes 3 to 10 ms, an argument a tenth of that.
PERCENT = {
    "manageTF": 9,
    "workTF": 14,
    "serveTF": 7,
    "viewTF": 6,
    "arguments": 64,
}


@attrs.frozen
class Budget:
    """The cases of one fuzz test.

    Attributes:
        cases: how many are tried.
        is_random: whether they differ from run to run.
    """

    cases: int
    is_random: bool

    def settings(self) -> settings:
        """Return the settings of hypothesis for it."""
        return settings(
            max_examples=self.cases,
            derandomize=not self.is_random,
            # A case is found again by the seed, not by files of an earlier run.
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=self.is_random,
        )


def share(name: str, part: int = 1, whole: int = 1, wanted: str | None = _WANTED) -> Budget:
    """Return the budget of one of several tests of a kind.

    Args:
        name: the kind, of `PERCENT`.
        part: how much this one has to draw.
        whole: how much all tests of this kind have to.
        wanted: the number of cases of all tests, as text; None for the plain run's.
    """
    total = CASES if wanted is None else int(wanted)
    # Upwards: the sum of all is what was promised, or a little more.
    cases = -(-total * PERCENT[name] * part // (100 * whole))
    return Budget(cases, is_random=wanted is not None)


def tried(budget: Budget, strategy: SearchStrategy[T], case: Callable[[T], None]) -> int:
    """Try a case with each of many drawn values, and return with how many.

    Args:
        budget: how many.
        strategy: draws them.
        case: fails for a wrong one.
    """
    count = 0

    @budget.settings()
    @given(strategy)
    def each(value: T) -> None:
        nonlocal count
        count += 1
        case(value)

    each()
    return count

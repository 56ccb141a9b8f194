"""How often the server is read."""

from __future__ import annotations

import math

import attrs
import pytest

from taskfarm_cli.view.schedule import EVERY_S, Wish, choose, may_hurry, rest_s, wait_s


def played(wishes: list[Wish], turns: int) -> list[str]:
    """Return what is read in so many turns, one every `EVERY_S`."""
    known = {wish.subject: wish for wish in wishes}
    read: list[str] = []
    for turn in range(turns):
        now = turn * EVERY_S
        wish = choose(known.values(), now)
        if wish is not None:
            read.append(wish.subject)
            known[wish.subject] = attrs.evolve(wish, read_at=now)
    return read


def test_what_was_never_read_comes_first() -> None:
    assert choose([Wish("a", 2, 0.0), Wish("b", 20)], 100.0) == Wish("b", 20)


def test_nothing_is_read_before_its_time() -> None:
    assert choose([Wish("a", 10, 0.0)], 9.9) is None
    assert choose([], 0.0) is None


def test_a_run_that_is_looked_at_is_read_at_each_turn() -> None:
    assert played([Wish("run", 2.0)], 5) == ["run"] * 5


def test_of_many_runs_each_gets_its_turn() -> None:
    read = played([Wish(str(number), 2.0) for number in range(10)], 40)
    assert {key: read.count(key) for key in set(read)} == dict.fromkeys(map(str, range(10)), 4)


def test_what_is_read_seldom_does_not_starve() -> None:
    read = played([*(Wish(f"open {n}", 2.0) for n in range(3)), Wish("list", 10.0)], 100)
    assert read.count("list") >= 5
    assert read.count("open 0") > read.count("list")


@pytest.mark.parametrize(("took_s", "rest"), [(0.0, 2.0), (0.1, 2.0), (1.0, 19.0), (30.0, 570.0)])
def test_a_slow_server_is_read_at_most_a_twentieth_of_the_time(took_s: float, rest: float) -> None:
    assert rest_s(took_s) == rest


def test_the_wait_ends_when_the_first_is_due() -> None:
    assert wait_s([Wish("a", 10, 0.0), Wish("b", 3, 0.0)], 1.0) == 2.0
    assert wait_s([Wish("a", 10, -math.inf)], 1.0) == 0.0
    assert wait_s([], 1.0) is None


def test_a_page_that_was_opened_comes_before_the_lines_of_a_list() -> None:
    lines = [Wish(str(number), 10, is_page=False) for number in range(20)]
    assert choose([*lines, Wish("page", 2), *lines], 0.0) == Wish("page", 2)


@pytest.mark.parametrize(
    ("is_new", "is_page", "is_quick", "hurries"),
    [
        (True, True, False, True),
        (True, False, True, True),
        (True, False, False, False),
        (False, True, True, False),
    ],
)
def test_only_what_is_new_hurries_and_of_a_slow_server_only_a_page(
    is_new: bool, is_page: bool, is_quick: bool, hurries: bool
) -> None:
    wish = Wish("run", 2, -math.inf if is_new else 0.0, is_page=is_page)
    assert may_hurry(wish, is_quick=is_quick) is hurries

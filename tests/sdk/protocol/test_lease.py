"""The number that carries a lease: property tests, and what other clients' numbers look like."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from taskfarm_sdk._protocol import lease as _lease
from taskfarm_sdk._protocol.lease import Lease, decode, encode

MOST_HUNDREDTHS = 9999
leases = st.builds(
    Lease,
    percent=st.integers(0, MOST_HUNDREDTHS).map(lambda hundredths: hundredths / 100),
    attempts=st.integers(0, _lease.MAX_ATTEMPTS),
    beat=st.integers(0, 99),
    holder=st.integers(0, _lease.HOLDERS - 1),
)
failures = st.builds(
    Lease,
    percent=st.just(0.0),
    attempts=st.integers(0, _lease.MAX_ATTEMPTS),
    beat=st.just(0),
    holder=st.integers(0, _lease.HOLDERS - 1),
    failed=st.just(True),
)


@settings(deadline=None)
@given(leases | failures)
def test_what_was_written_is_read(lease: Lease) -> None:
    assert decode(encode(lease)) == lease


@settings(deadline=None)
@given(leases | failures)
def test_the_number_survives_json_exactly(lease: Lease) -> None:
    assert json.loads(json.dumps(encode(lease))) == encode(lease)


@settings(deadline=None)
@given(leases | failures)
def test_a_lease_never_reads_as_done_nor_as_nothing(lease: Lease) -> None:
    assert 0 < encode(lease) < 100 - 1e-6


@settings(deadline=None)
@given(st.floats(0, 100), leases)
def test_a_percentage_is_floored_to_hundredths_and_never_reaches_100(
    percent: float, lease: Lease
) -> None:
    number = encode(Lease(percent, lease.attempts, lease.beat, lease.holder))
    read = decode(number)
    assert read is not None
    assert read.percent <= min(99.99, percent + 1e-8)
    assert read.percent > min(99.99, percent) - 0.01
    assert math.floor(number * 100) / 100 == read.percent


@pytest.mark.parametrize(
    ("percent", "kept"),
    [
        pytest.param(0, 0.0, id="zero"),
        pytest.param(37.509, 37.50, id="floored"),
        pytest.param(0.29, 0.29, id="just-under-in-binary"),
        pytest.param(100 * 0.57, 57.0, id="a-loop's-arithmetic"),
        pytest.param(99.999, 99.99, id="nearly-100"),
        pytest.param(100, 99.99, id="100-is-not-completion"),
    ],
)
def test_what_is_kept_of_a_percentage(percent: float, kept: float) -> None:
    assert decode(encode(Lease(percent, 0, 0, 0))) == Lease(kept, 0, 0, 0)


@settings(deadline=None)
@given(leases, st.integers(0, 10_000))
def test_a_beat_starts_over_after_99(lease: Lease, beats: int) -> None:
    read = decode(encode(Lease(lease.percent, lease.attempts, beats, lease.holder)))
    assert read is not None
    assert read.beat == beats % 100


@settings(deadline=None)
@given(leases)
def test_each_beat_moves_the_number(lease: Lease) -> None:
    following = Lease(lease.percent, lease.attempts, lease.beat + 1, lease.holder)
    assert encode(following) != encode(lease)


@pytest.mark.parametrize("attempts", [99, 100, 1000])
def test_attempts_beyond_98_are_kept_as_98_and_do_not_read_as_failed(attempts: int) -> None:
    assert decode(encode(Lease(50.0, attempts, 1, 1))) == Lease(50.0, 98, 1, 1)


@settings(deadline=None)
@given(failures, st.floats(0, 100))
def test_a_failure_is_written_at_0_whatever_the_percentage_was(lease: Lease, at: float) -> None:
    number = encode(Lease(at, lease.attempts, 7, lease.holder, failed=True))
    assert 0.0099 <= number < 0.01
    assert decode(number) == lease


@settings(deadline=None)
@given(leases, st.integers(1, 10**14 - 1))
def test_a_value_with_another_check_is_not_ours(lease: Lease, other: int) -> None:
    whole = round(encode(lease) * 10**12)
    assume(other % 100 != whole % 100)
    assert decode((whole - whole % 100 + other % 100) / 10**12) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="none"),
        pytest.param(math.nan, id="nan"),
        pytest.param(math.inf, id="inf"),
        pytest.param(-math.inf, id="minus-inf"),
        pytest.param(-1.0, id="negative"),
        pytest.param(0.0, id="zero"),
        pytest.param(-0.0, id="minus-zero"),
        pytest.param(5e-324, id="tiny"),
        pytest.param(100.0, id="hundred"),
        pytest.param(100 - 1e-9, id="nearly-100"),
        pytest.param(250.0, id="250"),
        pytest.param(-encode(Lease(50.0, 1, 1, 1)), id="minus-a-lease"),
        pytest.param(100 + encode(Lease(50.0, 1, 1, 1)), id="100-and-a-lease"),
        pytest.param(1e308, id="huge"),
    ],
)
def test_what_no_worker_of_ours_writes_is_no_lease(value: float | None) -> None:
    assert decode(value) is None


@pytest.mark.parametrize(
    "decimals", [pytest.param(0, id="whole-numbers"), pytest.param(2, id="hundredths")]
)
def test_all_plain_percentages_of_other_clients_are_no_leases(decimals: int) -> None:
    scale = 10**decimals
    assert not [n for n in range(100 * scale + 1) if decode(n / scale) is not None]


@settings(deadline=None)
@given(st.integers(0, 10), st.data())
def test_up_to_10_decimals_never_make_a_lease(decimals: int, data: st.DataObject) -> None:
    # The check is never 00, which is what stands in the last two of 12 decimals there.
    scale = 10**decimals
    assert decode(data.draw(st.integers(0, 100 * scale)) / scale) is None


def share_of_leases(draw: Callable[[random.Random], float], count: int = 100_000) -> float:
    dice = random.Random(20261123)
    return sum(decode(draw(dice)) is not None for _ in range(count)) / count


def test_of_12_random_decimals_one_in_a_hundred_looks_like_a_lease() -> None:
    # One of 100 values of the last two decimals is right, and attempts of 99 beside a percentage
    # are not: 0.99 %.
    share = share_of_leases(lambda dice: dice.randrange(1, 10**14) / 10**12)
    assert 0.0089 < share < 0.0109


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda dice: dice.random() * 100, id="any-float"),
        pytest.param(lambda dice: dice.randrange(10**6) / 10**6 * 100 / 7, id="a-seventh"),
        pytest.param(lambda dice: 100 * dice.randrange(12_345) / 12_345, id="share-of-12345"),
        pytest.param(lambda dice: dice.randrange(997) / 997 * 100, id="share-of-997"),
    ],
)
def test_of_a_loops_floats_less_than_one_in_2000_looks_like_a_lease(
    draw: Callable[[random.Random], float],
) -> None:
    # Floats there lie far closer than 12 decimals, so few of them have no more than these.
    assert share_of_leases(draw, 50_000) < 1 / 2000


def test_loops_of_up_to_150_steps_never_make_a_lease() -> None:
    for n in range(1, 151):
        for i in range(n + 1):
            forms = (i / n * 100, 100 * i / n, 100.0 / n * i)
            assert not [form for form in forms if decode(form) is not None]


def test_a_programs_own_seed_neither_sets_holders_nor_is_used_up_by_them() -> None:
    random.seed(7)
    own = [random.random() for _ in range(3)]
    random.seed(7)
    first = [_lease.new_holder() for _ in range(5)]
    assert [random.random() for _ in range(3)] == own
    random.seed(7)
    assert [_lease.new_holder() for _ in range(5)] != first


def test_holders_are_drawn_from_all_10000() -> None:
    drawn = {_lease.new_holder() for _ in range(2000)}
    assert drawn <= set(range(10_000))
    assert len(drawn) > 1500


@given(leases, st.booleans())
def test_a_percentage_with_a_lease_is_kept(lease: Lease, leased_only: bool) -> None:
    assert _lease.kept_in(encode(lease), leased_only=leased_only) == lease.percent


@pytest.mark.parametrize("value", [None, 0.0, 37.5, 100.0, -3.0, math.nan])
def test_a_percentage_without_one_is_no_position(value: float | None) -> None:
    assert _lease.kept_in(value, leased_only=True) == 0.0
    assert _lease.kept_in(value, leased_only=False) == _lease.percent_of(value)

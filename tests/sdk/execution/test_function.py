"""Functions that travel to other processes."""

from __future__ import annotations

import functools
import pickle
import threading
from collections.abc import Callable
from typing import cast

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Task
from taskfarm_sdk.execution.function import explained, packed, unpacked

URL = "http://localhost:5000/api/"


class Times:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, number: int) -> int:
        return number * self.factor


def outer(factor: int) -> Callable[[int], int]:
    def inner(number: int) -> int:
        return number * factor

    return inner


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda number: number * 3, id="lambda"),
        pytest.param(outer(3), id="closure"),
        pytest.param(Times(3), id="object"),
        pytest.param(functools.partial(lambda factor, number: number * factor, 3), id="partial"),
    ],
)
def test_whatever_can_be_called_travels(function: Callable[[int], int]) -> None:
    there = cast("Callable[[int], int]", unpacked(packed(function).content))
    assert there(14) == 42


def test_what_cannot_travel_is_named_with_the_reason() -> None:
    lock = threading.Lock()
    with pytest.raises(ConfigurationError, match="lock.*let it open files, connections") as raised:
        packed(lambda: lock)
    assert isinstance(raised.value.__cause__, TypeError)


def test_a_farm_without_a_token_says_itself_why_it_does_not_travel() -> None:
    with Farm(URL, user="me", password="secret") as farm:
        with pytest.raises(ConfigurationError, match=r"call farm.login\(\) first") as raised:
            packed(lambda: farm)
        assert "secret" not in str(raised.value)


def test_a_farm_with_a_token_travels() -> None:
    with Farm(URL, token="token") as farm:
        there = cast("Callable[[], Farm]", unpacked(packed(lambda: farm).content))()
        assert there.url == URL


def test_an_error_is_explained_from_the_function_on() -> None:
    def compute(_: Task | None) -> None:
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd") as raised:
        compute(None)
    first, _, rest = explained(raised.value).partition("\n")
    assert first == "ValueError: odd"
    assert "in compute" in rest
    assert "test_an_error" not in rest


def test_errors_that_were_never_raised_are_explained_too() -> None:
    assert explained(pickle.PicklingError("odd")).startswith("PicklingError: odd\n")

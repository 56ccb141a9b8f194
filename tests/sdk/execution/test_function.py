"""Functions that travel to other processes."""

from __future__ import annotations

import asyncio
import functools
import pickle
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast
from unittest import mock

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Task
from taskfarm_sdk.execution.function import (
    caught_in,
    explained,
    never_run,
    packed,
    unpacked,
    usable,
)

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


def test_a_function_that_travels_keeps_the_name_of_its_file() -> None:
    def compute(_: Task | None) -> None:
        raise ValueError("odd")

    there = cast("Callable[[None], None]", unpacked(packed(compute).content))
    with pytest.raises(ValueError, match="odd") as raised:
        there(None)
    assert f'{__file__}", line' in explained(raised.value)
    assert 'raise ValueError("odd")' in explained(raised.value)


async def coroutine(_: Task) -> None:
    """Compute nothing."""


async def async_generator(_: Task) -> AsyncIterator[int]:
    yield 1


def generator(_: Task) -> Iterator[int]:
    yield 1


class Holding:
    async def method(self, _: Task) -> None:
        """Compute nothing."""

    @staticmethod
    def iterate(_: Task) -> Iterator[int]:
        yield 1


class Called:
    async def __call__(self, _: Task) -> None:
        """Compute nothing."""


LATER: list[object] = [
    pytest.param(coroutine, "an async function", id="async"),
    pytest.param(async_generator, "an async generator function", id="async-generator"),
    pytest.param(generator, "a generator function", id="generator"),
    pytest.param(functools.partial(coroutine), "an async function", id="partial"),
    pytest.param(
        functools.partial(functools.partial(generator)), "a generator function", id="partials"
    ),
    pytest.param(Holding().method, "an async function", id="method"),
    pytest.param(Holding.iterate, "a generator function", id="static"),
    pytest.param(Called(), "an async function", id="object"),
    pytest.param(functools.partial(Called()), "an async function", id="partial-of-object"),
    pytest.param(Called().__call__, "an async function", id="call-of-object"),
    pytest.param(functools.cache(coroutine), "an async function", id="cached"),
    pytest.param(mock.AsyncMock(), "an async function", id="mock"),
]


@pytest.mark.parametrize(("function", "kind"), LATER)
def test_a_function_that_does_nothing_when_called_is_refused(function: object, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the function is {kind}, which does nothing"):
        usable(function)


def test_what_cannot_be_called_is_refused_without_its_contents() -> None:
    with pytest.raises(ConfigurationError, match="a function to call with each task, not a str"):
        usable("secret")


@functools.wraps(coroutine)
def wrapping(task: Task) -> object:
    return asyncio.run(coroutine(task))


@pytest.mark.parametrize(
    "function",
    [wrapping, Times(3), Times, functools.partial(Times(3)), print, mock.Mock(), lambda _: 7],
    ids=lambda function: type(function).__name__,
)
def test_a_function_that_computes_is_taken_whatever_it_wraps(function: object) -> None:
    assert usable(function) is function


@pytest.mark.parametrize("make", [coroutine, async_generator, generator], ids=lambda f: f.__name__)
def test_what_nobody_runs_is_an_error_of_the_function(make: Callable[[Any], object]) -> None:
    error = never_run(make(None))
    assert f"the function returned a {make.__name__}, which is never run" in str(error)


@pytest.mark.parametrize("returned", [None, 7, "text", [1], {"a": 1}, iter([1]), Times(3)])
def test_a_function_may_return_anything_else(returned: object) -> None:
    assert never_run(returned) is None


def test_an_exception_that_is_kept_lets_the_variables_of_its_frames_go() -> None:
    class Large:
        """Stands for much memory."""

    held: list[weakref.ref[Large]] = []

    def inner() -> None:
        large = Large()
        held.append(weakref.ref(large))
        raise ValueError("odd")

    def compute() -> None:
        large = Large()
        held.append(weakref.ref(large))
        try:
            inner()
        except ValueError as error:
            raise LookupError("odder") from error

    with pytest.raises(LookupError) as raised:
        compute()
    kept = caught_in(raised.value, travels=False)
    assert kept.error is raised.value
    assert [large() for large in held] == [None, None]
    assert "raise LookupError" in kept.traceback


def test_an_exception_for_another_process_is_packed() -> None:
    kept = caught_in(ValueError("odd"), travels=True)
    assert kept.error is None
    assert kept.packed is not None

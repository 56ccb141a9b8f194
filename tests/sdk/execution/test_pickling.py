"""Random generators among what a function holds: found, and named as the user knows them."""

from __future__ import annotations

import functools
import pickle
import random
from collections.abc import Callable
from typing import cast

import pytest

from taskfarm_sdk.execution.pickling import pickled

RNG = random.Random(1)


class Model:
    rng = random.Random(2)

    def __init__(self) -> None:
        self.own = random.Random(3)


class Generator:
    """Stands for NumPy's, which holds another one."""

    def __init__(self, bits: object) -> None:
        self.bit_generator = bits


class PCG64:
    """Stands for NumPy's."""


class Twister(random.Random):
    """A user's own."""


Generator.__module__ = "numpy.random._generator"
PCG64.__module__ = "numpy.random._pcg64"


def by_value(function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that travels as those of scripts do."""
    function.__module__ = "__main__"
    return function


def closure() -> Callable[[], object]:
    rng = random.Random(4)
    return lambda: rng


def with_default(rng: random.Random = RNG) -> object:
    return rng


def of_global() -> object:
    return RNG


class Holder(Model):
    """Travels as a class of a script does."""


Holder.__module__ = "__main__"


def of_class() -> object:
    return Holder


@pytest.mark.parametrize(
    ("held", "names"),
    [
        (by_value(of_global), ("RNG (random.Random)",)),
        (closure(), ("rng (random.Random)",)),
        (by_value(with_default), ("RNG (random.Random)",)),
        (functools.partial(print, RNG), ("random.Random",)),
        (Model(), ("Model.own (random.Random)",)),
        (Model().own.random, ("random.Random",)),
        ([Twister(5)], ("random.Random",)),
        (lambda: None, ()),
        (random.SystemRandom, ()),
    ],
    ids=[
        "global",
        "closure",
        "default",
        "partial",
        "attribute",
        "method",
        "subclass",
        "nothing",
        "class",
    ],
)
def test_a_generator_is_found_wherever_it_is_held(held: object, names: tuple[str, ...]) -> None:
    assert pickled(held).generators == names


def test_a_generator_of_a_class_of_the_script_is_found() -> None:
    Holder.rng = random.Random(6)
    assert pickled(by_value(of_class)).generators == ("Holder.rng (random.Random)",)


def test_several_generators_are_each_named_once() -> None:
    first, second = random.Random(7), random.Random(8)
    assert pickled(lambda: (first, second, first)).generators == (
        "first (random.Random)",
        "second (random.Random)",
    )


def test_the_functions_of_random_draw_from_each_processs_own() -> None:
    for function in (random.random, random.choice, random.gauss):
        result = pickled(function)
        assert result.generators == ()
        there = cast("Callable[..., object]", pickle.loads(result.content))
        assert getattr(there, "__self__", None) is getattr(function, "__self__", None)
        assert len(result.content) < 500, "its state stays here"

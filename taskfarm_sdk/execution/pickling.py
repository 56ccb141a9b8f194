"""Pickle functions by cloudpickle, and find the random generators that are pickled with them.

A generator is pickled by value: each process begins with the same state, and tasks draw the same
numbers. Those of the modules `random` and `numpy.random` are not pickled: each process seeds its
own.
"""

from __future__ import annotations

import inspect
import io
import os
import pickle
import random
import sys
import types
import warnings
from collections import ChainMap, deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

import attrs
import cloudpickle  # pyright: ignore[reportMissingTypeStubs]

_Reducer = Callable[[Any], tuple[object, ...]]

if TYPE_CHECKING:
    # cloudpickle has no types of its own.
    class _CloudPickler:
        dispatch_table: ClassVar[Mapping[type, _Reducer]]
        globals_ref: dict[int, object]

        def __init__(self, file: IO[bytes], protocol: int) -> None: ...

        def dump(self, obj: object, /) -> None: ...

        def reducer_override(self, obj: object, /) -> object: ...
else:
    _CloudPickler = cloudpickle.Pickler

# cloudpickle writes this instead of a file's name.
NO_FILE = "<dynamic-code>"
# How many objects that were pickled last may be the one that holds a generator.
RECENT = 64
PACKAGE = str(Path(__file__).parents[1]) + os.sep


@attrs.frozen
class Pickled:
    """A pickled object.

    Attributes:
        content: the bytes.
        generators: the random generators that it holds, each with its name.
    """

    content: bytes = attrs.field(repr=False)
    generators: tuple[str, ...]


def _reduced_code(code: types.CodeType) -> tuple[object, ...]:
    """Return a function's code with its file name, so that tracebacks show its lines."""
    make, parts = _CloudPickler.dispatch_table[types.CodeType](code)
    named = [
        code.co_filename if part == NO_FILE else part for part in cast("tuple[object, ...]", parts)
    ]
    return make, tuple(named)


class Pickler(_CloudPickler):
    """A pickler that keeps the names of files, and notes the random generators it comes across."""

    dispatch_table: ClassVar[Mapping[type, _Reducer]] = ChainMap(
        {types.CodeType: _reduced_code}, cast("Any", _CloudPickler.dispatch_table)
    )

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.generators: dict[int, str] = {}
        self._owners: list[types.FunctionType | type] = []
        self._recent: deque[object] = deque(maxlen=RECENT)

    def reducer_override(self, obj: object, /) -> object:
        """Return how an object is pickled; NotImplemented for the usual way."""
        if isinstance(obj, types.FunctionType | type):
            self._owners.append(obj)
        elif (kind := _kind_of_generator(obj)) is None:
            self._recent.append(obj)
        elif (find := _module_generator(obj)) is not None:
            return find, ()
        else:
            self._note(obj, kind)
        return super().reducer_override(obj)

    def _note(self, generator: object, kind: str) -> None:
        for inner in ("bit_generator", "_bit_generator"):
            # It is pickled next, and is named with what holds it.
            if (bits := getattr(generator, inner, None)) is not None:
                self.generators[id(bits)] = ""
        if id(generator) in self.generators:
            return
        holders = (*self._owners, *reversed(self._recent))
        name = next((name for holder in holders for name in _names(holder, generator)), None)
        self.generators[id(generator)] = kind if name is None else f"{name} ({kind})"


def pickled(thing: object) -> Pickled:
    """Pickle an object for another process."""
    file = io.BytesIO()
    pickler = Pickler(file)
    pickler.dump(thing)
    return Pickled(file.getvalue(), named(pickler))


def named(pickler: Pickler) -> tuple[str, ...]:
    """Return the names of the generators that a pickler came across."""
    return tuple(dict.fromkeys(name for name in pickler.generators.values() if name))


def warn_of_generators(names: tuple[str, ...]) -> None:
    """Warn the user's program, once, about generators that are pickled by value."""
    if not names:
        return
    text = (
        f"the function holds a random generator: {', '.join(names)}. Each process gets a copy in "
        "the same state, so tasks draw the same numbers: create a generator in the function from "
        "task.seed, such as random.Random(task.seed) or numpy.random.default_rng(task.seed)"
    )
    warnings.warn(text, UserWarning, stacklevel=_depth_of_caller())


def _depth_of_caller() -> int:
    """Return how many frames up from the warning the user's program is."""
    frame = inspect.currentframe()
    depth = 0
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        depth, frame = depth + 1, frame.f_back
    return depth


def _kind_of_generator(obj: object) -> str | None:
    """Return the kind of a random generator, or None for any other object."""
    if isinstance(obj, random.SystemRandom):
        return None  # it has no state
    for kind in type(obj).__mro__[:-1]:
        module, name = kind.__module__, kind.__name__
        if kind is random.Random:
            return "random.Random"
        if name in {"Generator", "RandomState", "BitGenerator"} and (
            module.split(".")[0] in {"numpy", "cupy", "torch"}
        ):
            package = "torch" if module.startswith("torch") else f"{module.split('.')[0]}.random"
            return f"{package}.{name}"
    return None


def _module_generator(obj: object) -> Callable[[], object] | None:
    """Return the function that finds a module's own generator; None for other generators."""
    for find in (python_generator, numpy_generator):
        if "numpy.random" not in sys.modules and find is numpy_generator:
            continue
        if find() is obj:
            return find
    return None


def python_generator() -> object:
    """Return the generator that the functions of `random` draw from."""
    return cast("types.BuiltinMethodType", random.random).__self__


def numpy_generator() -> object:
    """Return the generator that the functions of `numpy.random` draw from."""
    module = __import__("numpy.random", fromlist=["rand"])
    return cast("types.BuiltinMethodType", module.rand).__self__


def _names(holder: object, generator: object) -> Iterator[str]:
    """Yield the names by which an object holds a generator."""
    if isinstance(holder, types.FunctionType):
        yield from _keys(_closure(holder), generator)
        yield from _keys(holder.__globals__, generator)
        return
    prefix = holder.__name__ if isinstance(holder, type) else type(holder).__name__
    for name in _keys(getattr(holder, "__dict__", {}), generator):
        yield f"{prefix}.{name}"


def _keys(mapping: Mapping[str, object], value: object) -> Iterator[str]:
    # A copy: other threads of the program may add names meanwhile.
    return (name for name, held in list(mapping.items()) if held is value)


def _closure(function: types.FunctionType) -> Mapping[str, object]:
    values: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError:
            continue  # not bound yet
    return values

"""Functions that compute tasks: their checks, pickling and exceptions.

cloudpickle packs them for other processes, also functions of scripts and closures.
"""

from __future__ import annotations

import functools
import inspect
import pickle
import traceback
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import cast

import attrs

from taskfarm_sdk import _pickles
from taskfarm_sdk._caught import Caught, caught, describe
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.execution.pickling import Pickled, pickled
from taskfarm_sdk.task import Task

Function = Callable[[Task], object]
# Its type has no public name.
_Cached = type(functools.cache(lambda: None))
# Of what most functions return; asking the abstract classes takes longer than a short item.
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})


def usable(function: object, method: str = "work", each: str = "task") -> Function:
    """Return the function, if it can be called with each task or item.

    Args:
        function: the user's.
        method: which method it was given to.
        each: what it is called with.

    Raises:
        ConfigurationError: it cannot be called, or calling it would not run it.
    """
    if not callable(function):
        raise ConfigurationError(
            f"{method} needs a function to call with each {each}, not a {type(function).__name__}"
        )
    if (how := _runs_later(function)) is not None:
        raise ConfigurationError(
            f"the function is {how}, which does nothing when it is called, so that each {each} "
            f"would count as done: give {method}() a plain function{_REMEDIES[how]}"
        )
    return function


_ASYNC, _ASYNC_GENERATOR, _GENERATOR = (
    "an async function",
    "an async generator function",
    "a generator function",
)
_REMEDIES = {
    _ASYNC: " that runs it, as with asyncio.run(compute(task))",
    _ASYNC_GENERATOR: " that runs it, with asyncio.run()",
    _GENERATOR: ", without `yield`, or one that iterates over it",
}


def _runs_later(function: object) -> str | None:
    """Return which kind of function returns before its body has run; None if it does not."""
    for code in _layers(function):
        # Such a function can have an `__isabstractmethod__` and the like; its kind is in its code.
        if inspect.isasyncgenfunction(code):
            return _ASYNC_GENERATOR
        if inspect.iscoroutinefunction(code):
            return _ASYNC
        if inspect.isgeneratorfunction(code):
            return _GENERATOR
    return None


def _layers(function: object) -> list[object]:
    """Return a function and the one inside it, for partials, methods and callable objects."""
    layers: list[object] = []
    while function is not None and not any(function is layer for layer in layers):
        layers.append(function)
        if isinstance(function, functools.partial):
            function = cast("object", function.func)
        elif inspect.ismethod(function):
            function = function.__func__
        elif isinstance(function, _Cached):
            function = function.__wrapped__
        elif inspect.isroutine(function) or inspect.isclass(function):
            break
        else:
            function = getattr(type(function), "__call__", None)  # noqa: B004
    return layers


def never_run(returned: object) -> TypeError | None:
    """Return the error of a function that returned a coroutine or generator that never ran."""
    if type(returned) in _PLAIN or not isinstance(returned, (Coroutine, Generator, AsyncGenerator)):
        return None
    kind = type(cast("object", returned)).__name__
    if isinstance(returned, (Coroutine, Generator)):
        returned.close()  # else Python warns of a coroutine that was never awaited
    return TypeError(
        f"the function returned a {kind}, which is never run: run it inside the function, as with "
        "asyncio.run() or a loop"
    )


def packed(function: object) -> Pickled:
    """Return a function, or an object that holds one, pickled.

    Raises:
        ConfigurationError: it cannot be pickled.
    """
    with refused():
        return pickled(function)


@contextmanager
def refused() -> Generator[None]:
    """Return the error for a function that cannot be pickled, with the remedy."""
    try:
        yield
    except TaskfarmError:
        raise  # of a Farm without a token, say, whose own words are better
    except Exception as error:
        raise ConfigurationError(
            f"the function cannot be sent to other processes: {describe(error)}; let it open "
            "files, connections, locks and the like itself, instead of holding them"
        ) from error


def unpacked(packed: bytes) -> object:
    """Return the unpickled object."""
    return pickle.loads(packed)  # noqa: S301 - written by our parent, for us alone


def explained(error: BaseException) -> str:
    """Return an error of the user's function: in one line, and where it happened."""
    return _caught_below(error).explained


def caught_in(error: BaseException, *, travels: bool) -> Caught:
    """Return a description of an exception of the user's function. Never raises.

    Args:
        error: the exception.
        travels: whether the description goes to another process. Else it keeps the exception, and
            drops the variables of its frames, which may be large.
    """
    kept = _caught_below(error)
    if travels:
        return attrs.evolve(kept, packed=_pickles.pack(error))
    _let_go(error)
    return attrs.evolve(kept, error=error)


def _caught_below(error: BaseException) -> Caught:
    frames = error.__traceback__
    return caught(error, None if frames is None else frames.tb_next)


def _let_go(error: BaseException) -> None:
    left: list[BaseException] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        left += [other for other in (one.__cause__, one.__context__) if other is not None]
        if isinstance(one, BaseExceptionGroup):
            left += cast("BaseExceptionGroup[BaseException]", one).exceptions

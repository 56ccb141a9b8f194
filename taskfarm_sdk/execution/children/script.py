"""The caller's `__main__` in a child: its names and its file, without the script being run again.

The script's names that a function uses are sent with it, into the child's `__main__`. So pickle
finds the script's classes and functions there, and multiprocessing finds its file. The script's
other classes and functions stay pickled until they are used.
"""

from __future__ import annotations

import io
import pickle
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import cast

import attrs

from taskfarm_sdk.execution.function import refused
from taskfarm_sdk.execution.pickling import Pickler, named

# The most that the rest of the script may take, each and in all.
EXTRA_MOST_BYTES = 2**20
EXTRAS_MOST_BYTES = 2**24
# How many values describe an object with a function of its own that sets its state.
STATEFUL = 6


@attrs.frozen
class Script:
    """The parts of the caller's `__main__` that a child gets.

    Attributes:
        argv: the program's arguments.
        file: its file, if it has one.
        package: the package that it is a module of, if any.
        module: the name that it was started by (`python -m`), if any.
    """

    argv: list[str]
    file: str | None
    package: str | None
    module: str | None

    @classmethod
    def here(cls) -> Script:
        """Return the description of this process's `__main__`."""
        main = sys.modules["__main__"]
        file = getattr(main, "__file__", None)
        package = getattr(main, "__package__", None)
        module = getattr(getattr(main, "__spec__", None), "name", None)
        return cls(
            [str(word) for word in getattr(sys, "argv", [])],
            file if isinstance(file, str) else None,
            package if isinstance(package, str) else None,
            module if isinstance(module, str) else None,
        )


@attrs.frozen
class Packed:
    """A function with the names that it uses.

    Attributes:
        function: the function, pickled.
        extras: the script's other classes and functions, each pickled.
        generators: the names of the random generators that the function holds.
    """

    function: bytes = attrs.field(repr=False)
    extras: Mapping[str, bytes] = attrs.field(repr=False)
    generators: tuple[str, ...]


def pack(function: object) -> Packed:
    """Pickle a function of the user's for child processes.

    Raises:
        ConfigurationError: the function cannot be pickled.
    """
    file = io.BytesIO()
    pickler = _ScriptPickler(file)
    with refused():
        pickler.dump(function)
        pickler.dump(dict(pickler.found))
    extras = dict(_extras(without=set(pickler.found)))
    return Packed(file.getvalue(), extras, named(pickler))


def become(script: Script, extras: Mapping[str, bytes]) -> None:
    """Make this process's `__main__` the script's."""
    main = _ScriptModule(extras, sys.modules["__main__"])
    main.__package__ = script.package
    if script.file is not None:
        main.__file__ = script.file
    if script.module is not None:
        main.__spec__ = ModuleSpec(script.module, None, origin=script.file)
    # The second is what multiprocessing calls it.
    sys.modules["__main__"] = sys.modules["__mp_main__"] = main
    sys.argv[:] = script.argv


def unpack(function: bytes) -> object:
    """Return the function that `pack` pickled, in a process whose `__main__` is the script's."""
    unpickler = pickle.Unpickler(io.BytesIO(function))  # noqa: S301 - by our parent, for us alone
    there: object = unpickler.load()
    for name, value in cast("dict[str, object]", unpickler.load()).items():
        main_names().setdefault(name, value)
    return there


def main_names() -> dict[str, object]:
    """Return the names of this process's `__main__`."""
    return vars(sys.modules["__main__"])


class _ScriptModule(ModuleType):
    """A `__main__` that unpickles the script's classes and functions when they are asked for."""

    __slots__ = ("_before", "_pickled")

    def __init__(self, extras: Mapping[str, bytes], before: ModuleType) -> None:
        super().__init__("__main__")
        self._pickled: Mapping[str, bytes] = extras
        # Its functions are still at work, and its names end with it.
        self._before = before

    def __getattr__(self, name: str) -> object:
        with _loading:
            if name in vars(self):
                return vars(self)[name]  # another thread was first
            content = self._pickled.get(name)
            if content is None:
                raise AttributeError(f"module '__main__' has no attribute {name!r}")
            try:
                value: object = pickle.loads(content)  # noqa: S301 - see above
            except Exception as error:
                raise AttributeError(
                    f"{name!r} of the script cannot be used in a child process: {error}"
                ) from error
            return vars(self).setdefault(name, value)


_loading = threading.RLock()


class _MainNames:
    """Stands for the names of `__main__` in a pickle."""

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return main_names, ()


class _ScriptPickler(Pickler):
    """A pickler that leaves the script's functions in the `__main__` that they come to.

    Attributes:
        found: the script's classes and functions that it came across, by their names.
    """

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.found: dict[str, object] = {}
        self._names = main_names()
        # What cloudpickle has functions of one module share.
        self.globals_ref[id(self._names)] = _MainNames()

    def reducer_override(self, obj: object, /) -> object:
        """Return how an object is pickled."""
        if isinstance(obj, FunctionType | type) and _is_of_script(obj, obj.__name__):
            self.found.setdefault(obj.__name__, obj)
        reduced = super().reducer_override(obj)
        if isinstance(obj, type) and (parts := _stateful(reduced)) is not None:
            _keep_qualified_name(obj, parts[2])
        return reduced


class _ExtraPickler(_ScriptPickler):
    """A pickler for names that may never be used: small, without secrets, changes no name."""

    def reducer_override(self, obj: object, /) -> object:
        """Return how an object is pickled."""
        if not isinstance(obj, _MainNames) and _is_of_sdk(type(obj)):
            # A farm holds a token.
            raise pickle.PicklingError("farms and runs stay where they are")
        reduced = super().reducer_override(obj)
        if isinstance(obj, FunctionType) and (parts := _stateful(reduced)) is not None:
            return (*parts[:-1], partial(_set_missing, cast("Callable[..., object]", parts[-1])))
        return reduced


class _Bounded(io.BytesIO):
    def write(self, part: object, /) -> int:
        size = super().write(part)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if self.tell() > EXTRA_MOST_BYTES:
            raise pickle.PicklingError("it is too large")
        return size


def _stateful(reduced: object) -> tuple[object, ...] | None:
    """Return the parts of an object that is created before it gets its state; else None."""
    parts = cast("tuple[object, ...]", reduced) if isinstance(reduced, tuple) else ()
    return parts if len(parts) == STATEFUL else None


def _is_of_sdk(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "taskfarm_sdk"


def _keep_qualified_name(kind: type, state: object) -> None:
    """Have a class inside another one found there, which cloudpickle leaves out."""
    if isinstance(state, tuple) and "." in kind.__qualname__:
        names = cast("tuple[object, ...]", state)[0]
        if isinstance(names, dict):
            cast("dict[str, object]", names).setdefault("__qualname__", kind.__qualname__)


def _set_missing(
    set_state: Callable[..., object],
    function: FunctionType,
    state: tuple[object, dict[str, object]],
) -> None:
    """Set a function's state, but keep names that its module has: they may have changed."""
    names = cast("dict[str, object]", state[1].get("__globals__", {}))
    for name in names.keys() & function.__globals__.keys():
        names[name] = function.__globals__[name]
    set_state(function, state)


def _is_of_script(obj: FunctionType | type, name: str) -> bool:
    return getattr(obj, "__module__", None) == "__main__" and main_names().get(name) is obj


def _extras(without: set[str]) -> Iterator[tuple[str, bytes]]:
    left = EXTRAS_MOST_BYTES
    for name, value in list(main_names().items()):
        if name in without or not isinstance(value, FunctionType | type):
            continue
        content = _extra(value) if _is_of_script(value, name) else None
        if content is not None and len(content) <= left:
            left -= len(content)
            yield name, content


def _extra(value: types.FunctionType | type) -> bytes | None:
    file = _Bounded()
    try:
        _ExtraPickler(file).dump(value)
    except Exception:  # noqa: BLE001 - of whatever it refers to: then it stays out of children
        return None
    return file.getvalue()

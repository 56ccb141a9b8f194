"""All that the SDK's modules hold and export, looked up in them, and rules that it keeps."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any, is_typeddict

import attrs

import taskfarm_cli
import taskfarm_sdk
from taskfarm_sdk import (
    AuthenticationError,
    ConnectionFailed,
    RequestRejected,
    ServerError,
    UnexpectedReply,
)
from tests.support.raised_errors import errors_raised_by
from tests.support.secrecy import TOKEN, texts_that_hold

# Seconds, percentages, and moments by a clock that the parameter's description names.
UNITS = re.compile(r"_s$|_at$|^percent|percentage$")
SECRET = re.compile(r"^_*(token|password|secret_key|key)$")
# Named as secrets, and none.
NO_SECRET = {("LoopPayload", "key")}  # which of this process's workers a loop is of
# They run or need what is not imported here: an interpreter's start, pytest, the server.
NOT_IMPORTED = ("_bootstrap", "plugin", "__main__", "guardian", "waitress_parts")
# Made by the SDK alone: what they are made of is no concern of users.
MADE_INSIDE = {"Run", "AsyncRun", "Results", "Task", "Worker"}
# The classes say once what each of their requests may raise.
OF_ANY_REQUEST = {
    AuthenticationError,
    ConnectionFailed,
    RequestRejected,
    ServerError,
    UnexpectedReply,
}
SEE_ANOTHER = re.compile(r"[;.] See `|; see `")


@attrs.frozen
class Public:
    """A function, method or class that users call.

    Attributes:
        name: where it is found.
        call: itself.
        told: its docstring.
        owner: the class of a method.
    """

    name: str
    call: Callable[..., Any]
    told: str
    owner: type | None = None


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield a package and all modules in it."""
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith(NOT_IMPORTED):
            yield importlib.import_module(found.name)


def public_callables() -> Iterator[Public]:
    """Yield what users call: all that a module of the SDK names in its `__all__`."""
    seen: set[int] = set()
    for module in modules(taskfarm_sdk):
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if id(value) not in seen:
                seen.add(id(value))
                yield from callables_of(f"{module.__name__.removeprefix('taskfarm_sdk.')}", value)


def callables_of(home: str, value: object) -> Iterator[Public]:
    """Yield a function, or a class with its methods; nothing for an error or a constant."""
    if inspect.isfunction(value):
        yield Public(f"{home}.{value.__name__}", value, value.__doc__ or "")
    if not isinstance(value, type) or issubclass(value, BaseException) or is_typeddict(value):
        return
    # A protocol is never made.
    if value.__name__ not in MADE_INSIDE and not is_protocol(value):
        yield Public(f"{home}.{value.__name__}", value, value.__doc__ or "", value)
    bases = [base for base in value.__mro__ if base is value or _is_of_the_sdk(base)]
    own = {name for base in bases for name in vars(base)}
    for name, method in inspect.getmembers(value, inspect.isroutine):
        if not name.startswith("_") and name in own:
            told = method.__doc__ or ""
            yield Public(f"{home}.{value.__name__}.{name}", method, told, value)


def is_protocol(kind: type) -> bool:
    """Return whether a class only says what others have; `typing` tells from 3.13 on."""
    return bool(getattr(kind, "_is_protocol", False))


def _is_of_the_sdk(kind: type) -> bool:
    return kind.__module__.startswith(taskfarm_sdk.__name__)


def _parameters(public: Public) -> list[inspect.Parameter]:
    parameters = inspect.signature(public.call).parameters.values()
    return [parameter for parameter in parameters if parameter.name != "self"]


def floats_without_unit(public: Public) -> list[str]:
    """Return the parameters that are floats, and whose names do not say of what."""
    return [
        parameter.name
        for parameter in _parameters(public)
        if re.search(r"\bfloat\b", re.sub(r"Callable\[.*\]", "", str(parameter.annotation)))
        and not UNITS.search(parameter.name)
    ]


def undescribed(public: Public) -> list[str]:
    """Return the parameters of which the docstring says nothing."""
    if SEE_ANOTHER.search(public.told):
        return []  # described at the other's
    # In a line of its own under Args or Attributes, or by its name in a sentence.
    return [
        parameter.name
        for parameter in _parameters(public)
        if not re.search(rf"(?m)^\s+{parameter.name}: |`{parameter.name}`", public.told)
    ]


def errors_not_named(public: Public) -> list[str]:
    """Return the errors that it raises and names neither itself nor, for all methods, its class."""
    if SEE_ANOTHER.search(public.told):
        return []
    of_class = public.owner.__doc__ or "" if public.owner is not None else ""
    return sorted(
        error.__name__
        for error in errors_raised_by(public.call, public.owner) - OF_ANY_REQUEST
        if not re.search(rf"\b{error.__name__}: ", public.told)
        and f"`{error.__name__}`" not in of_class
    )


def classes() -> Iterator[type]:
    """Yield every class of the SDK and of the commands, private ones too."""
    for package in (taskfarm_sdk, taskfarm_cli):
        for module in modules(package):
            for _, value in inspect.getmembers(module, inspect.isclass):
                if value.__module__ == module.__name__:
                    yield value


def names_of_secrets(kind: type) -> set[str]:
    """Return the names of a class's arguments, fields and properties that are secrets."""
    names = set(dir(kind)) | {field.name for field in fields_of(kind)}
    with suppress(ValueError, TypeError):  # some have no signature
        names |= set(inspect.signature(kind).parameters)
    return {
        name for name in names if SECRET.search(name) and (kind.__qualname__, name) not in NO_SECRET
    }


def has_a_repr(kind: type) -> bool:
    """Return whether a class shows more of itself than its name and an address."""
    shown: object = kind.__repr__
    return shown is not object.__repr__


def fields_of(kind: type) -> tuple[Any, ...]:
    """Return the fields of a class of attrs."""
    return attrs.fields(kind) if attrs.has(kind) else ()


def texts_with_the_secret(kind: type) -> list[str]:
    """Make one of a class, with a secret for each name of one; return the texts that show it."""
    thing = _with_secrets(kind)
    secrets = {TOKEN}
    for name in names_of_secrets(kind):
        value = getattr(thing, name, None)
        secrets |= {value} if isinstance(value, str) and value else set()
    return texts_that_hold(thing, secrets)


def _with_secrets(kind: type) -> object:
    if attrs.has(kind):
        # By its fields, for some are made from what no test has at hand.
        thing = object.__new__(kind)
        for field in attrs.fields(kind):
            value = TOKEN if SECRET.search(field.name) else None
            object.__setattr__(thing, field.name, value)
        return thing
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if SECRET.search(name):
            given[name] = TOKEN
        elif name == "url":
            given[name] = "http://farm.example/api/"
        elif parameter.default is inspect.Parameter.empty:
            given[name] = "me"
    if {"token", "password"} <= set(given):
        del given["password"]
    return kind(**given)

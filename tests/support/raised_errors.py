"""Which errors of the SDK a function can raise, read from its code and from what that calls."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import attrs

from taskfarm_sdk import OutcomeUnknown, TaskfarmError
from taskfarm_sdk._sansio.retry import Rule, Then
from taskfarm_sdk._session import request

MISSING = object()
# What a request raises depends on its rule.
BY_RULE = (request.ask, request._after)


def errors_raised_by(
    function: Callable[..., object], owner: type | None = None
) -> set[type[TaskfarmError]]:
    """Return the errors that are raised by name in a function, and in those that it calls.

    Calls are followed through names, modules' attributes and `self`, not through other objects.
    What any request may raise is left out but for what a request's retry rule adds.

    Args:
        function: a function, a method, or a class, which stands for its making.
        owner: the class that a method's `self` is of.
    """
    found: set[type[TaskfarmError]] = set()
    seen: set[object] = set()
    waiting: list[tuple[object, type | None]] = [(function, owner)]
    while waiting:
        value, its = waiting.pop()
        if isinstance(value, type):
            waiting += [(made, value) for made in _run_by_making(value)]
        code = inspect.unwrap(value) if callable(value) else None
        if not isinstance(code, FunctionType) or code in seen or code in BY_RULE:
            continue
        seen.add(code)
        if not code.__module__.startswith(("taskfarm_sdk", "tests")):
            continue
        reading = _Reading(code, its)
        found |= reading.raised
        waiting += reading.called
    return found


def _run_by_making(kind: type) -> Iterator[object]:
    for name in ("__init__", "__attrs_post_init__"):
        if isinstance(made := vars(kind).get(name), FunctionType) and not attrs.has(kind):
            yield made
    if attrs.has(kind):
        yield from (f.converter for f in attrs.fields(kind) if f.converter is not None)
        yield vars(kind).get("__attrs_post_init__")


class _Reading:
    """A function's code, read: what it raises by name, and what it calls."""

    def __init__(self, function: FunctionType, owner: type | None) -> None:
        self._names: dict[str, object] = dict(function.__globals__)
        self._owner = owner
        self.raised: set[type[TaskfarmError]] = set()
        self.called: list[tuple[object, type | None]] = []
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                self._import(node)
        for node in nodes:
            if isinstance(node, ast.Raise) and node.exc is not None:
                self._raise(node.exc)
            elif isinstance(node, ast.Call):
                self._call(node)

    def _import(self, node: ast.ImportFrom) -> None:
        module = importlib.import_module(node.module or "")
        for name in node.names:
            found = getattr(module, name.name, MISSING)
            if found is MISSING:
                found = importlib.import_module(f"{node.module}.{name.name}")
            self._names[name.asname or name.name] = found

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, ast.Name):
            return self._names.get(node.id, MISSING)
        if not isinstance(node, ast.Attribute):
            return MISSING
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            return getattr(self._owner, node.attr, MISSING)
        value = self._value(node.value)
        return getattr(value, node.attr, MISSING) if isinstance(value, ModuleType) else MISSING

    def _raise(self, node: ast.expr) -> None:
        value = self._value(node.func if isinstance(node, ast.Call) else node)
        if isinstance(value, FunctionType):  # which makes the error
            returned = str(value.__annotations__.get("return", ""))
            value = vars(sys.modules[value.__module__]).get(returned, MISSING)
        if _is_error(value):
            self.raised.add(value)  # type: ignore[arg-type]

    def _call(self, node: ast.Call) -> None:
        value = self._value(node.func)
        if value is MISSING or _is_error(value):
            return
        owner = self._owner if isinstance(node.func, ast.Attribute) else None
        self.called.append((value, owner))
        for argument in node.args:
            rule: Any = self._value(argument)
            if isinstance(rule, Rule) and Then.UNKNOWN in rule:
                self.raised.add(OutcomeUnknown)


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, TaskfarmError)

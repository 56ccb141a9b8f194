"""Rules that all public names keep, looked up in the code itself and in no list kept by hand."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import taskfarm_sdk

# Numbers of these kinds have no unit of time: the name itself says what they are.
UNITS = re.compile(r"_s$|^percent|percentage$")
MADE_BY_USERS = {"Farm", "AsyncFarm"}
SECRET = re.compile(r"token|password|secret_key")


def public_functions() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Yield the functions and methods that users call, with their names and documentation."""
    for name in taskfarm_sdk.__all__:
        kind = getattr(taskfarm_sdk, name)
        if not isinstance(kind, type):
            continue
        if name in MADE_BY_USERS:
            yield name, kind, kind.__doc__ or ""
        for member, method in inspect.getmembers(kind, inspect.isfunction):
            if not member.startswith("_"):
                yield f"{name}.{member}", method, method.__doc__ or ""
    for home in ("logins", "testing"):
        module = importlib.import_module(f"taskfarm_sdk.{home}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("_") and function.__module__.startswith("taskfarm_sdk"):
                yield f"{home}.{name}", function, function.__doc__ or ""


FUNCTIONS = list(public_functions())
each_function = pytest.mark.parametrize(
    ("function", "told"), [pytest.param(*rest, id=name) for name, *rest in FUNCTIONS]
)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return a function's parameters but for `self`."""
    parameters = inspect.signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.name != "self"]


@each_function
def test_a_float_says_its_unit_in_its_name(function: Callable[..., Any], told: str) -> None:
    assert told
    floats = [p.name for p in parameters_of(function) if re.search(r"\bfloat\b", str(p.annotation))]
    assert [name for name in floats if not UNITS.search(name)] == []


@each_function
def test_each_argument_is_described(function: Callable[..., Any], told: str) -> None:
    if re.search("; see `", told):
        return  # a twin's are described at the other's
    names = [parameter.name for parameter in parameters_of(function)]
    # In a line of its own under Args, or by its name in a sentence.
    described = r"^\s+{0}: |`{0}`"
    missing = [n for n in names if not re.search(described.format(n), told, flags=re.MULTILINE)]
    assert missing == []


def classes_of_the_sdk() -> Iterator[type]:
    """Yield every class of attrs in the SDK, private ones too."""
    for found in pkgutil.walk_packages(taskfarm_sdk.__path__, "taskfarm_sdk."):
        if found.name.endswith(("_bootstrap", "plugin", "__main__", "guardian")):
            continue
        module = importlib.import_module(found.name)
        for _, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == module.__name__ and attrs.has(value):
                yield value


def test_no_repr_shows_a_field_named_as_a_secret() -> None:
    shown = [
        f"{kind.__qualname__}.{field.name}"
        for kind in classes_of_the_sdk()
        for field in attrs.fields(kind)
        if SECRET.search(field.name) and field.repr is True
    ]
    assert shown == []


def test_no_function_stands_in_two_modules() -> None:
    found: dict[str, set[str]] = {}
    for path in Path(taskfarm_sdk.__file__).parent.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                body = ast.dump(ast.Module(node.body, []))
                found.setdefault(body, set()).add(f"{path.name}: {node.name}")
    assert [places for places in found.values() if len(places) > 1] == []

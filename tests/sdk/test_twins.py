"""`AsyncFarm` and `AsyncRun` are `Farm` and `Run`, awaited: the same names, arguments, data."""

from __future__ import annotations

import inspect
from typing import Any

import attrs
import pytest

from taskfarm_sdk import AsyncFarm, AsyncRun, Farm, Run

# Workers compute, and that is no business of an event loop.
BLOCKING_ALONE = {"Farm": {"map", "prepare"}, "Run": {"worker", "work"}}
PAIRS = [pytest.param(Farm, AsyncFarm, id="Farm"), pytest.param(Run, AsyncRun, id="Run")]


def public(kind: type) -> dict[str, Any]:
    shown = [name for name in dir(kind) if not name.startswith("_")]
    return {name: inspect.getattr_static(kind, name) for name in shown}


def methods(kind: type) -> dict[str, Any]:
    return {name: value for name, value in public(kind).items() if inspect.isfunction(value)}


def shared_methods() -> list[Any]:
    return [
        pytest.param(method, methods(twin)[name], id=f"{kind.__name__}.{name}")
        for kind, twin in ((Farm, AsyncFarm), (Run, AsyncRun))
        for name, method in methods(kind).items()
        if name in methods(twin)
    ]


def plain(annotation: object) -> str:
    assert isinstance(annotation, str), "annotations are texts under `from __future__`"
    return annotation.replace("Async", "")


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_twins_have_the_same_public_names(kind: type, twin: type) -> None:
    assert set(public(twin)) == set(public(kind)) - BLOCKING_ALONE[kind.__name__]


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_twins_are_made_alike(kind: type, twin: type) -> None:
    ours, theirs = inspect.signature(kind), inspect.signature(twin)
    assert list(ours.parameters) == list(theirs.parameters)
    for name, parameter in ours.parameters.items():
        other = theirs.parameters[name]
        assert (parameter.kind, parameter.default) == (other.kind, other.default)
        assert plain(parameter.annotation) == plain(other.annotation)


@pytest.mark.parametrize(("method", "twin"), shared_methods())
def test_twins_methods_take_and_return_the_same(method: Any, twin: Any) -> None:
    ours, theirs = inspect.signature(method), inspect.signature(twin)
    assert list(ours.parameters) == list(theirs.parameters)
    for name, parameter in ours.parameters.items():
        other = theirs.parameters[name]
        assert (parameter.kind, parameter.default) == (other.kind, other.default), name
        if parameter.annotation is not inspect.Parameter.empty:
            assert plain(parameter.annotation) == plain(other.annotation), name
    assert plain(ours.return_annotation) == plain(theirs.return_annotation)


@pytest.mark.parametrize(("method", "twin"), shared_methods())
def test_what_blocks_is_awaited_or_iterated(method: Any, twin: Any) -> None:
    assert not inspect.iscoroutinefunction(method)
    if plain(inspect.signature(method).return_annotation).startswith("Iterator["):
        assert inspect.signature(twin).return_annotation.startswith("AsyncIterator[")
        assert not inspect.iscoroutinefunction(twin)
    else:
        assert inspect.iscoroutinefunction(twin)


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_twins_properties_are_of_the_same_type(kind: type, twin: type) -> None:
    def types(of: type) -> dict[str, object]:
        return {
            name: inspect.signature(value.fget).return_annotation
            for name, value in public(of).items()
            if isinstance(value, property) and value.fget is not None
        }

    assert types(kind) == types(twin)


def test_twins_runs_hold_the_same_data() -> None:
    def data(kind: type[attrs.AttrsInstance]) -> list[tuple[object, ...]]:
        return [
            (field.name, field.type, field.default, field.repr, field.eq)
            for field in attrs.fields(kind)
            if not field.name.startswith("_")
        ]

    assert data(Run) == data(AsyncRun)
    assert [name for name, *_ in data(Run)] == ["uuid", "id", "num_tasks", "num_tasks_text"]


@pytest.mark.parametrize("kind", [AsyncFarm, AsyncRun])
def test_each_method_of_a_twin_is_documented(kind: type) -> None:
    assert not [name for name, method in methods(kind).items() if not inspect.getdoc(method)]


def test_each_twin_has_its_own_with() -> None:
    assert hasattr(Farm, "__enter__")
    assert hasattr(AsyncFarm, "__aenter__")
    assert not hasattr(Farm, "__aenter__")
    assert not hasattr(AsyncFarm, "__enter__")

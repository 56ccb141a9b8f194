"""The defaults that signatures of the Python API show can be written."""

from __future__ import annotations

import inspect
import os
import subprocess
import time
from collections.abc import Callable

import attrs
import pytest

from docs.site.signatures import is_made_inside, signature_of, with_plain_aliases
from taskfarm_sdk import Farm, Item, Run
from taskfarm_sdk.execution.parts import Group


def _private() -> None:
    """Do nothing."""


@attrs.frozen
class Made:
    """A class whose `__init__` is in no file."""

    clock: Callable[[], float] = time.monotonic
    call: Callable[[], None] = _private


def of_functions(
    number: int = 3,
    text: str = "a",
    kind: type = int,
    *,
    needed: int,
    stream: int = subprocess.DEVNULL,
    clock: Callable[[], float] = time.monotonic,
    own: Callable[..., object] = signature_of,
    private: Callable[[], None] = _private,
    nameless: Callable[[], None] = lambda: None,
    of_a_class: str = os.sep.lower(),
) -> None:
    """Take defaults of each kind."""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("number", "3"),
        ("text", "'a'"),
        ("kind", "<class 'int'>"),
        ("stream", "subprocess.DEVNULL"),
        ("clock", "time.monotonic"),
        ("own", "docs.site.signatures.signature_of"),
        ("private", "..."),
        ("nameless", "..."),
        ("of_a_class", "'/'"),
    ],
)
def test_a_default_is_shown_as_somebody_would_write_it(name: str, shown: str) -> None:
    assert repr(signature_of(of_functions).parameters[name].default) == shown


def test_a_parameter_without_a_default_keeps_none() -> None:
    assert signature_of(of_functions).parameters["needed"].default is inspect.Parameter.empty


def test_a_class_of_attrs_is_shown_so_too() -> None:
    shown = signature_of(Made.__init__).parameters
    assert [repr(shown[name].default) for name in ("clock", "call")] == ["time.monotonic", "..."]


def test_the_packages_own_signatures_are_shown_so() -> None:
    assert repr(signature_of(Group.__init__).parameters["stdin"].default) == "subprocess.DEVNULL"
    assert repr(signature_of(Item.__init__).parameters["stop_requested"].default) == "..."


def test_what_the_package_alone_makes_is_known() -> None:
    assert is_made_inside(Run)
    assert not is_made_inside(Farm)
    assert not is_made_inside(signature_of)


def test_an_alias_in_a_union_is_its_name() -> None:
    shown = "(state: TypeAliasForwardRef('a.State') | None = 'x')"
    assert with_plain_aliases(shown) == "(state: a.State | None = 'x')"

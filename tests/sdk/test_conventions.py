"""Rules that all public names keep, looked up in the code itself and in no list kept by hand."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import attrs
import pytest

import taskfarm_sdk
from taskfarm_sdk import RunBroken, TaskfarmError
from taskfarm_sdk._secrets import masked
from tests.support.public_api import (
    Public,
    callables_of,
    classes,
    errors_not_named,
    floats_without_unit,
    has_a_repr,
    names_of_secrets,
    public_callables,
    texts_with_the_secret,
    undescribed,
)

# Its errors are taskfarm-worker's, which the SDK's own are turned into.
TRANSLATED = "compat."
# Errors that the code read alone could raise, and why they are not raised.
NEVER_RAISED = {
    ("testing.LocalServer.farm", "AuthenticationError"): "it gives the credentials itself",
    ("taskfarm_sdk.Farm.map", "TaskNotFound"): "it resets tasks that the run has",
    **{
        (f"taskfarm_sdk.Run.{name}", "TaskNotFound"): "it reads tasks that the run has"
        for name in (
            "repair",
            "reset",
            "reset_failed",
            "reset_tasks",
            "task_info",
            "task_infos",
            "wait",
        )
    },
}
each_public = pytest.mark.parametrize(
    "public", [pytest.param(public, id=public.name) for public in public_callables()]
)
WITH_SECRETS = [kind for kind in classes() if names_of_secrets(kind) and has_a_repr(kind)]


@each_public
def test_all_that_is_public_is_documented(public: Public) -> None:
    assert public.told


@each_public
def test_a_float_says_its_unit_in_its_name(public: Public) -> None:
    assert floats_without_unit(public) == []


@each_public
def test_each_argument_is_described(public: Public) -> None:
    assert undescribed(public) == []


@each_public
def test_the_errors_that_are_raised_are_named(public: Public) -> None:
    if not public.name.startswith(TRANSLATED):
        missing = errors_not_named(public)
        assert [error for error in missing if (public.name, error) not in NEVER_RAISED] == []


@pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.__qualname__)
def test_no_text_of_what_holds_a_secret_shows_it(kind: type) -> None:
    assert texts_with_the_secret(kind) == []


class Bad:
    """Keeps none of the rules.

    Args:
        token: a token.
    """

    def __init__(self, token: str, timeout: float = 0.0) -> None:
        self.token = token
        self.timeout = timeout

    def wait(self, poll: float, number: int) -> None:
        """Wait, and say nothing of how."""
        _give_up(number)

    def __repr__(self) -> str:
        return f"Bad({self.token})"


def _give_up(number: int) -> None:
    raise RunBroken(f"{number} is over")


class Good:
    """Keeps the rules.

    Args:
        token: a token.
        timeout_s: how long.
    """

    def __init__(self, token: str, timeout_s: float = 0.0) -> None:
        self.token = token
        self.timeout_s = timeout_s

    def wait(self, poll_s: float, number: int) -> None:
        """Wait for `number`.

        Args:
            poll_s: how often.

        Raises:
            RunBroken: it is over.
        """
        _give_up(number)

    def __repr__(self) -> str:
        return "Good(token='***')"


class BadRow(NamedTuple):
    user: str
    password: str


@attrs.frozen
class BadRecord:
    user: str
    token: str


@attrs.frozen
class GoodRecord:
    user: str
    token: str = attrs.field(repr=masked)


def test_the_rules_notice_who_breaks_them() -> None:
    made, wait = callables_of("here", Bad)
    assert floats_without_unit(made) == ["timeout"]
    assert floats_without_unit(wait) == ["poll"]
    assert undescribed(made) == ["timeout"]
    assert undescribed(wait) == ["poll", "number"]
    assert errors_not_named(wait) == ["RunBroken"]
    for public in callables_of("here", Good):
        assert floats_without_unit(public) == undescribed(public) == errors_not_named(public) == []


def _made() -> TaskfarmError:
    return TaskfarmError("made")


def _raises_what_is_made() -> None:
    """Do it."""
    raise _made()


def test_an_error_that_a_helper_makes_counts_as_raised() -> None:
    (public,) = callables_of("here", _raises_what_is_made)
    assert errors_not_named(public) == ["TaskfarmError"]


@pytest.mark.parametrize("kind", [Bad, BadRow, BadRecord])
def test_a_repr_with_a_secret_is_noticed(kind: type) -> None:
    assert texts_with_the_secret(kind)


@pytest.mark.parametrize("kind", [Good, GoodRecord])
def test_a_repr_without_its_secret_is_passed(kind: type) -> None:
    assert texts_with_the_secret(kind) == []


def test_the_secrets_of_the_sdk_are_found() -> None:
    found = {kind.__qualname__ for kind in WITH_SECRETS}
    assert {"Farm", "AsyncFarm", "Login", "LocalServer", "Secrets"} <= found


def test_no_function_stands_in_two_modules() -> None:
    found: dict[str, set[str]] = {}
    for path in Path(taskfarm_sdk.__file__).parent.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                body = ast.dump(ast.Module(node.body, []))
                found.setdefault(body, set()).add(f"{path.name}: {node.name}")
    assert [places for places in found.values() if len(places) > 1] == []

"""Rules of the code that keep secrets out of local variables, held for every module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.support.secret_code import (
    open_environments,
    plain_arguments,
    revealed_variables,
    sources,
)

Rule = Callable[[ast.AST], Iterator[str]]
RULES: tuple[Rule, ...] = (plain_arguments, revealed_variables, open_environments)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_module_keeps_a_secret_in_a_variable(rule: Rule) -> None:
    found = [(name, place) for name, tree in sources().items() for place in rule(tree)]
    assert found == []


BAD = """
def ask(password: str) -> None:
    check(password)
    del password

def take(secret: str | None = None) -> None:
    kept = secret

def show(hidden):
    token = hidden.reveal()

def start():
    return {**os.environ}

def read(environ=os.environ):
    return environ["A"]
"""
GOOD = '''
def ask(password: str, token: Hidden[str]) -> None:
    """Ask."""
    kept = Hidden(password)
    del password
    check(kept)

def show(hidden):
    return f"{hidden.reveal()}"

def start():
    name = os.environ.get("NAME"), os.environ["NAME"], "NAME" in os.environ
    return Hidden({name: text for name, text in os.environ.items()})
'''


def test_the_rules_notice_what_breaks_them_and_nothing_else() -> None:
    found = [len(list(rule(ast.parse(BAD)))) for rule in RULES]
    assert found == [2, 1, 2]
    assert [list(rule(ast.parse(GOOD))) for rule in RULES] == [[], [], []]

"""Which of the server's operations the SDK sends by which rule of the retry table, by its code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import taskfarm_sdk
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._sansio import retry

RULES = {name for name, value in vars(retry).items() if isinstance(value, retry.Rule)}
ASKING = {"ask", "ask_of_run", "ask_of_task"}
READING = "ask_for_run"  # names no rule, and sends by READ
Pair = tuple[str, str]


def all_operations() -> set[str]:
    """Return the names of the operations: what makes a call."""
    return {
        name
        for name, function in inspect.getmembers(operations, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == operations.__name__
        and str(function.__annotations__["return"]).startswith("Call[")
    }


def pairs_of_the_sdk() -> set[Pair]:
    """Return the operations that functions of the SDK send, each with the rules that they name."""
    package = Path(taskfarm_sdk.__file__).parent
    return {pair for file in package.rglob("*.py") for pair in pairs_in(file.read_text("utf-8"))}


def pairs_in(source: str) -> set[Pair]:
    """Return each operation and rule that stand in one function, whose nested ones stand alone."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        (operation, rule)
        for function in ast.walk(ast.parse(source))
        if isinstance(function, functions)
        for operation in _operations_in(function)
        for rule in _rules_in(function)
    }


def _operations_in(function: ast.AST) -> set[str]:
    return {
        node.attr
        for node in _own_nodes(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "operations"
    }


def _rules_in(function: ast.AST) -> set[str]:
    calls = [node for node in _own_nodes(function) if isinstance(node, ast.Call)]
    reading = {"READ" for node in calls if _name_of(node.func) == READING}
    return reading | {
        named.id
        for node in calls
        if _name_of(node.func) in ASKING
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
        for named in ast.walk(argument)
        if isinstance(named, ast.Name) and named.id in RULES
    }


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield child
            yield from _own_nodes(child)

"""Places in the code where a secret could get into a local variable, found by its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import taskfarm_cli
import taskfarm_sdk

SECRET = re.compile(r"^(password|token|secret|argv|database_url|url_base|username)$")
HIDDEN = re.compile(r"\b(Hidden|Words|_Environment|Callable)\b")
# Named like a secret, and none.
NO_SECRET = {"_is_first(token)", "__init__(argv)"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
PACKAGES = (taskfarm_sdk, taskfarm_cli)


@cache
def sources() -> dict[str, ast.Module]:
    """Return the syntax of each module of the SDK and the command line, by its name."""
    return {
        str(file.relative_to(root.parent)): ast.parse(file.read_text("utf-8"))
        for root in (Path(package.__path__[0]) for package in PACKAGES)
        for file in sorted(root.rglob("*.py"))
    }


def plain_arguments(tree: ast.AST) -> Iterator[str]:
    """Yield the functions that take a secret as text, and do not delete it before anything else.

    Nothing else is a statement that could fail: only texts, imports and assignments of hidden
    values may come before.
    """
    for function in _functions(tree):
        for argument in _arguments(function):
            if not SECRET.match(argument.arg) or argument.annotation is None:
                continue
            if HIDDEN.search(ast.unparse(argument.annotation)):
                continue
            named = f"{function.name}({argument.arg})"
            if argument.arg not in _deleted_first(function) and named not in NO_SECRET:
                yield named


def revealed_variables(tree: ast.AST) -> Iterator[str]:
    """Yield the functions that keep what `reveal` returns in a variable."""
    for function in _functions(tree):
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and _is_reveal(node.value)
            ):
                yield f"{function.name}: {ast.unparse(node)}"


def open_environments(tree: ast.AST) -> Iterator[str]:
    """Yield the uses of `os.environ` as a whole that are not hidden at once."""
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) == "Hidden"
        for inner in ast.walk(node)
    }
    of_one_variable = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        or (isinstance(node, ast.Attribute) and node.attr in ("get", "pop", "setdefault"))
    }
    looked_into = {
        id(node.comparators[0]) for node in ast.walk(tree) if isinstance(node, ast.Compare)
    }
    names_only = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) == "list" and node.args
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "environ"
            and id(node) not in hidden | of_one_variable | looked_into | names_only
        ):
            yield f"line {node.lineno}"


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _arguments(function: Function) -> list[ast.arg]:
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs]


def _deleted_first(function: Function) -> set[str]:
    for statement in function.body:
        if isinstance(statement, ast.Delete):
            return {ast.unparse(target) for target in statement.targets}
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        hides = isinstance(statement, ast.Assign) and re.search(
            r"\b(Hidden|hide|command_line)\(", ast.unparse(statement.value)
        )
        notes = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Compare)
        if not (is_text or hides or notes or isinstance(statement, ast.ImportFrom)):
            break
    return set()


def _is_reveal(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and _name(value.func) == "reveal"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

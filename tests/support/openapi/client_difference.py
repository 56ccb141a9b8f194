"""What a change of the contract changes in the generated client, for whoever runs `make client`.

`python -m tests.support.openapi.client_difference BEFORE AFTER` prints it. It reads the sources and
imports neither, so that it needs only Python.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_CALL = "sync_detailed"
# What the SDK gives to each call by itself.
_OURS = "client"
Facts = dict[str, str]


def facts_of(package: Path) -> Facts:
    """Return the public API of a generated package, as a text for each name.

    Operations have a fact for each parameter, one for what they return and one for each status that
    they parse; models have one for each field, and enumerations are one.

    Args:
        package: the folder of `taskfarm_api`; it may be missing.
    """
    found: Facts = {}
    for file in sorted(package.glob("api/*/[!_]*.py")):
        found.update(_of_operation(file.stem, ast.parse(file.read_text(encoding="utf-8"))))
    for file in sorted(package.glob("models/[!_]*.py")):
        found.update(_of_model(ast.parse(file.read_text(encoding="utf-8"))))
    return found


def differences(before: Facts, after: Facts) -> list[str]:
    """Return a line for each fact that is gone, changed or new, by name.

    Args:
        before: the API as it was.
        after: the API as it is.
    """
    lines: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            lines.append(f"- {name}: {before[name]}")
        elif name not in before:
            lines.append(f"+ {name}: {after[name]}")
        elif before[name] != after[name]:
            lines.append(f"! {name}: {before[name]} -> {after[name]}")
    return lines


def _of_operation(name: str, module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name == _CALL:
            yield f"{name}()", f"returns {_text(node.returns)}"
            for parameter, default in _parameters(node.args):
                if parameter.arg != _OURS:
                    yield f"{name}({parameter.arg})", f"{_text(parameter.annotation)}{default}"
        if isinstance(node, ast.Compare) and ast.unparse(node.left) == "response.status_code":
            yield f"{name}() {ast.unparse(node.comparators[0])}", "a documented status"


def _parameters(arguments: ast.arguments) -> Iterator[tuple[ast.arg, str]]:
    """Yield each parameter with its default as text."""
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
    for parameter, default in zip([*positional, *arguments.kwonlyargs], defaults, strict=True):
        yield parameter, "" if default is None else f" = {ast.unparse(default)}"


def _of_model(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, "a model"
            for field in node.body:
                if isinstance(field, ast.AnnAssign):
                    default = "" if field.value is None else f" = {ast.unparse(field.value)}"
                    yield (
                        f"{node.name}.{ast.unparse(field.target)}",
                        f"{ast.unparse(field.annotation)}{default}",
                    )
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal["):
            yield ast.unparse(node.targets[0]), ast.unparse(node.value)


def _text(node: ast.expr | None) -> str:
    return "None" if node is None else ast.unparse(node)


def main(words: list[str]) -> int:
    """Print the differences of two packages, and return 0."""
    before, after = (facts_of(Path(word)) for word in words)
    lines = differences(before, after)
    print(f"the client's API: {len(lines) or 'no'} differences" + (":" if lines else ""))
    print("".join(f"  {line}\n" for line in lines), end="")
    if any(line[0] in "-!" for line in lines):
        print(
            "what is gone (-) or changed (!) may break _protocol/operations.py and its tests: see "
            "'Add an operation' in CONTRIBUTING.md"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

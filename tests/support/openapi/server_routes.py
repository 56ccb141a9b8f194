"""Prints as JSON what the installed server routes, and what its views read of a request.

A program of its own: importing `taskfarm` opens a database and warns of an old
module, neither of which belongs in the process that tests.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from typing import Any

from taskfarm import app

# Flask answers these two by itself on every route.
AUTOMATIC = {"HEAD", "OPTIONS"}


def is_call_of(node: ast.AST, *names: str) -> bool:
    """Whether `node` calls e.g. `request.args.get`, given as its parts."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == ".".join(names)


def names_assigned(tree: ast.AST, *call: str) -> dict[str, ast.Call]:
    """The local names that hold what this call returned."""
    return {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and is_call_of(node.value, *call)
    }


def constants(node: ast.AST) -> list[Any]:
    """The value of a constant, or the values of a list of them."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.List | ast.Tuple):
        return [value for element in node.elts for value in constants(element)]
    return []


def compared(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Both sides of each comparison."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node.left, node.comparators[0]


def reads_of(tree: ast.AST) -> list[str]:
    """What is used of the request at all, e.g. `request.args.get`: nothing shall be read unseen."""
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    chains = (
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and node not in inner
    )
    return sorted({chain for chain in chains if chain.split(".")[0] == "request"})


def query_of(tree: ast.AST) -> dict[str, dict[str, Any]]:
    """Each query parameter that is read: its default, and the values it is compared with."""
    query: dict[str, dict[str, Any]] = {}
    for node in ast.walk(tree):
        if is_call_of(node, "request", "args", "get"):
            assert isinstance(node, ast.Call)
            name, default = (constants(argument)[0] for argument in node.args)
            query[name] = {"default": default, "values": []}
    for local, call in names_assigned(tree, "request", "args", "get").items():
        values = query[constants(call.args[0])[0]]["values"]
        for left, right in compared(tree):
            if isinstance(left, ast.Name) and left.id == local:
                values.extend(constants(right))
    return query


def body_keys_of(tree: ast.AST) -> list[str]:
    """The keys of the JSON body that are looked for, taken or allowed."""
    bodies = names_assigned(tree, "request", "get_json")
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    listed = {ast.unparse(loop.target): constants(loop.iter) for loop in loops}

    def is_body(node: ast.AST) -> bool:
        return is_call_of(node, "request", "get_json") or (
            isinstance(node, ast.Name) and node.id in bodies
        )

    keys_of_body = {ast.unparse(loop.target) for loop in loops if is_body(loop.iter)}
    keys: set[str] = set()
    for left, right in compared(tree):
        if is_body(right):
            keys.update(constants(left) or listed.get(ast.unparse(left), []))
        elif ast.unparse(left) in keys_of_body:
            keys.update(constants(right))
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and is_body(node.value):
            keys.update(constants(node.slice))
    return sorted(keys)


def routes() -> Iterator[dict[str, Any]]:
    """Every route with its methods, path parameters, query parameters and body keys."""
    for rule in app.url_map.iter_rules():
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        tree = ast.parse(textwrap.dedent(inspect.getsource(view)))
        yield {
            "rule": rule.rule,
            "methods": sorted((rule.methods or set()) - AUTOMATIC),
            "path": {name: type(rule._converters[name]).__name__ for name in rule.arguments},
            "query": query_of(tree),
            "body": body_keys_of(tree),
            "reads": reads_of(tree),
        }


if __name__ == "__main__":
    print(json.dumps(list(routes())))

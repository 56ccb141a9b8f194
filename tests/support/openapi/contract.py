"""The contract as the tests read it, with every `$ref` already followed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parents[3] / "openapi" / "taskfarm.yaml"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
JSON = "application/json"

# The document is plain data of any shape; the tests are what gives it one.
Node = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation, with its path's own parameters among its parameters."""

    id: str
    method: str
    path: str
    node: Node
    parameters: tuple[Node, ...]

    @property
    def responses(self) -> dict[int, Node]:
        """The documented replies by their status."""
        return {int(status): reply for status, reply in self.node["responses"].items()}

    @property
    def body(self) -> Node | None:
        """The schema of the JSON body, if the operation takes one."""
        if "requestBody" not in self.node:
            return None
        schema: Node = self.node["requestBody"]["content"][JSON]["schema"]
        return schema

    def parameters_in(self, place: str) -> dict[str, Node]:
        """The parameters that go into the path or the query, by name, in order."""
        return {node["name"]: node for node in self.parameters if node["in"] == place}


def _followed(node: Any, root: Node) -> Any:
    """A copy of `node` in which what a `$ref` points at stands in its place."""
    if isinstance(node, list):
        return [_followed(element, root) for element in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = root
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        return _followed(target, root)
    return {key: _followed(value, root) for key, value in node.items()}


def _operations() -> dict[str, Operation]:
    found = [
        Operation(
            id=item[method]["operationId"],
            method=method.upper(),
            path=path,
            node=item[method],
            parameters=(*item.get("parameters", ()), *item[method].get("parameters", ())),
        )
        for path, item in DOCUMENT["paths"].items()
        for method in METHODS
        if method in item
    ]
    return {operation.id: operation for operation in found}


SOURCE: Node = yaml.safe_load(PATH.read_text(encoding="utf-8"))
DOCUMENT: Node = _followed(SOURCE, SOURCE)
OPERATIONS = _operations()

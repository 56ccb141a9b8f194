"""The contract says what the installed server has, no more and no less, and says it in full."""

from __future__ import annotations

import json
import keyword
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.support.openapi.contract import DOCUMENT, OPERATIONS, PATH, SOURCE, Node, Operation

# What Flask's converters let through, as a schema.
CONVERTERS: dict[str, Node] = {
    "UnicodeConverter": {"type": "string"},
    "IntegerConverter": {"type": "integer", "minimum": 0},
}
PREFIX = "/api"
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@pytest.fixture(scope="module")
def routes() -> list[Node]:
    """Every route of the installed server."""
    program = Path(__file__).parents[1] / "support" / "openapi" / "server_routes.py"
    result = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "DATABASE_URL": "sqlite://"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: list[Node] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def routed(routes: list[Node]) -> dict[tuple[str, str], Node]:
    """The routes of the API by method and path, the path's parameters nameless."""
    return {
        (method, nameless(route["rule"].removeprefix(PREFIX))): route
        for route in routes
        if route["rule"].startswith(PREFIX)
        for method in route["methods"]
    }


def nameless(path: str) -> str:
    """A path without its parameters' names, which never go over the wire."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path)


def nodes(node: Any, where: str = "") -> Iterator[tuple[str, Node]]:
    """Every mapping in the document, and where it stands."""
    children: dict[Any, Any] = {}
    if isinstance(node, dict):
        yield where, node
        children = node
    elif isinstance(node, list):
        children = dict(enumerate(node))
    for key, value in children.items():
        yield from nodes(value, f"{where}/{key}")


def test_it_is_valid_openapi() -> None:
    validate(SOURCE)


def test_it_describes_the_installed_release() -> None:
    from importlib.metadata import version

    assert DOCUMENT["info"]["version"] == version("taskfarm")


def test_its_server_is_the_prefix_of_every_route(routes: list[Node]) -> None:
    [server] = DOCUMENT["servers"]
    assert server["url"] == f"http://localhost:5000{PREFIX}"
    assert server["description"]
    outside = {route["rule"] for route in routes if not route["rule"].startswith(PREFIX + "/")}
    assert outside == {"/", "/static/<path:filename>"}  # the front page, and Flask's own


def test_its_operations_are_the_routes(routed: dict[tuple[str, str], Node]) -> None:
    described = [(operation.method, nameless(operation.path)) for operation in OPERATIONS.values()]
    assert sorted(described) == sorted(routed)


@each_operation
def test_path_parameters_take_what_the_route_takes(
    operation: Operation, routed: dict[tuple[str, str], Node]
) -> None:
    route = routed[operation.method, nameless(operation.path)]
    # In the order of the path: names are the contract's own (`task`, not `taskID`).
    on_server = [route["path"][name] for name in re.findall(r"<\w+:(\w+)>", route["rule"])]
    described = operation.parameters_in("path")
    assert re.findall(r"\{(\w+)\}", operation.path) == list(described)
    for converter, parameter in zip(on_server, described.values(), strict=True):
        schema = {key: parameter["schema"].get(key) for key in CONVERTERS[converter]}
        assert schema == CONVERTERS[converter]
        assert "format" not in parameter["schema"]
        assert parameter["required"] is True


@each_operation
def test_query_parameters_are_those_the_view_reads(
    operation: Operation, routed: dict[tuple[str, str], Node]
) -> None:
    on_server = routed[operation.method, nameless(operation.path)]["query"]
    described = operation.parameters_in("query")
    assert set(described) == set(on_server)
    for name, parameter in described.items():
        schema, read = parameter["schema"], on_server[name]
        assert parameter["required"] is False
        # An empty value is the server's way to say that there is none.
        assert schema.get("default", "") == read["default"]
        assert sorted(schema["enum"]) == sorted(set(read["values"]) - {""})


@each_operation
def test_body_fields_are_those_the_view_knows(
    operation: Operation, routed: dict[tuple[str, str], Node]
) -> None:
    on_server = routed[operation.method, nameless(operation.path)]["body"]
    described = sorted(operation.body["properties"]) if operation.body else []
    assert described == on_server


def test_views_read_nothing_else_of_a_request(routes: list[Node]) -> None:
    # Headers, forms or cookies would be parameters that the tests above do not see.
    reads = {read for route in routes for read in route["reads"]}
    assert reads == {"request.args.get", "request.get_json", "request.method"}


def test_operations_carry_names_that_python_takes() -> None:
    assert len(OPERATIONS) == 10
    for name in OPERATIONS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert not keyword.iskeyword(name)


@each_operation
def test_operations_are_described(operation: Operation) -> None:
    assert operation.node["summary"]
    assert operation.node["description"]
    [tag] = operation.node["tags"]
    assert tag in {entry["name"] for entry in DOCUMENT["tags"]}
    for reply in operation.responses.values():
        assert reply["description"]
    if operation.body is not None:
        assert operation.node["requestBody"]["required"] is True
        assert operation.node["requestBody"]["description"]


def test_every_parameter_field_and_schema_is_described() -> None:
    described = [
        *((where, node) for where, node in nodes(DOCUMENT) if "in" in node and "schema" in node),
        *(
            (f"{where}/{name}", field)
            for where, node in nodes(DOCUMENT)
            if node.get("type") == "object"
            for name, field in node["properties"].items()
        ),
        *DOCUMENT["components"]["schemas"].items(),
        *DOCUMENT["components"]["securitySchemes"].items(),
    ]
    assert len(described) > 50  # the search above still finds them
    assert [where for where, node in described if not node.get("description")] == []


def test_objects_allow_no_further_fields() -> None:
    open_ones = [
        where
        for where, node in nodes(DOCUMENT)
        if node.get("type") == "object" and node.get("additionalProperties") is not False
    ]
    assert open_ones == []


def test_examples_are_what_their_schemas_say() -> None:
    checked = 0
    for where, node in nodes(DOCUMENT):
        if not isinstance(node.get("schema"), dict):
            continue
        examples = [example["value"] for example in node.get("examples", {}).values()]
        if "example" in node:
            examples.append(node["example"])
        for example in examples:
            errors = list(Draft202012Validator(node["schema"]).iter_errors(example))
            assert errors == [], where
            checked += 1
    assert checked > 20


@each_operation
def test_json_in_and_out_has_an_example(operation: Operation) -> None:
    bodies = [operation.node.get("requestBody", {}), *operation.responses.values()]
    for body in bodies:
        for media_type, content in body.get("content", {}).items():
            assert media_type != "application/json" or content["examples"]


def test_both_forms_of_basic_authentication_hold_everywhere() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {name: (one["type"], one["scheme"]) for name, one in schemes.items()} == {
        "password": ("http", "basic"),
        "token": ("http", "basic"),
    }
    assert DOCUMENT["security"] == [{"password": []}, {"token": []}]
    # A security of its own would make the generator ask for its AuthenticatedClient.
    assert [name for name, one in OPERATIONS.items() if "security" in one.node] == []


def test_it_shows_no_real_token() -> None:
    three_parts = r"[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"
    assert not re.search(three_parts, PATH.read_text(encoding="utf-8"))

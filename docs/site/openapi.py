"""The page about the REST API, as Markdown, from its description in OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Part = Mapping[str, Any]
METHODS = ("get", "post", "put", "delete")


def page_of(contract: Part) -> str:
    """Return the page: what holds everywhere, each operation by tag, each schema.

    Args:
        contract: the parsed description.
    """
    lines = [contract["info"]["description"], ""]
    for tag in contract["tags"]:
        lines += [f"## {tag['name'].capitalize()}", "", tag["description"], ""]
        for path, operations in contract["paths"].items():
            for method in METHODS:
                if tag["name"] in operations.get(method, {}).get("tags", ()):
                    lines += _operation(contract, path, method)
    lines += ["## Objects", ""]
    for name, schema in contract["components"]["schemas"].items():
        lines += _schema(name, schema)
    return "\n".join(lines) + "\n"


def _operation(contract: Part, path: str, method: str) -> Iterator[str]:
    operation = contract["paths"][path][method]
    yield from [f"### {operation['summary']}", ""]
    yield from ["```text", f"{method.upper()} {path}", "```", ""]
    yield from [f"`{operation['operationId']}`. {operation['description']}", ""]
    yield from _parameters(contract, path, operation)
    yield from _body(contract, operation)
    yield from ["| status | reply | content |", "| --- | --- | --- |"]
    for status, reply in operation["responses"].items():
        found = _resolved(contract, reply)
        yield f"| {status} | {_cell(found['description'])} | {_content(found)} |"
    yield ""


def _parameters(contract: Part, path: str, operation: Part) -> Iterator[str]:
    shared = contract["paths"][path].get("parameters", ())
    parameters = [_resolved(contract, one) for one in (*shared, *operation.get("parameters", ()))]
    if not parameters:
        return
    yield from ["| parameter | in | type | meaning |", "| --- | --- | --- | --- |"]
    for one in parameters:
        text = _cell(one.get("description", ""))
        yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {text} |"
    yield ""


def _body(contract: Part, operation: Part) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    body = _resolved(contract, operation["requestBody"])
    yield from [f"Body: {_cell(body.get('description', ''))} {_content(body)}", ""]


def _content(holder: Part) -> str:
    kinds = [f"{_type(each['schema'])} (`{kind}`)" for kind, each in _contents(holder)]
    return ", ".join(kinds) or "empty"


def _contents(holder: Part) -> list[tuple[str, Part]]:
    return list(holder.get("content", {}).items())


def _schema(name: str, schema: Part) -> Iterator[str]:
    yield from [f"### {name}", ""]
    if text := schema.get("description"):
        yield from [text, ""]
    fields = schema.get("properties")
    if not fields:
        yield from [_type(schema), ""]
        return
    yield from ["| field | type | required | meaning |", "| --- | --- | --- | --- |"]
    for field, each in fields.items():
        required = "yes" if field in schema.get("required", ()) else "no"
        yield f"| `{field}` | {_type(each)} | {required} | {_cell(each.get('description', ''))} |"
    yield ""


def _type(schema: Part) -> str:
    """Return a schema's type, with a link if it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _resolved(contract: Part, part: Part) -> Part:
    if "$ref" not in part:
        return part
    found: Any = contract
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found  # type: ignore[no-any-return]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

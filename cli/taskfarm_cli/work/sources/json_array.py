"""The elements of a JSON array, as texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import shell_words
from taskfarm_cli.work.sources.contents import FROM_STDIN, shown


def elements(content: bytes, source: str) -> tuple[str, ...]:
    """Return the elements of a JSON array as texts.

    Args:
        content: the bytes of the file, without a byte order mark.
        source: its name, or "-" for standard input.

    Raises:
        UsageError: it is not one; the text says where, and how to use its lines.
    """
    try:
        document: object = json.loads(content)
        if isinstance(document, list):
            return tuple(as_text(item) for item in cast("list[object]", document))
    except json.JSONDecodeError as error:
        raise _no_json(source, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise _no_json(source, f"line {line}, column {column}: it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        fault = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _no_json(source, fault) from None
    kind = "an object" if isinstance(document, dict) else "a single value"
    raise _no_json(source, f"line 1, column 1: it is {kind}")


def as_text(value: object) -> str:
    """Return a value of JSON as a text: texts as they are, others in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_json(source: str, fault: str) -> UsageError:
    given = "" if source == FROM_STDIN else f" < {shell_words([source])}"
    kept = shell_words(["inputs" if source == FROM_STDIN else f"{Path(source).name}.lines"])
    return UsageError(
        f"{shown(source)} is not a JSON array, as its name or its first character [ suggests "
        f"({fault}): correct it, or use its lines as they are: "
        f"`tr '\\n' '\\0'{given} > {kept}`, then -0 --inputs {kept}"
    )

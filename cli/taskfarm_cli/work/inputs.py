"""The inputs of a run: item N of a file is task N's."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import shell_words
from taskfarm_sdk._items.items import made_from
from taskfarm_sdk._items.lines import BOM, Lines

FROM_STDIN = "-"
# Linux limits each argument, and each variable with its name, to 128 KiB.
LONGEST = 128 * 1024 - len("TASKFARM_INPUT=") - 1


def load(source: str, *, nul: bool) -> Sequence[str]:
    """Return the inputs that a file holds.

    Those of lines take the memory of the file's bytes, and no more.

    Args:
        source: the file's name, or "-" for standard input.
        nul: whether NUL bytes separate them, not line ends.

    Raises:
        UsageError: they cannot be read, or a command cannot be given one of them.
    """
    try:
        content = _read(source)
    except OSError as error:
        raise UsageError(f"cannot read the inputs from {source}: {error.strerror}") from error
    inputs = _items(content, source, nul=nul)
    if not inputs:
        raise UsageError(f"{source} contains no inputs: a run has at least 1 task")
    for number, item in enumerate(inputs):
        _check(number, item)
    return inputs


def digest(inputs: Iterable[str]) -> str:
    """Return the SHA-256 of inputs, each followed by a NUL, whatever their file's format."""
    made = hashlib.sha256()
    for item in inputs:
        made.update(os.fsencode(item) + b"\0")
    return made.hexdigest()


def _read(source: str) -> bytes:
    if source == FROM_STDIN:
        return sys.stdin.buffer.read()
    with open(source, "rb") as file:  # noqa: PTH123 - a name like /dev/fd/3 too
        return file.read()


def _items(content: bytes, source: str, *, nul: bool) -> Sequence[str]:
    text = content.removeprefix(BOM)
    if not nul and (text.lstrip().startswith(b"[") or source.lower().endswith(".json")):
        return tuple(_json_items(text, source))
    # As os.fsdecode, so that a command is given the bytes as they are.
    lines = Lines(
        content,
        nul=nul,
        encoding=sys.getfilesystemencoding(),
        errors=sys.getfilesystemencodeerrors(),
    )
    return made_from(lines, f"inputs of {source}")


def _json_items(content: bytes, source: str) -> list[str]:
    """Return the elements of a JSON array as texts.

    Raises:
        UsageError: it is not one; the text says where, and how to use its lines.
    """
    try:
        document: object = json.loads(content)
        if isinstance(document, list):
            return [_text(item) for item in cast("list[object]", document)]
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


def _no_json(source: str, fault: str) -> UsageError:
    name = "stdin" if source == FROM_STDIN else source
    given = "" if source == FROM_STDIN else f" < {shell_words([source])}"
    kept = shell_words(["inputs" if source == FROM_STDIN else f"{Path(source).name}.lines"])
    return UsageError(
        f"{name} is not a JSON array, as its name or its first character [ suggests ({fault}): "
        "correct it, or use its lines as they are: "
        f"`tr '\\n' '\\0'{given} > {kept}`, then -0 --inputs {kept}"
    )


def _text(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _check(number: int, item: str) -> None:
    if "\0" in item:
        raise UsageError(
            f"input {number} contains a NUL byte, which a command cannot receive (use -0 if NUL "
            "bytes separate the inputs)"
        )
    try:
        length = len(os.fsencode(item))
    except UnicodeEncodeError as error:
        raise UsageError(f"input {number} cannot be encoded as an argument of a command") from error
    if length > LONGEST:
        raise UsageError(
            f"input {number} has {length} bytes, but a command can receive {LONGEST}: put it "
            "into a file and give that file's name"
        )

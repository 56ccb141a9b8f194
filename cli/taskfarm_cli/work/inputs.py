"""The inputs of a run: item N of a file is task N's."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress

from taskfarm_cli.common.exit_status import UsageError

FROM_STDIN = "-"
# Linux takes no longer word on a command line and none in the environment, its name included.
LONGEST = 128 * 1024 - len("TASKFARM_INPUT=") - 1


def load(source: str, *, nul: bool) -> list[str]:
    """Return the inputs that a file holds.

    Args:
        source: the file's name, or "-" for standard input.
        nul: whether NUL bytes separate them, not line ends.

    Raises:
        UsageError: they cannot be read, or are none that a command can be given.
    """
    try:
        content = _read(source)
    except OSError as error:
        raise UsageError(f"cannot read the inputs from {source}: {error.strerror}") from error
    inputs = _items(content, nul=nul)
    if not inputs:
        raise UsageError(f"there is no input in {source}: a run has at least 1 task")
    for number, item in enumerate(inputs):
        _check(number, item)
    return inputs


def digest(inputs: Iterable[str]) -> str:
    """Return the SHA-256 of inputs, each with a NUL behind it, whatever file they came from."""
    made = hashlib.sha256()
    for item in inputs:
        made.update(os.fsencode(item) + b"\0")
    return made.hexdigest()


def _read(source: str) -> bytes:
    if source == FROM_STDIN:
        return sys.stdin.buffer.read()
    with open(source, "rb") as file:  # noqa: PTH123 - a name like /dev/fd/3 too
        return file.read()


def _items(content: bytes, *, nul: bool) -> list[str]:
    if nul:
        return os.fsdecode(content.removesuffix(b"\0")).split("\0") if content else []
    if content.lstrip()[:1] == b"[":
        with suppress(ValueError):
            return [_text(item) for item in json.loads(content)]
    text = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf"))
    # Not splitlines: other characters that end a line for it may be part of a file's name.
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.removesuffix("\r") for line in lines]


def _text(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _check(number: int, item: str) -> None:
    if "\0" in item:
        raise UsageError(
            f"input {number} holds a NUL byte, which no command can be given (-0 takes inputs "
            "that NUL bytes separate)"
        )
    try:
        length = len(os.fsencode(item))
    except UnicodeEncodeError as error:
        raise UsageError(f"input {number} is no text that a command can be given") from error
    if length > LONGEST:
        raise UsageError(
            f"input {number} has {length} bytes, and a command can be given {LONGEST}: put it "
            "into a file and give that file's name"
        )

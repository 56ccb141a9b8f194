"""Docstrings, which are written in Markdown, as reStructuredText for Sphinx.

Fences become code blocks, and what is in single backticks becomes a literal, or a link if it names
something public. Sections such as `Args:` stay for napoleon.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from importlib import import_module

_FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
_QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
# Napoleon names type variables by the modules that define them.
_TYPE_VARIABLE = re.compile(r"\btaskfarm_sdk(?:\.\w+)*\.(T|T_co)\b")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

Target = Callable[[str], str | None]


def as_rst(lines: Sequence[str], target: Target) -> list[str]:
    """Return a docstring's lines in reStructuredText.

    Args:
        lines: the docstring, without its indentation.
        target: returns the full name of what a name in backticks means, or None.
    """
    blocks: list[str] = []
    text: list[str] = []
    code: list[str] | None = None
    indent = ""
    for line in lines:
        fence = _FENCE.match(line)
        if code is None and fence is None:
            text.append(line)
        elif code is None and fence is not None:
            blocks += _linked(text, target)
            indent, language = fence[1], fence[2] or "text"
            text, code = [], ["", f"{indent}.. code-block:: {language}", ""]
        elif code is not None and fence is None:
            code.append(f"   {line}" if line.strip() else "")
        elif code is not None:
            blocks += [*code, ""]
            code = None
    return [*blocks, *(code or ()), *_linked(text, target)]


def with_bare_type_variables(lines: Sequence[str]) -> list[str]:
    """Return the lines that napoleon made, with type variables by their names alone.

    Args:
        lines: the docstring, in reStructuredText.
    """
    return [
        _TYPE_VARIABLE.sub(r"\1", line) if line.startswith(":vartype ") else line for line in lines
    ]


def _linked(lines: list[str], target: Target) -> list[str]:
    """Return lines of text with their names as links; a literal may go over the end of a line."""
    return _QUOTED.sub(lambda found: _role(found[1], target), "\n".join(lines)).split("\n")


def _role(quoted: str, target: Target) -> str:
    name = quoted.removesuffix("()")
    full = target(name) if _NAME.fullmatch(name) else None
    return f"``{quoted}``" if full is None else f":py:obj:`{quoted} <{full}>`"


def public_target(name: str, owner: str) -> str | None:
    """Return the full name of what a name means in the docstring of an object, or None.

    Args:
        name: the name, such as `Farm`, `Run.work` or `worker`.
        owner: the object's full name; of a class, its methods may be named without the class.
    """
    if name.startswith("taskfarm_sdk."):
        return None if _public(name) is None else name
    parts = owner.split(".")
    for length in range(len(parts), 0, -1):
        full = ".".join([*parts[:length], name])
        if full != owner and _public(full) is not None:
            return full
    return None


def _public(full: str) -> object | None:
    """Return a class, function, method or property of the package by its full name, or None."""
    parts = full.split(".")
    if any(part.startswith("_") for part in parts[1:]):
        return None
    for length in range(len(parts) - 1, 0, -1):
        try:
            value: object = import_module(".".join(parts[:length]))
        except ImportError:
            continue
        if parts[length] not in getattr(value, "__all__", ()):
            return None
        for part in parts[length:]:
            value = inspect.getattr_static(value, part, None) or getattr(value, part, None)
        return value if _is_described(value) else None
    return None


def _is_described(value: object) -> bool:
    kinds = (type, property, classmethod, staticmethod)
    return (isinstance(value, kinds) or inspect.isfunction(value)) and bool(value.__doc__)

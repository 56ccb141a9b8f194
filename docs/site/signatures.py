"""Signatures as the pages of the Python API show them: nothing in them is private or an address.

Sphinx writes a default as Python prints its value: `<function _never>`, or -3 for
`subprocess.DEVNULL`.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

# The package alone makes them, from parts that are private.
MADE_INSIDE = frozenset({"AsyncRun", "Results", "Run", "Task", "Worker"})

# An alias (`autodoc_type_aliases`) in a union.
_WRAPPED = re.compile(r"TypeAliasForwardRef\('([\w.]+)'\)")


class Written:
    """A default that is shown as a text.

    Args:
        text: the text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def is_made_inside(kind: object) -> bool:
    """Return whether users get objects of this class, and never make them."""
    return isinstance(kind, type) and kind.__name__ in MADE_INSIDE


def with_plain_aliases(arguments: str) -> str:
    """Return arguments with the names of types that Sphinx leaves in a wrapping of its own.

    Args:
        arguments: those of a signature, as Sphinx writes them.
    """
    return _WRAPPED.sub(r"\1", arguments)


def signature_of(call: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature with defaults that somebody could write.

    Constants of other modules have their names, other functions too. A private function is an
    ellipsis, for its name would lead nowhere.

    Args:
        call: the function.
    """
    signature = inspect.signature(call)
    sources = _sources_of_defaults(call)
    shown = [
        parameter.replace(default=_shown(parameter.default, sources.get(parameter.name)))
        for parameter in signature.parameters.values()
    ]
    return signature.replace(parameters=shown)


def _shown(default: object, source: str | None) -> object:
    if source is not None:
        return Written(source)
    if not callable(default) or isinstance(default, type):
        return default
    name = f"{default.__module__}.{getattr(default, '__qualname__', '<nameless>')}"
    is_public = not any(part.startswith(("_", "<")) for part in name.split("."))
    return Written(name if is_public else "...")


def _sources_of_defaults(call: Callable[..., Any]) -> Mapping[str, str]:
    """Return the defaults that are constants of other modules, such as `subprocess.DEVNULL`."""
    try:
        (found,) = ast.parse(textwrap.dedent(inspect.getsource(call))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}  # of a class of attrs, or of no file at all
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        return {}
    places = [*found.args.posonlyargs, *found.args.args]
    with_default = places[len(places) - len(found.args.defaults) :]
    pairs = [
        *zip(with_default, found.args.defaults, strict=True),
        *zip(found.args.kwonlyargs, found.args.kw_defaults, strict=True),
    ]
    known = getattr(call, "__globals__", {})
    return {
        place.arg: ast.unparse(default)
        for place, default in pairs
        if isinstance(default, ast.Attribute)
        and isinstance(default.value, ast.Name)
        and isinstance(known.get(default.value.id), ModuleType)
    }

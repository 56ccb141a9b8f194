"""HTML that is escaped by construction: what is not `Html` becomes text."""

from __future__ import annotations

import html
from collections.abc import Iterable

from taskfarm_cli.common.text import printable

_VOID = frozenset({"input", "link", "meta"})


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return anything as HTML; what is `Html` stays as it is."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(printable(str(value))))


def joined(parts: Iterable[object]) -> Html:
    """Return parts one after the other."""
    return Html("".join(map(text, parts)))


def element(name: str, /, *children: object, **attributes: str | bool | None) -> Html:
    """Return an element.

    Args:
        name: its name.
        children: texts, which are escaped, and `Html`, which is not.
        attributes: its attributes; `_` stands for `-`, and a trailing one is dropped (`class_`).
            True is an attribute without a value; False and None leave it out.
    """
    shown = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{joined(children)}</{name}>")


def _name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")

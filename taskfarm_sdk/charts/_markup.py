"""Write HTML and SVG: escaped texts, elements, and short numbers."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

# The only address in what is written: the name of SVG, which nothing ever requests.
_XMLNS = "http://www.w3.org/2000/svg"


def escaped(text: str) -> str:
    """Return a text as HTML; what is no printable character is written as Python's escape.

    These are controls, marks that change the direction of writing, and halves of characters, which
    no encoding of a page can hold.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return html.escape(text)


def tag(name: str, content: str, *, kind: str = "") -> str:
    """Return an element with its content, which is HTML already."""
    return f'<{name} class="{kind}">{content}</{name}>' if kind else f"<{name}>{content}</{name}>"


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def drawing(
    width: float,
    height: float,
    shapes: str,
    *,
    sentence: str,
    kind: str = "",
    stretched: bool = True,
) -> str:
    """Return an `svg` element with shapes.

    Args:
        width: the width of the shapes' coordinates.
        height: their height.
        shapes: the elements in it.
        sentence: what a screen reader says for it; empty for shapes that are decoration.
        kind: its class.
        stretched: whether they stretch to the size that the style sheet gives the element; else
            it is as high as its width asks for.
    """
    fit = "none" if stretched else "xMinYMin"
    role = f'role="img" aria-label="{escaped(sentence)}"' if sentence else 'aria-hidden="true"'
    box = f"0 0 {number(width)} {number(height)}"
    return (
        f'<svg xmlns="{_XMLNS}" class="tf-svg {kind}" viewBox="{box}" preserveAspectRatio="{fit}" '
        f'focusable="false" {role}>{shapes}</svg>'
    )


def path(data: str, kind: str) -> str:
    """Return a `path` element, or nothing for one without data."""
    return f'<path class="{kind}" d="{data}"/>' if data else ""


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """Return a rectangle as a part of a path's data."""
    return f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h{number(-width)}z"


def labels(texts: Sequence[str], kind: str) -> str:
    """Return labels that the style sheet sets at equal distances along an axis."""
    spans = "".join(tag("span", escaped(text)) for text in texts)
    return f'<div class="{kind}" aria-hidden="true">{spans}</div>'


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Return what colours mean.

    Args:
        entries: the class of each colour, and its meaning.
    """
    square = rectangle(0, 0, 1, 1)
    items = "".join(
        tag("span", _swatch(path(square, kind)) + escaped(meaning)) for kind, meaning in entries
    )
    return tag("p", items, kind="tf-legend") if items else ""


def _swatch(shape: str) -> str:
    return f'<svg class="tf-swatch" viewBox="0 0 1 1" aria-hidden="true">{shape}</svg>'

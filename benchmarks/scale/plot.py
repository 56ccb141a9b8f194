"""Curves over a logarithmic axis, as SVG and without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 300, 20, 50
FONT = 'font-family="sans-serif" font-size="13"'
COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7")


class Curve(NamedTuple):
    """A curve's name and its points."""

    name: str
    points: Sequence[tuple[float, float]]


class _Axes:
    def __init__(self, curves: Sequence[Curve]) -> None:
        points = [point for curve in curves for point in curve.points]
        self._xs = [math.log10(x) for x, _ in points]
        self._ys = [math.log10(y) for _, y in points]
        self.ticks_x = sorted({x for x, _ in points})
        least, most = math.floor(min(self._ys)), math.ceil(max(self._ys))
        self.ticks_y = [10.0**power for power in range(least, most + 1)]
        self._low, self._high = least, most

    def x(self, value: float) -> float:
        share = (math.log10(value) - min(self._xs)) / ((max(self._xs) - min(self._xs)) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def plot(path: Path, curves: Sequence[Curve], x_title: str, y_title: str) -> None:
    """Write curves to a file, with both axes logarithmic."""
    axes = _Axes(curves)
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_grid(axes),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_title, "middle"),
        f'<g transform="translate(16 {middle:.0f}) rotate(-90)">',
        _text(0, 0, y_title, "middle"),
        "</g>",
    ]
    for number, curve in enumerate(curves):
        parts += _drawn(axes, curve, COLOURS[number % len(COLOURS)], TOP + 20 + 24 * number)
    path.write_text("\n".join([*parts, "</svg>\n"]))


def _grid(axes: _Axes) -> list[str]:
    lines = []
    for value in axes.ticks_y:
        y = axes.y(value)
        lines.append(_line(LEFT, y, WIDTH - RIGHT, y))
        lines.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    for value in axes.ticks_x:
        x = axes.x(value)
        lines.append(_line(x, TOP, x, HEIGHT - BOTTOM))
        lines.append(_text(x, HEIGHT - BOTTOM + 18, f"{value:g}", "middle"))
    return lines


def _drawn(axes: _Axes, curve: Curve, colour: str, legend_y: float) -> list[str]:
    points = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in curve.points)
    legend_x = WIDTH - RIGHT + 16
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
        f'<rect x="{legend_x}" y="{legend_y - 9:.0f}" width="22" height="5" fill="{colour}"/>',
        _text(legend_x + 30, legend_y, curve.name, "start"),
    ]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

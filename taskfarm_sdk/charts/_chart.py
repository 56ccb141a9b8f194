"""A chart: its shapes as SVG, its labels as HTML, and a sentence that says the same."""

from __future__ import annotations

import attrs

from taskfarm_sdk.charts._markup import escaped, tag
from taskfarm_sdk.charts._style import STYLE
from taskfarm_sdk.hidden import shown_half_made


@shown_half_made
@attrs.frozen(kw_only=True)
class Chart:
    """A chart of a run.

    Attributes:
        title: what it shows, as plain text.
        sentence: what the picture says, as plain text, for those who cannot see it.
        svg: its shapes, as one `svg` element without text.
        html: the whole chart as one `figure` element: title, shapes, labels and sentence. It needs
            the style sheet `STYLE`.
    """

    title: str
    sentence: str
    svg: str
    html: str

    def _repr_html_(self) -> str:
        """Return the chart with its style sheet, for notebooks."""
        return f"<style>{STYLE}</style>{self.html}"


def framed(*, title: str, note: str, sentence: str, svg: str, body: str, legend: str = "") -> Chart:
    """Return a chart with its title above and its sentence below.

    Args:
        title: what it shows.
        note: units and date, beside the title.
        sentence: what the picture says.
        svg: its shapes.
        body: the shapes with their labels, as HTML.
        legend: what the colours mean, as HTML.
    """
    small = f" {tag('small', escaped(note))}" if note else ""
    caption = tag("figcaption", f"{tag('b', escaped(title))}{small}")
    said = tag("p", escaped(sentence), kind="tf-said")
    html = tag("figure", f"{caption}{legend}{body}{said}", kind="tf-chart")
    return Chart(title=title, sentence=sentence, svg=svg, html=html)

"""A report as one HTML file, which needs no network and runs no script."""

from __future__ import annotations

from collections.abc import Iterable

from taskfarm_cli.report.markup import escaped
from taskfarm_sdk.charts import STYLE

# Whatever a message contains, a browser loads and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --quiet: #57606a;
  --line: #d0d7de; }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--ground);
  color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); }
p { margin: .4rem 0; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; margin: .3rem 0 .8rem; }
summary { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .875rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .2rem .9rem .2rem 0;
  border-bottom: 1px solid var(--line); }
th, td { white-space: nowrap; }
td.long { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; max-width: 34rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --text: #e6edf3; --quiet: #9aa5b1; --line: #3d444d; }
}
@media print {
  :root { color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .wide { overflow: visible; break-inside: avoid; }
  th, td { white-space: normal; }
  td.long { min-width: 0; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
}
""".strip()


def page(title: str, notes: Iterable[str], sections: Iterable[str]) -> str:
    """Return the page.

    Args:
        title: its title, as plain text.
        notes: lines below the title, as plain text.
        sections: its sections, as HTML.
    """
    content = "\n".join(sections)
    below = "".join(f'<p class="quiet">{escaped(note)}</p>' for note in notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escaped(title)}</title><style>\n{STYLE}\n{_STYLE}\n</style></head>\n"
        f"<body><header><h1>{escaped(title)}</h1>{below}</header>\n"
        f"<main>{content}</main></body></html>\n"
    )

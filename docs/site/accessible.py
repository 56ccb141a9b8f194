"""Changes to the built pages that people with a keyboard, a screen reader or a phone need.

axe-core names most of them: Sphinx and its theme write pages in which it finds faults otherwise.
"""

from __future__ import annotations

import re
from pathlib import Path

from docs.site import tables

# A signature on several lines is a list of definitions without terms.
_PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*?</dd>\n?)+)</dl>", re.DOTALL)
_MAIN = re.compile(r'<article role="main"[^>]*>')
_EXACT = {
    # What scrolls must be reached by the keyboard.
    "<pre>": '<pre tabindex="0">',
    '<th class="head"><p></p></th>': "<td></td>",
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Site">',
}
# Under the mouse, a link to a class would show the private module that defines it.
_MEANT = re.compile(r'(href="[^"#]*#(taskfarm_sdk\.[\w.]+)" title=")[^"]*"')
_TABLE = re.compile(r'<div class="table-wrapper[^"]*"')
# Browsers break a line at any hyphen, also behind the two of an option.
_SHORT_WITH_HYPHEN = re.compile(r'<span class="pre">(?=[^<]{0,20}</span>)(?=[^<]*-)')
# On a phone, pictures scroll too: their texts would be too small otherwise.
_PICTURE = re.compile(r"<p>(?=<img [^>]*/></p>)")
_CONTENTS = re.compile(r'<aside class="toc-drawer[^"]*"')


def improved(page: str) -> str:
    """Return a page with the changes.

    Args:
        page: the page, in HTML.
    """
    for old, new in _EXACT.items():
        page = page.replace(old, new)
    page = _MEANT.sub(r'\1\2"', page)
    page = _TABLE.sub(lambda found: f'{found[0]} tabindex="0"', page)
    page = _SHORT_WITH_HYPHEN.sub('<span class="pre whole">', page)
    page = _PICTURE.sub('<p class="picture" tabindex="0">', tables.fitted(page))
    page = _PARAMETERS.sub(_as_blocks, page)
    page = _CONTENTS.sub(lambda found: f'{found[0]} aria-label="This page"', page)
    if "<h1" not in page:
        page = _MAIN.sub(lambda found: f"{found[0]}\n<h1>Search</h1>", page)
    return page


def improve_all(folder: Path) -> None:
    """Change all pages in a folder; a page that was changed before stays as it is.

    Args:
        folder: the folder of the built pages.
    """
    for path in folder.rglob("*.html"):
        before = path.read_text(encoding="utf-8")
        if 'aria-label="Site"' not in before:
            path.write_text(improved(before), encoding="utf-8")


def _as_blocks(found: re.Match[str]) -> str:
    inner = found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'<div class="sig-params">\n{inner}</div>'

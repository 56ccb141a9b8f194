"""What is changed in the built pages, for keyboards and screen readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.site.accessible import improve_all, improved


@pytest.mark.parametrize(
    ("built", "changed"),
    [
        ("<h1>a</h1><pre>x</pre>", '<h1>a</h1><pre tabindex="0">x</pre>'),
        (
            '<h1>a</h1><div class="table-wrapper docutils">',
            '<h1>a</h1><div class="table-wrapper docutils" tabindex="0">',
        ),
        ('<h1>a</h1><th class="head"><p></p></th>', "<h1>a</h1><td></td>"),
        (
            '<h1>a</h1><span class="pre">--chunk</span> <span class="pre">a_b</span>',
            '<h1>a</h1><span class="pre whole">--chunk</span> <span class="pre">a_b</span>',
        ),
        ('<h1>a</h1><span class="pre">--an-option-of-many-words</span>', None),
        (
            '<h1>a</h1><p><img alt="a" /></p><p><img /> b</p>',
            '<h1>a</h1><p class="picture" tabindex="0"><img alt="a" /></p><p><img /> b</p>',
        ),
        (
            "<h1>a</h1>(<dl>\n<dd>x,</dd>\n<dd>y,</dd>\n</dl>)",
            '<h1>a</h1>(<div class="sig-params">\n<div>x,</div>\n<div>y,</div>\n</div>)',
        ),
        (
            '<h1>a</h1><aside class="toc-drawer no-toc">',
            '<h1>a</h1><aside class="toc-drawer no-toc" aria-label="This page">',
        ),
        (
            '<article role="main" id="m"><p>x</p></article>',
            '<article role="main" id="m">\n<h1>Search</h1><p>x</p></article>',
        ),
        (
            '<h1>a</h1><a href="b.html#taskfarm_sdk.Run" title="taskfarm_sdk.run.Run">Run</a>',
            '<h1>a</h1><a href="b.html#taskfarm_sdk.Run" title="taskfarm_sdk.Run">Run</a>',
        ),
        ("<h1>a</h1><dl>\n<dt>t</dt>\n<dd>d</dd>\n</dl>", None),
    ],
)
def test_a_page_is_changed_where_somebody_would_be_left_out(
    built: str, changed: str | None
) -> None:
    assert improved(built) == (built if changed is None else changed)


def test_a_page_is_changed_once(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text('<aside class="sidebar-drawer"><h1>a</h1><pre>x</pre>')
    improve_all(tmp_path)
    once = page.read_text()
    improve_all(tmp_path)
    assert page.read_text() == once
    assert '<pre tabindex="0">' in once

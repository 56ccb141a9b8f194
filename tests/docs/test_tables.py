"""The tables of the site: where a long word may be broken, and which of them scroll."""

from __future__ import annotations

import pytest

from docs.site.tables import fitted


def table(*rows: str) -> str:
    inner = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table class="docutils align-default">{inner}</table>'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("TASKFARM_URL and more", "TASKFARM_URL and more"),
        ("application/json", "application/<wbr>json"),
        ("TASKFARM_PASSWORD", "TASKFARM_<wbr>PASSWORD"),
        ("a/json and text/html/1", "a/json and text/html/1"),
        (
            "ProcessPoolExecutor.map(chunksize=100)",
            "Process<wbr>Pool<wbr>Executor.<wbr>map(<wbr>chunksize=<wbr>100)",
        ),
        ("~/.local/share/taskfarm", "~/.local/<wbr>share/<wbr>taskfarm"),
        (
            "run.task_infos(state=&quot;failed&quot;)",
            "run.<wbr>task_<wbr>infos(<wbr>state=&quot;failed&quot;)",
        ),
    ],
)
def test_a_long_word_may_be_broken_between_its_parts(text: str, shown: str) -> None:
    cell = "<td><code><span>{}</span></code></td>"
    assert fitted(table(cell.format(text))) == table(cell.format(shown))


def test_addresses_in_tags_stay_whole() -> None:
    cell = '<td><a href="../reference/a_long_name_of_a_page.html">a</a></td>'
    assert fitted(table(cell)) == table(cell)


def test_text_outside_of_tables_stays_as_it_is() -> None:
    page = "<td>A_LONG_NAME_OF_A_VARIABLE</td>"
    assert fitted(page) == page


@pytest.mark.parametrize(
    ("columns", "length", "wide"), [(5, 60, True), (4, 60, False), (5, 9, False)]
)
def test_many_columns_with_much_text_scroll(columns: int, length: int, *, wide: bool) -> None:
    page = table("<th>a</th>" * columns, f"<td>{'a ' * (length // 2)}</td>" * columns)
    assert ("align-default wide" in fitted(page)) == wide

"""How a page's help is compared with what a command prints."""

from __future__ import annotations

from tests.support.help_pages import difference

PRINTED = "usage: workTF [-h]\n\nWork a run off.\n\n  -h   show this\n  -j N  how many\n"


def page_with(text: str) -> str:
    return f"# workTF\n\n```text\n$ COLUMNS=100 workTF --help\n{text}```\n\nMore.\n"


def test_the_same_help_makes_no_difference() -> None:
    assert difference(page_with(PRINTED), "workTF", PRINTED) == ""


def test_a_wrong_word_is_shown_in_its_line_and_no_other_line_is() -> None:
    shown = difference(page_with(PRINTED.replace("how many", "how much")), "workTF", PRINTED)
    assert shown.splitlines() == [
        "--- docs/reference/workTF.md",
        "+++ workTF --help",
        "@@ -5,2 +5,2 @@",
        "   -h   show this",
        "-  -j N  how much",
        "+  -j N  how many",
    ]


def test_a_page_without_the_help_lacks_all_of_it() -> None:
    shown = difference("# workTF\n", "workTF", PRINTED)
    assert [line[1:] for line in shown.splitlines()[3:]] == PRINTED.splitlines()

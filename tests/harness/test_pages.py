"""How the blocks of a page are found, and compared with what they print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pages import (
    Execution,
    blocks_of,
    commands_in,
    difference,
    execution,
    faults_of,
)

PAGE = """\
# A page

```{toctree}
other
```

<!-- sh:
echo hidden
-->

<!-- not run: needs a cluster -->
```sh
sbatch job.sh
```

```python
print(1)
```

It prints:

```text
1
```

```json
{}
```

<!-- exit status 5 -->
```console
$ false
```
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Execution]:
    (folder := tmp_path / "page").mkdir()
    monkeypatch.chdir(folder)
    with execution(folder, lambda: "0" * 32) as made:
        yield made


def test_blocks_are_found_with_their_marks_and_outputs() -> None:
    found = [block for block in blocks_of(PAGE) if block.is_executable]
    assert [(block.language, block.code) for block in found] == [
        ("sh", "echo hidden\n"),
        ("sh", "sbatch job.sh\n"),
        ("python", "print(1)\n"),
        ("console", "$ false\n"),
    ]
    assert [block.reason for block in found] == [None, "needs a cluster", None, None]
    assert [block.printed for block in found] == [None, None, "1\n", None]
    assert [block.status for block in found] == [0, 0, 0, 5]
    assert [block.line for block in found] == [7, 11, 16, 30]


def test_a_session_is_cut_into_commands_with_their_output() -> None:
    session = "$ for x in 1 2\n> do echo $x; done\n1\n2\n$ true\n"
    assert commands_in(session) == [
        ("for x in 1 2\ndo echo $x; done\n", "1\n2\n"),
        ("true\n", ""),
    ]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("3 of 3 done\n", "3 of 3 done\n"),
        (f"run {'a' * 32}\n", f"run {'7' * 32}\n"),
        ("took … s\n", "took 1.5 s\n"),
        ("first\n…\nlast\n", "first\nsecond\nthird\nlast\n"),
        ("…\nlast\n", "last\n"),
    ],
)
def test_what_the_page_leaves_open_is_no_difference(shown: str, printed: str) -> None:
    assert difference(shown, printed) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("3 of 3 done\n", "2 of 3 done\n"),
        ("a.b\n", "axb\n"),
        ("done\n", "done\nand more\n"),
        ("", "a warning\n"),
        (f"run {'a' * 32}\n", "run 12\n"),
    ],
)
def test_any_other_output_is_a_difference(shown: str, printed: str) -> None:
    assert difference(shown, printed)


def test_commands_share_variables_and_files(page: Execution) -> None:
    blocks = blocks_of("```sh\nname=a\n```\n\n```console\n$ echo $name > b; cat b\na\n```\n")
    assert faults_of(blocks, page) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```sh\nfalse\ntrue\n```\n", "exit status 1"),
        ("```console\n$ echo a\nb\n```\n", "+a"),
        ("<!-- exit status 5 -->\n```sh\ntrue\n```\n", "exit status 0"),
        ("```python\nprint(2)\n```\n\n```text\n1\n```\n", "+2"),
        ("```python\n# p.py\nprint(2)\n```\n\n```text\n1\n```\n", "+2"),
    ],
)
def test_a_block_that_does_other_than_it_shows_is_told(
    page: Execution, text: str, told: str
) -> None:
    assert told in faults_of(blocks_of(text), page)


def test_the_word_uuid_is_the_newest_run(page: Execution) -> None:
    blocks = blocks_of(f"```console\n$ echo UUID TASKFARM_UUID\n{'0' * 32} TASKFARM_UUID\n```\n")
    assert faults_of(blocks, page) == ""

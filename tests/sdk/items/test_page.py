"""The programs that docs/reference/items.md shows, and the numbers that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskfarm_sdk import Items
from taskfarm_sdk._items import sizes
from taskfarm_sdk._items.chunks import MOST_ITEMS, Chunks
from taskfarm_sdk._validation import MAX_TASKS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "items.md").read_text(encoding="utf-8")


def test_the_items_of_the_page_are_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for name in ("data/b.nc", "data/a.nc"):
        Path(name).touch()
    Path("files.txt").write_text("data/a.nc\ndata/b.nc\n")
    Path("sites.csv").write_text("lat,lon\n47.4,8.5\n")
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    lines = [line for line in program.splitlines() if line.startswith("Items")]
    for line in lines:
        code, _, shown = line.partition("#")
        items = list(eval(code, {"Items": Items}))
        assert ", ".join(map(repr, items)).replace("'", '"').startswith(shown.strip(" ,…"))
    assert len(lines) == 5


def test_the_chunks_of_the_page_are_what_it_says() -> None:
    assert [len(Chunks.cut(10, 4).of(task)) for task in range(3)] == [4, 4, 2]
    assert [len(Chunks.cut(9, 4).of(task)) for task in range(3)] == [3, 3, 3]


@pytest.mark.parametrize(
    "said",
    [
        f"1 to {MOST_ITEMS:,} items",
        f"at most {MAX_TASKS:,} tasks",
        f"more than {sizes.LONG_ITEM_S:g} s | 1 |",
        f"take {sizes.SHORTEST_CHUNK_S:g} to 5 s",
        f"towards {sizes.MANY_TASKS:,} tasks",
        f"at most {sizes.LONGEST_CHUNK_OF_MANY_S:g} s",
        f"{sizes.CHUNKS_PER_WORKER} chunks or more for each worker",
    ],
)
def test_the_numbers_of_the_page_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(PAGE.split())

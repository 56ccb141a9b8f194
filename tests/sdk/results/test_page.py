"""The files, the numbers and the record format that docs/reference/results.md names."""

from __future__ import annotations

import re

import pytest

from taskfarm_sdk._results import names, network, record, writer
from tests.support.programs import ROOT

PAGE = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    [
        f"`{names.ORDER}`",
        f"`{names.ITEMS}`",
        f"`{names.FUNCTION}`",
        f"`{names.CLAIM}`",
        f"`{names.LOCK}`",
        f"`HOST-PID-RANDOM{names.SUFFIX}`",
        f"once {writer.FLUSH_BYTES // 1024} KiB wait",
        f"after {writer.FLUSH_S:g} s",
        f"for {network.DELAY_S:g} s before",
        f"`{record.MAGIC.hex(' ').upper()}`",
        *(f"{one.value} {one.name.lower()}" for one in record.Codec),
    ],
)
def test_the_page_says_what_the_code_does(said: str) -> None:
    bare = " ".join(PAGE.split())
    assert said in bare or said.strip("`") in bare


def test_the_page_describes_every_byte_of_a_head() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", PAGE, flags=re.MULTILINE)
    fields = [(int(offset), int(size)) for offset, size in rows]
    assert [offset for offset, _ in fields] == [
        sum(size for _, size in fields[:number]) for number in range(len(fields))
    ]
    assert sum(size for _, size in fields) == record.HEAD_SIZE

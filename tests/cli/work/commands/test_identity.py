"""What the folder of --results or --log is for: said once, and never seen half."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.work.commands.identity import IDENTITY, Identity, publish, read_identity

OWN = Identity("https://farm.invalid/api/", "0" * 32, 250, 100)
WHOLE = attrs.evolve(OWN, inputs_sha256="ab" * 32, inputs={"values": [["a\udcff"]]})


@pytest.mark.parametrize("own", [OWN, WHOLE])
def test_what_a_folder_is_for_is_read_as_it_was_written(tmp_path: Path, own: Identity) -> None:
    assert read_identity(tmp_path) is None
    assert publish(tmp_path, own)
    assert read_identity(tmp_path) == own
    assert [path.name for path in tmp_path.iterdir()] == [IDENTITY]


def test_a_folder_of_an_earlier_version_does_not_tell_its_inputs(tmp_path: Path) -> None:
    old = attrs.asdict(OWN, filter=lambda field, _: not field.name.startswith("inputs"))
    (tmp_path / IDENTITY).write_text(str(old).replace("'", '"'))
    assert read_identity(tmp_path) == OWN


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        OWN.to_json()[:40],
        OWN.to_json().replace("250", '"250"'),
        OWN.to_json().replace("100", "0"),
        OWN.to_json().replace('"run"', '"walk"'),
    ],
)
def test_a_damaged_file_says_nothing(content: str) -> None:
    assert Identity.from_json(content) is None


@pytest.mark.parametrize("odd", ["[]", "7", '"x"'])
def test_odd_inputs_are_none(odd: str) -> None:
    text = OWN.to_json().replace('"inputs": null', f'"inputs": {odd}')
    assert Identity.from_json(text) == OWN


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("has_links", [True, False])
def test_of_many_that_begin_at_once_one_says_it_and_all_see_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    start = threading.Barrier(8)
    outcomes: list[tuple[bool, Identity | None]] = []

    def begin(number: int) -> None:
        start.wait()
        is_first = publish(tmp_path, attrs.evolve(OWN, run=f"{number:032}"))
        outcomes.append((is_first, read_identity(tmp_path)))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [is_first for is_first, _ in outcomes].count(True) == 1
    (said,) = {found for _, found in outcomes}
    assert said is not None
    assert [path.name for path in tmp_path.iterdir()] == [IDENTITY]


def test_without_hard_links_what_is_said_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse)
    assert publish(tmp_path, OWN)
    assert not publish(tmp_path, WHOLE)
    assert read_identity(tmp_path) == OWN


def test_where_it_cannot_be_said_the_error_is_the_systems_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path, OWN)
    assert list(tmp_path.iterdir()) == []

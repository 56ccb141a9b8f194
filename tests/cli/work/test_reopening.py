"""A run that the server calls done is whole only if its folder has each item."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import attrs
import pytest

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.work import reopening
from taskfarm_cli.work.commands.open_items import OpenOfResults
from taskfarm_cli.work.reopening import Reopening
from taskfarm_cli.work.screen import Screen
from taskfarm_sdk import Run
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._results.network import Patience

CHUNKS = Chunks(6, 3)


@attrs.frozen
class OneRun:
    """Stands for a run, of which nothing is asked."""

    num_tasks: int = CHUNKS.tasks


def keep(folder: Path, *items: int) -> None:
    """Have successes of items in a folder of --results."""
    for item in items:
        (folder / str(item)).mkdir(parents=True)
        (folder / str(item) / "exit").write_text("0\n")


def of(folder: Path, patience: Patience) -> Reopening:
    """Return the reopening of a run in 3 chunks of 2 items."""
    run, screen = cast("Run", OneRun()), cast("Screen", None)
    return Reopening(run, CHUNKS, OpenOfResults(folder), str(folder), screen, patience)


class Time:
    """A clock that a sleep advances; what was to be done after some sleeps is done."""

    def __init__(self, late: Path) -> None:
        self.now = 0.0
        self._late = late

    def sleep(self, seconds: float) -> None:
        """Have time pass; the items 2 and 5 come after 30 s."""
        self.now += seconds
        if self.now == 30:
            keep(self._late, 2, 5)

    @property
    def patience(self) -> Patience:
        """The usual patience, by this clock."""
        return Patience(clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all folders on a network file system."""
    monkeypatch.setattr(reopening, "is_shared", lambda _: True)


@pytest.mark.usefixtures("network")
def test_what_a_network_file_system_shows_late_is_not_missing(tmp_path: Path) -> None:
    keep(tmp_path, 0, 1, 3, 4)
    time = Time(tmp_path)
    of(tmp_path, time.patience).check_whole()
    assert time.now == 30


@pytest.mark.usefixtures("network")
def test_what_is_not_there_after_90_s_is_missing_and_no_success(tmp_path: Path) -> None:
    keep(tmp_path, 0, 1)
    time = Time(tmp_path)
    with pytest.raises(CommandError, match="has no success of 2 items, though the") as caught:
        of(tmp_path, time.patience).check_whole()
    # No planned end, which --batch would call a success.
    assert caught.value.status == ExitStatus.FAILED
    assert time.now == 90


def test_on_a_local_disk_nothing_is_waited_for(tmp_path: Path) -> None:
    keep(tmp_path, 0, 1, 3, 4)
    time = Time(tmp_path)
    with pytest.raises(CommandError, match="has no success of 2 items"):
        of(tmp_path, time.patience).check_whole()
    assert time.now == 0


def test_a_folder_that_cannot_be_read_is_no_whole_one(tmp_path: Path) -> None:
    keep(tmp_path, *range(6))
    (tmp_path / "3" / "exit").unlink()
    (tmp_path / "3" / "exit").symlink_to("exit")
    with pytest.raises(CommandError, match="cannot read .*3/exit"):
        of(tmp_path, Time(tmp_path).patience).check_whole()

"""The log of `--log`, where the disk cannot keep it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from taskfarm_cli.work.commands.kept import Log
from taskfarm_cli.work.commands.kept_items import Record, records
from taskfarm_cli.work.template import Job


def keep(log: Log, item: int) -> None:
    """Keep the success of an item that wrote its number."""
    streams = log.begin(Job(0, item, None, {}, 0), 1)
    streams.out.write(b"%d" % item)
    log.end(streams, 0, 0)


def kept(folder: Path) -> list[Record]:
    return list(records(folder))


def test_what_may_be_lost_counts_for_nobody_and_no_later_call_calls_it_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([OSError(errno.EIO, os.strerror(errno.EIO))])

    def lose(_: int) -> None:
        # As Linux: it says once that data was lost.
        for fault in faults:
            raise fault

    log = Log(str(tmp_path))
    keep(log, 0)
    log.sync()
    keep(log, 1)
    monkeypatch.setattr(os, "fsync", lose)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            log.sync()
    with pytest.raises(OSError, match="Input/output"):
        keep(log, 2)
    log.close()
    assert [record.item for record in kept(tmp_path)] == [0]

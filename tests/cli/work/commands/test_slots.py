"""Many slots, and few files that may be open."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.text import counted
from taskfarm_cli.work.commands import slots
from taskfarm_cli.work.commands.slots import Slots, slots_for
from taskfarm_sdk.execution.parts import OpenFiles
from tests.support.work_tf import WORK, NewRun, WorkTF


@pytest.mark.parametrize(
    ("files", "given"),
    [
        (OpenFiles(10**9, None), Slots(256, None)),
        (OpenFiles(4096, 1024), Slots(256, 1024)),
        (OpenFiles(1024, None), Slots(75, None)),
        (OpenFiles(1024, 256), Slots(75, 256)),
        (OpenFiles(20, None), Slots(1, None)),
    ],
    ids=str,
)
def test_there_are_as_many_slots_as_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, files: OpenFiles, given: Slots
) -> None:
    said: list[str] = []
    monkeypatch.setattr(slots, "raise_open_files", lambda _: files)
    assert slots_for(256, said.append) == given
    assert [
        text.startswith(f"{counted(given.number, 'job')} at a time, not 256") for text in said
    ] == ([] if given.number == 256 else [True])


@pytest.mark.live
@pytest.mark.parametrize(
    ("limit", "said"),
    [("ulimit -Sn 64", False), ("ulimit -n 150", True)],
    ids=["the hard limit allows them", "the hard limit is too low"],
)
def test_many_slots_and_few_descriptors_are_no_absence_of_the_server(
    work_tf: WorkTF, new_run: NewRun, limit: str, *, said: bool
) -> None:
    little = ("sh", "-c", f'{limit}; exec "$0" "$@"', *WORK)
    run = new_run(48)
    done = work_tf(run.uuid, "-j24", "--shell", "--", "ulimit -Sn; sleep 0.2", program=little)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {limit.rsplit(maxsplit=1)[-1]}
    assert ("jobs at a time, not 24" in done.stderr) == said
    assert "server" not in done.stderr
    assert run.status().succeeded

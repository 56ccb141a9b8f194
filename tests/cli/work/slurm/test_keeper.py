"""The keeper of `--keep`: signals at the worst of moments, and arrays that come to nothing."""

from __future__ import annotations

import signal
import threading

import pytest

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.work.screen import Screen
from taskfarm_cli.work.slurm import advice, cli, policy, recovery
from taskfarm_cli.work.slurm.keeper import Keeper, Terms
from taskfarm_sdk import Farm, Run
from tests.support.processes import NET_S

pytestmark = pytest.mark.live


def test_ctrl_c_as_it_begins_to_look_after_lost_tasks_is_no_error(
    live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name == "taskfarm-lost":
            signal.raise_signal(signal.SIGINT)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    monkeypatch.setattr(recovery, "ENDS_WITHIN_S", NET_S)
    running = [cli.Element("1", "0", "RUNNING", 99.0, "None")]
    monkeypatch.setattr(cli, "queue", lambda _: running)
    terms = Terms("taskfarm", 1, 1, 3, 60.0, False)
    run = live_farm.create_run(1)
    with run.worker() as other:
        assert other.claim() is not None
        keeper = Keeper(
            run, terms, submit=lambda _: "1", said=lambda _: "", screen=Screen("workTF")
        )
        with pytest.raises(KeyboardInterrupt):
            keeper.keep()
        assert not [one for one in threading.enumerate() if one.name == "taskfarm-lost"]


class Queue:
    """A queue in which each array is seen once, and is gone with the next look."""

    def __init__(self, ran_s: float) -> None:
        self.ran_s = ran_s
        self.arrays: list[str] = []
        self._unseen: list[str] = []

    def submit(self, workers: int) -> str:
        assert workers == 1
        self.arrays.append(str(len(self.arrays) + 1))
        self._unseen.append(self.arrays[-1])
        return self.arrays[-1]

    def look(self, _: str) -> list[cli.Element]:
        seen, self._unseen = self._unseen, []
        return [cli.Element(job, "0", "RUNNING", self.ran_s, "None", 180.0) for job in seen]


LIMITS = policy.Limits(60.0, 60.0)


def keep(run: Run, queue: Queue, said: str, monkeypatch: pytest.MonkeyPatch) -> CommandError:
    """Keep workers of a run until the keeper gives up; return why."""
    monkeypatch.setattr(cli, "queue", queue.look)
    monkeypatch.setattr(cli, "cancel", lambda _: None)
    terms = Terms(
        *("taskfarm", 1, 1, 3, 0.001, False, LIMITS),
        remedy=advice.remedy("3", None),
        folder="/shared/here",
    )
    keeper = Keeper(run, terms, submit=queue.submit, said=lambda _: said, screen=Screen("workTF"))
    with pytest.raises(CommandError) as raised:
        keeper.keep()
    return raised.value


def test_arrays_that_reach_their_limit_and_complete_nothing_end_it_with_the_reason(
    live_farm: Farm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue(ran_s=60.0)
    error = keep(live_farm.create_run(1), queue, "the end", monkeypatch)
    assert error.status == ExitStatus.FAILED
    assert "3 arrays in a row (1, 2, 3) reached their time limit and completed no" in str(error)
    assert "give more than --time 3, or make the tasks smaller" in str(error)
    assert queue.arrays == ["1", "2", "3"]
    lines = capsys.readouterr().err.splitlines()
    warnings = [line for line in lines if "array 1 reached its time limit" in line]
    assert len(warnings) == 1
    assert "give more than --time 3, or make the tasks smaller" in warnings[0]
    assert "workTF: | the end" in lines


@pytest.mark.parametrize(
    ("ends", "said", "words"),
    [
        (["FAILED", "JobLaunchFailure"], "", "lacks the folder /shared/here"),
        (["OUT_OF_MEMORY"], "", '--sbatch-args "--mem-per-cpu=SIZE"'),
        (["FAILED", "NonZeroExitCode"], "no", "Slurm gives as reasons: FAILED, NonZeroExitCode"),
        ([], "", "they wrote nothing"),
    ],
)
def test_arrays_that_die_at_once_are_told_with_what_slurm_knows(
    live_farm: Farm, monkeypatch: pytest.MonkeyPatch, ends: list[str], said: str, words: str
) -> None:
    monkeypatch.setattr(cli, "ends", lambda _: ends)
    error = keep(live_farm.create_run(1), Queue(ran_s=0.0), said, monkeypatch)
    assert "3 arrays in a row (1, 2, 3) died at once" in str(error)
    assert words in str(error)


@pytest.mark.parametrize(
    ("time", "stop_after_s", "words"),
    [
        (None, None, "give a --time that a task fits into"),
        ("2:00:00", None, "more than --time 2:00:00"),
        (None, 90.0, "more than --stop-after-s 90"),
    ],
)
def test_the_option_that_helps_is_named(
    time: str | None, stop_after_s: float | None, words: str
) -> None:
    assert words in advice.remedy(time, stop_after_s)
    assert "make the tasks smaller" in advice.remedy(time, stop_after_s)

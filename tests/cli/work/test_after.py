"""`--after`: what is waited for before the first task is claimed, and when nothing comes after."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.work import after
from taskfarm_cli.work.after import After
from taskfarm_cli.work.main import main
from taskfarm_cli.work.screen import Screen
from taskfarm_cli.work.time_limit import End
from taskfarm_sdk import Farm, Run, RunStatus, WaitTimeout
from tests.support.fake_slurm import FakeSlurm
from tests.support.work_tf import NewRun

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("work_folder")]


class Told(Screen):
    """Notes messages, and does something when the status line is first drawn."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        super().__init__("workTF")
        self.said: list[str] = []
        self._then = then

    def say(self, text: str, command: str = "") -> None:
        self.said.append(f"{text}{command}")

    def draw(self, *_: str, status: RunStatus | None = None) -> None:
        self._then()
        self._then = lambda: None


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(after, "POLL_S", 0.02)


def finish(run: Run, *, fail: bool = False) -> None:
    """Compute all tasks of a run; if it is to fail, not the first."""
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            if fail and task.number == 0:
                task.fail("no")
            else:
                task.complete()


def test_runs_are_waited_for_one_after_the_other(live_farm: Farm, new_run: NewRun) -> None:
    first, second = new_run(2), new_run(1)
    awaited = After([first.uuid, second.uuid[:12]]).find(live_farm)

    def finish_both() -> None:
        finish(first)
        finish(second)

    screen = Told(finish_both)
    awaited.wait(screen)
    assert screen.said == [f"waiting for run {first.uuid} (--after): 0 of 2 tasks done"]


def test_a_failure_of_the_run_ends_it_with_5(live_farm: Farm, new_run: NewRun) -> None:
    run = new_run(3)
    awaited = After([run.uuid]).find(live_farm)
    with pytest.raises(CommandError, match=r"--after waits for, failed \(1 of 3 tasks\)") as error:
        awaited.wait(Told(lambda: finish(run, fail=True)))
    assert error.value.status == ExitStatus.TASKS_FAILED


def test_a_run_that_is_deleted_meanwhile_ends_it_with_4(live_farm: Farm) -> None:
    run = live_farm.create_run(1)
    awaited = After([run.uuid]).find(live_farm)
    with pytest.raises(CommandError, match=f"run {run.uuid}, which .*, was deleted") as error:
        awaited.wait(Told(run.delete))
    assert error.value.status == ExitStatus.NO_SUCH_RUN


def test_the_time_limit_ends_the_wait_with_7(live_farm: Farm, new_run: NewRun) -> None:
    run = new_run(1)
    awaited = After([run.uuid]).find(live_farm)
    end = End(time.monotonic() + 0.1, "after 0.1 s as requested")
    with pytest.raises(CommandError, match=r"stopped after 0\.1 s as requested, before") as error:
        awaited.wait(Told(), end)
    assert error.value.status == ExitStatus.NOT_FINISHED


def test_a_run_of_which_nothing_comes_is_seen_before_one_is_created(
    live_farm: Farm, new_run: NewRun, capsys: pytest.CaptureFixture[str]
) -> None:
    failed, gone = new_run(1), live_farm.create_run(1)
    finish(failed, fail=True)
    gone.delete()
    before = len(live_farm.runs())
    new = ("--create", "--num-tasks", "1", "--", "true")
    assert main(["--after", failed.uuid, *new]) == 5
    assert main(["--after", gone.uuid, *new]) == 4
    assert len(live_farm.runs()) == before
    assert not list(Path.cwd().iterdir())
    assert f"manageTF --tasks --state failed {failed.uuid}" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "said"), [("x", "not a run UUID"), ("", "not a run UUID")])
def test_what_is_no_name_of_a_run_is_refused_before_anything_is_sent(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        After([name])


def test_a_run_does_not_wait_for_itself(
    new_run: NewRun, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(1)
    assert main([run.uuid, "--after", run.uuid, "--", "true"]) == 2
    assert f"run {run.uuid} cannot wait for itself" in capsys.readouterr().err


def test_after_a_failure_the_new_run_is_there_and_the_command_to_go_on_is_told(
    live_farm: Farm,
    new_run: NewRun,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = new_run(1)
    watch = Run.watch

    def fail_then_watch(run: Run, *words: float, **more: float | None) -> object:
        finish(other, fail=True)
        return watch(run, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "watch", fail_then_watch)
    words = ["--create", "--num-tasks", "2", "-j1", "--after", other.uuid, "--", "touch", "ran"]
    assert main(words) == 5
    (manifest,) = Path.cwd().glob("taskfarm-*.json")
    uuid = manifest.stem.removeprefix("taskfarm-")
    assert live_farm.get_run(uuid).status().done == 0
    assert not Path("ran").exists()
    said = capsys.readouterr().err
    assert f"resume with: workTF {uuid} -j1 --after {other.uuid} -- touch ran" in said
    live_farm.get_run(uuid).delete()


def test_on_slurm_workers_are_submitted_once_it_is_finished(
    live_farm: Farm, new_run: NewRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from taskfarm_sdk.logins import save_login

    save_login(live_farm.url, live_farm.user or "", live_farm.login())
    slurm = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{tmp_path / 'slurm'}:/bin:/usr/bin")
    other = new_run(1)
    watch = Run.watch

    def finish_then_watch(run: Run, *words: float, **more: float | None) -> object:
        assert slurm.submissions == 0
        finish(other)
        return watch(run, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "watch", finish_then_watch)
    words = ["--slurm", "2", "--allow-loopback", "--after", other.uuid, new_run(1).uuid]
    assert main([*words, "--", "true"]) == 0
    assert slurm.submissions == 1


@attrs.frozen
class Reset:
    """Stands for a run whose failed tasks were set waiting as soon as it was seen finished."""

    uuid: str
    num_tasks: int
    finished: RunStatus
    waited: list[float | None]

    def watch(self, _: float, *, timeout_s: float | None) -> Iterator[RunStatus]:
        """Yield that it is finished."""
        assert timeout_s is not None
        yield self.finished

    def wait(self, *, poll_s: float, timeout_s: float | None) -> RunStatus:
        """Give up."""
        assert poll_s
        self.waited.append(timeout_s)
        raise WaitTimeout("the time is over", run=self.uuid, run_status=self.finished)


def test_a_run_that_is_set_waiting_as_it_is_seen_finished_holds_up_nothing_beyond_the_limit(
    new_run: NewRun, live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(1)
    finish(run)
    status = attrs.evolve(run.status(), failed=None)
    other = Reset(run.uuid, 1, status, [])
    monkeypatch.setattr(RunName, "find_with_status", lambda *_: (other, status))
    awaited = After([run.uuid]).find(live_farm)
    assert (len(awaited.runs), other.waited) == (1, [0])
    with pytest.raises(CommandError) as caught:
        awaited.wait(Told(), End(time.monotonic(), "at the limit"))
    assert (caught.value.status, other.waited) == (ExitStatus.NOT_FINISHED, [0, 0])

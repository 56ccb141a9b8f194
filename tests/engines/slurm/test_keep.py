"""workTF --keep on a real Slurm: workers that end are replaced until the run is finished."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from taskfarm_cli.work.slurm.submit import KEEP_EVERY
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import wait_until
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal
from tests.support.slurm_cluster import Cluster
from tests.support.slurm_work import HASTY_KEEP, OFTEN_S, UNTIL_TOLD, WORK, RunOf, Submit, keeping

pytestmark = [
    pytest.mark.live,
    pytest.mark.slurm,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("cluster", "folder"),
]


def test_workers_that_end_are_replaced_until_the_run_is_finished(
    cluster: Cluster, run_of: RunOf, folder: Path
) -> None:
    run = run_of(5)
    with keeping("2", run.uuid, *UNTIL_TOLD, program=HASTY_KEEP) as kept:
        wait_until(lambda: run.status().computing == 2)
        cluster.run("scancel", kept.jobs[0])
        wait_until(lambda: len(kept.jobs) == 2)
        # Until the cancelled ones have given theirs back, as many are computed as before.
        wait_until(lambda: [s for _, s in cluster.jobs(kept.jobs[1])] == ["RUNNING"] * 2)
        wait_until(lambda: run.status().computing == 2)
        # One element alone is replaced by one.
        cluster.run("scancel", f"{kept.jobs[1]}_0")
        wait_until(lambda: len(kept.jobs) == 3)
        wait_until(lambda: [s for _, s in cluster.jobs(kept.jobs[2])] == ["RUNNING"])
        assert {info.attempts for info in run.task_infos()} == {0}
        (folder / "go").touch()
        assert kept.end() == 0, kept.said
    assert run.status().succeeded
    assert "5 of 5 done, 0 failed" in kept.said
    assert cluster.run("squeue", "--noheader", "--states=PENDING") == ""


def test_there_are_no_more_workers_than_tasks_and_failed_ones_end_it_with_5(
    cluster: Cluster, run_of: RunOf
) -> None:
    run = run_of(3)
    with keeping(
        "8", run.uuid, "-j2", "--max-attempts", "1", "--", "test", "{task}", "!=", "1"
    ) as kept:
        assert kept.end() == 5, kept.said
    assert len(cluster.jobs(kept.jobs[0])) == 2
    assert run.status().failed == 1


def test_three_arrays_that_die_at_once_end_it_and_their_output_is_shown(run_of: RunOf) -> None:
    run = run_of(3)
    with keeping("2", run.uuid, "--", "no-such-program") as kept:
        assert kept.end() == 1
    assert len(kept.jobs) == 3
    assert "| workTF: there is no program 'no-such-program' here" in kept.said
    assert f"3 arrays in a row ({', '.join(kept.jobs)}) died at once" in kept.said
    assert run.status().waiting == 3


def test_three_arrays_that_run_out_of_time_end_it_and_after_the_first_it_warns(
    run_of: RunOf,
) -> None:
    run = run_of(3)
    with keeping("1", run.uuid, "--stop-after-s", "2", "--", "sleep", "86396") as kept:
        assert kept.end() == 1
    assert len(kept.jobs) == 3
    assert kept.said.count(f"array {kept.jobs[0]} reached its time limit") == 1
    assert f"3 arrays in a row ({', '.join(kept.jobs)}) reached their time limit" in kept.said
    assert "more than --stop-after-s 2" in kept.said
    assert [(info.state, info.attempts) for info in run.task_infos()] == [("waiting", 0)] * 3


def test_workers_that_no_node_can_start_are_told_with_the_folder(run_of: RunOf) -> None:
    run = run_of(1)
    with keeping("1", run.uuid, "--sbatch-args", "-o /nowhere/%A_%a", "--", "true") as kept:
        assert kept.end() == 1
    assert "JobLaunchFailure" in kept.said
    assert "lacks the folder /nowhere" in kept.said


def test_ctrl_c_leaves_the_workers_which_the_same_command_keeps_again(
    cluster: Cluster, run_of: RunOf, folder: Path
) -> None:
    run = run_of(2)
    words = ("2", run.uuid, *UNTIL_TOLD)
    with keeping(*words) as kept:
        wait_until(lambda: run.status().computing == 2)
        kept.process.send_signal(signal.SIGINT)
        assert kept.end() == 130
        (job,) = kept.jobs
        assert f"`scancel {job}` cancels them" in kept.said
        assert run.uuid in kept.said.rpartition("cancels them")[2]
    assert [state for _, state in cluster.jobs(job)] == ["RUNNING"] * 2
    with keeping(*words) as again:
        wait_until(lambda: "2 workers running" in again.said)
        (folder / "go").touch()
        assert again.end() == 0, again.said
    assert again.jobs == [], "those that were there were enough"


def test_at_a_terminal_a_line_shows_how_it_goes_and_ctrl_c_tells_how_to_go_on(
    run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(2)
    monkeypatch.setenv(KEEP_EVERY, OFTEN_S)
    words = ("--allow-loopback", "--keep", "--slurm", "2", run.uuid, *UNTIL_TOLD)
    with PseudoTerminal(words, {}, columns=150, program=WORK) as terminal:
        terminal.expect(r"0 of 2 done   2 computing   2 workers running")
        terminal.press(CTRL_C)
        assert terminal.end() == 130, terminal.text
        assert re.search(r"the workers keep running: `scancel \d+` cancels them", terminal.text)
        assert "Traceback" not in terminal.text
    assert run.status().computing == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_with_cancel_on_exit_they_are_cancelled(
    run_of: RunOf, folder: Path, number: signal.Signals
) -> None:
    run = run_of(2)
    with keeping("2", run.uuid, "--cancel-on-exit", *UNTIL_TOLD) as kept:
        wait_until(lambda: run.status().computing == 2)
        kept.process.send_signal(number)
        assert kept.end() == 128 + number
        assert f"cancelled the workers: {kept.jobs[0]}" in kept.said
    wait_until(lambda: run.status().waiting == 2)
    assert {info.attempts for info in run.task_infos()} == {0}
    assert not (folder / "go").exists()


def test_outages_of_slurm_and_of_the_server_are_sat_out(
    cluster: Cluster, run_of: RunOf, folder: Path, taskfarm_server: LocalServer
) -> None:
    run = run_of(3)
    words = ("2", run.uuid, *UNTIL_TOLD)
    with keeping(*words, environment=cluster.impatient_environment) as kept:
        wait_until(lambda: run.status().computing == 2)
        cluster.stop_controller()
        wait_until(lambda: "squeue ended with 1" in kept.said)
        taskfarm_server.kill()
        cluster.start_controller()
        taskfarm_server.start()
        (folder / "go").touch()
        assert kept.end() == 0, kept.said
    assert run.status().succeeded


def test_what_slurm_refuses_ends_it_at_once(submit: Submit, run_of: RunOf) -> None:
    run = run_of(1)
    for keep in ((), ("--keep",)):
        words = (*keep, "--sbatch-args", "--partition=none", "--", "true")
        done = submit("1", run.uuid, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "invalid partition" in done.stderr
        assert "Traceback" not in done.stderr

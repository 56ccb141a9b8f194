"""workTF --slurm on a real Slurm: arrays of workers, and all the ways in which they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.work.slurm import job_environment
from taskfarm_sdk import Farm, Run
from taskfarm_sdk._flows import recovery
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import Process, everybody, wait_until
from tests.support.slurm_cluster import Cluster
from tests.support.slurm_work import UNTIL_TOLD, RunOf, Submit, read_journal, read_output

pytestmark = [pytest.mark.live, pytest.mark.slurm, pytest.mark.timeout(300)]


def attempts(run: Run) -> set[int]:
    return {info.attempts for info in run.task_infos()}


def test_an_array_finishes_a_run_and_what_depends_on_it_starts(
    cluster: Cluster, submit: Submit, run_of: RunOf, folder: Path
) -> None:
    run = run_of(6)
    (folder / "in puts").write_text("".join(f"it's {n}\n" for n in range(6)))
    # Nobody is done before both workers have a task.
    both = "until test -e 0 && test -e 1; do sleep 0.1; done"
    command = f'touch "$SLURM_ARRAY_TASK_ID"; {both}; echo "<$1>"'
    done = submit(
        *("2", run.uuid, "-j2", "--time", "5", "--inputs", "in puts", "--journal", "jour nal"),
        *("--", "sh", "-c", command, "a\nb", "{input}"),
    )
    assert done.returncode == 0, done.stderr
    job = done.stdout.strip()
    assert done.stdout == f"{job}\n"
    assert job.isdecimal()
    after = cluster.run(
        *("sbatch", "--parsable", f"--dependency=afterok:{job}", f"--output={folder.parent}/after"),
        *("--wrap", "echo after"),
    ).strip()
    wait_until(lambda: cluster.jobs(job) == [("0", "COMPLETED"), ("1", "COMPLETED")])
    assert run.status().succeeded
    assert sorted(line for line in read_output(folder).splitlines() if line.startswith("<")) == [
        f"<it's {n}>" for n in range(6)
    ]
    lines = read_journal(folder / "jour nal")
    assert {line["slurm_array_job"] for line in lines} == {int(job)}
    assert {line["slurm_array_task"] for line in lines} == {0, 1}
    assert {line["slurm_restarts"] for line in lines} == {0}
    wait_until((folder.parent / "after").exists)
    wait_until(lambda: cluster.jobs(after) == [("N/A", "COMPLETED")])


def test_no_credential_is_in_the_script_the_environment_or_a_command_line(
    cluster: Cluster,
    submit: Submit,
    run_of: RunOf,
    taskfarm_server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = run_of(1)
    with taskfarm_server.farm() as farm:
        token = farm.login()
    monkeypatch.setenv("TASKFARM_PASSWORD", taskfarm_server.password)
    monkeypatch.setenv("TASKFARM_TOKEN", token)
    monkeypatch.setenv("TASKFARM_USER", "somebody")
    job = submit("1", run.uuid, "--", "sleep", "86395").stdout.strip()
    wait_until(lambda: run.status().computing == 1)
    mark = f"SLURM_ARRAY_JOB_ID={job}\0".encode()
    workers = [each for each in map(shown, everybody()) if mark in each]
    assert any(b"taskfarm_cli.work.main" in each for each in workers)
    assert any(b"sleep\x0086395" in each for each in workers)
    script = cluster.run("scontrol", "write", "batch_script", job, "-").encode()
    assert b"\nexec " in script
    names = ("TASKFARM_PASSWORD=", "TASKFARM_TOKEN=", "TASKFARM_USER=")
    for secret in (taskfarm_server.password, token, "somebody", *names):
        assert [each for each in (script, *workers) if secret.encode() in each] == []


def shown(process: Process) -> bytes:
    try:
        return process.shown
    except OSError:
        return b""


def test_what_slurm_refuses_is_refused_before_a_run_is_made(
    submit: Submit, saved_farm: Farm, folder: Path
) -> None:
    before = len(saved_farm.runs())
    new = ("--create", "--num-tasks", "3")
    for words, said in (
        (("1", *new, "--sbatch-args", "--partition=none"), "sinfo lists the partitions"),
        (("2000", *new), "MaxArraySize"),
    ):
        done = submit(*words, "--", "true")
        assert (done.returncode != 0, done.stdout) == (True, "")
        assert said in done.stderr
        assert list(folder.glob("taskfarm-*")) == []
    assert len(saved_farm.runs()) == before


def test_functions_that_were_exported_reach_the_nodes_and_a_kill_names_memory(
    cluster: Cluster,
    submit: Submit,
    run_of: RunOf,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BASH_FUNC_module%%", '() { echo "loaded $1"; }')
    run = run_of(1)
    words = ("1", run.uuid, "--max-attempts", "1", "--", "bash", "-c", "module x; kill -KILL $$")
    job = submit(*words).stdout.strip()
    wait_until(lambda: cluster.jobs(job) == [("0", "FAILED")])
    assert "loaded x" in read_output(folder)
    assert '--sbatch-args "--mem-per-cpu=' in read_output(folder)


def test_failed_tasks_keep_what_depends_on_the_array_from_starting(
    cluster: Cluster, submit: Submit, run_of: RunOf, folder: Path
) -> None:
    run = run_of(2)
    words = ("1", run.uuid, "--max-attempts", "1", "--", "test", "{task}", "=", "0")
    job = submit(*words).stdout.strip()
    wait_until(lambda: cluster.jobs(job) == [("0", "FAILED")])
    assert "1 of 2 tasks" in read_output(folder)
    assert "ExitCode=5:0" in cluster.run("scontrol", "show", "job", f"{job}_0")


def test_cancelled_workers_give_their_tasks_back_uncounted(
    cluster: Cluster, submit: Submit, run_of: RunOf
) -> None:
    run = run_of(4)
    job = submit("2", run.uuid, "-j2", "--", "sleep", "86394").stdout.strip()
    wait_until(lambda: run.status().computing == 4)
    cluster.run("scancel", f"{job}_1")
    wait_until(lambda: run.status().waiting == 2)
    assert run.status().computing == 2
    cluster.run("scancel", job)
    wait_until(lambda: run.status().waiting == 4)
    assert attempts(run) == {0}
    wait_until(lambda: cluster.jobs(job) == [("0", "CANCELLED"), ("1", "CANCELLED")])


def test_a_requeued_worker_gives_back_and_goes_on_when_it_starts_again(
    cluster: Cluster, submit: Submit, run_of: RunOf, folder: Path
) -> None:
    run = run_of(3)
    job = submit("1", run.uuid, "-j2", "--journal", "j", *UNTIL_TOLD).stdout.strip()
    wait_until(lambda: run.status().computing == 2)
    cluster.run("scontrol", "requeue", f"{job}_0")
    wait_until(lambda: run.status().waiting == 3)
    assert attempts(run) == {0}
    (folder / "go").touch()
    cluster.start_now(f"{job}_0")
    wait_until(lambda: cluster.jobs(job) == [("0", "COMPLETED")])
    assert run.status().succeeded
    lines = [(line["outcome"], line["slurm_restarts"]) for line in read_journal(folder / "j")]
    assert sorted(lines) == [("completed", 1)] * 3 + [("released", 0)] * 2


def test_the_signal_before_the_time_limit_gives_back_and_ends_with_0(
    cluster: Cluster, submit: Submit, run_of: RunOf
) -> None:
    run = run_of(2)
    job = submit("1", run.uuid, "-j2", "--time", "10", "--", "sleep", "86393").stdout.strip()
    wait_until(lambda: run.status().computing == 2)
    raw = cluster.raw_id(f"{job}_0")
    left_s = job_environment.left_s(Hidden({"SLURM_JOB_ID": raw}))
    assert left_s is not None
    assert 500 < left_s <= 600
    # Slurm looks every 30 s whose time is over in the lead of 60 s or before it looks again. So it
    # sends the signal at its next look, and a worker that is slow has a minute to end by itself.
    cluster.run("scontrol", "update", f"JobId={raw}", "EndTime=now+90")
    wait_until(lambda: cluster.jobs(job) == [("0", "COMPLETED")])
    assert (run.status().waiting, attempts(run)) == (2, {0})


def test_losing_slurmd_alone_does_no_harm(
    cluster: Cluster, submit: Submit, run_of: RunOf, folder: Path
) -> None:
    run = run_of(2)
    words = ("1", run.uuid, "--sbatch-args", "--nodelist=node2", *UNTIL_TOLD)
    job = submit(*words).stdout.strip()
    wait_until(lambda: run.status().computing == 1)
    cluster.kill_daemon("node2")
    (folder / "go").touch()
    wait_until(lambda: run.status().succeeded)
    cluster.start_node("node2")
    wait_until(lambda: cluster.jobs(job) == [("0", "COMPLETED")])


def test_a_node_that_dies_loses_no_task(
    cluster: Cluster,
    submit: Submit,
    run_of: RunOf,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whoever looks after lost tasks does so at once and often.
    monkeypatch.setattr(recovery, "START_SPREAD_S", 0)
    monkeypatch.setattr(recovery, "MOST_REST_S", 1)
    run = run_of(3)
    words = ("1", run.uuid, "-j2", "--sbatch-args", "--exclude=node1", *UNTIL_TOLD)
    job = submit(*words).stdout.strip()
    wait_until(lambda: run.status().computing == 2)
    cluster.kill_node("node2")
    assert run.status().computing == 2, "nobody was left to give them back"
    cluster.run("scontrol", "update", "NodeName=node2", "State=DOWN", "Reason=power")
    wait_until(lambda: cluster.jobs(job) == [("0", "PENDING")])
    cluster.run("scontrol", "update", f"JobId={job}_0", "ExcNodeList=")
    (folder / "go").touch()
    cluster.start_now(f"{job}_0")
    # The one that starts again would wait two minutes for the lost ones, as all who linger do.
    with run.worker(heartbeat_s=0.5, first_beat_s=0.5, stale_after_s=1.5, linger=True) as other:
        for task in other:
            task.complete()
    assert run.status().succeeded
    wait_until(lambda: cluster.jobs(job) == [("0", "COMPLETED")])

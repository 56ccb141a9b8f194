"""workTF on the real server: what runs, what came of it, and what it ends with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, _run_notes
from tests.support.processes import NET_S, wait_until
from tests.support.work_tf import WORK, NewRun, WorkTF

pytestmark = pytest.mark.live


def uuid_told(err: str) -> str:
    return err.partition("run ")[2][:32]


def test_each_task_is_run_once_and_the_run_is_finished(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(5)
    done = work_tf(run.uuid, "-j2", "--", "echo", "{task}")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["0", "1", "2", "3", "4"]
    assert run.status().succeeded
    assert f"run {run.uuid}: 5 of 5 done, 0 failed" in done.stderr


def test_the_one_liner_makes_a_run_of_a_files_lines(
    work_tf: WorkTF, live_farm: Farm, work_folder: Path
) -> None:
    (work_folder / "files.txt").write_text("a.txt\nb c.txt\n")
    done = work_tf("--create", "--inputs", "files.txt", "-j1", "--", "echo", "{input}", "{.}")
    assert (done.returncode, done.stdout) == (0, "a.txt a\nb c.txt b c\n"), done.stderr
    uuid = uuid_told(done.stderr)
    kept = json.loads(_run_notes.note_path(uuid).read_text())
    assert kept["run"] == uuid
    assert kept["command"] == ["echo", "{input}", "{.}"]
    assert (kept["num_tasks"], len(kept["inputs_sha256"])) == (2, 64)
    assert kept["folder"] == str(work_folder)
    live_farm.get_run(uuid).delete()


def test_the_command_knows_its_task_by_its_environment(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(2)
    names = "$TASKFARM_TASK,$TASKFARM_NUM_TASKS,$TASKFARM_RUN,$TASKFARM_ATTEMPT,$TASKFARM_PERCENT"
    done = work_tf(run.uuid, "-j1", "--shell", "--", f'echo "{names},$TASKFARM_INPUT"')
    assert done.stdout == "".join(f"{task},2,{run.uuid},1,0,\n" for task in (0, 1))


def test_a_shell_gets_the_input_by_the_environment(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(
        *(new_run(1).uuid, "--inputs", "-", "--shell", "--", 'printf %s "$TASKFARM_INPUT"'),
        stdin="$(echo no) && `no`\n",
    )
    assert done.stdout == "$(echo no) && `no`"


def test_no_secret_reaches_the_command(work_tf: WorkTF, new_run: NewRun, live_farm: Farm) -> None:
    done = work_tf(new_run(1).uuid, "--", "env")
    assert done.returncode == 0
    assert "TASKFARM_URL" in done.stdout
    assert live_farm.login() not in done.stdout


def test_the_command_reads_nothing(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(new_run(1).uuid, "--", "cat", stdin="for workTF\n")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_task_that_fails_each_time_has_failed_and_ends_it_with_5(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    run = new_run(3)
    done = work_tf(run.uuid, "-j2", "--shell", "--", 'test "$TASKFARM_TASK" != 1 || exit 3')
    assert done.returncode == 5
    assert done.stderr.count("exit status 3") == 3
    assert [info.number for info in run.task_infos("failed")] == [1]
    assert "attempt 3, the last" in done.stderr


def test_a_task_that_succeeds_in_the_end_is_done(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(1)
    done = work_tf(run.uuid, "--shell", "--", 'test "$TASKFARM_ATTEMPT" = 2')
    assert done.returncode == 0, done.stderr
    assert run.status().succeeded


def test_a_command_killed_by_a_signal_fails_and_says_by_which(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    done = work_tf(new_run(1).uuid, "--max-attempts", "1", "--shell", "--", "kill -KILL $$")
    assert done.returncode == 5
    assert "killed by SIGKILL" in done.stderr


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        pytest.param(["no-such-program"], 127, "no program 'no-such-program'", id="not there"),
        pytest.param(["echo a && echo b"], 127, "--shell", id="a line for a shell"),
        pytest.param(["./file"], 126, "not executable", id="not executable"),
    ],
)
def test_a_command_that_cannot_be_executed_ends_it_and_counts_nothing(
    work_tf: WorkTF, new_run: NewRun, work_folder: Path, command: list[str], status: int, said: str
) -> None:
    (work_folder / "file").write_text("no program")
    run = new_run(3)
    done = work_tf(run.uuid, "-j1", "--", *command)
    assert done.returncode == status
    assert said in done.stderr
    assert [(i.state, i.attempts) for i in run.task_infos()] == [("waiting", 0)] * 3


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        pytest.param("./no-such-program", "no program './no-such-program'", id="not there"),
        pytest.param("./file", "Permission denied", id="not executable"),
        pytest.param("./format", "Exec format error", id="no program"),
        pytest.param("./first-line", "its first line names", id="no interpreter"),
        pytest.param("./file/below", "Not a directory", id="no folder"),
        pytest.param("n" * 300, "File name too long", id="too long a name"),
    ],
)
def test_a_program_of_one_input_that_cannot_be_executed_fails_that_task_alone(
    work_tf: WorkTF, new_run: NewRun, work_folder: Path, bad: str, said: str
) -> None:
    (work_folder / "file").write_text("no program")
    for name, text in (("format", "no program"), ("first-line", "#!/no/such/program\n")):
        (work_folder / name).write_text(text)
        (work_folder / name).chmod(0o755)
    run = new_run(3)
    words = ("--inputs", "-", "-j1", "--max-attempts", "1", "--", "{input}", "{}{}")
    done = work_tf(run.uuid, *words, stdin=f"true\n{bad}\ntrue\n")
    assert done.returncode == 5, done.stderr
    assert said in done.stderr
    assert [(i.number, i.attempts) for i in run.task_infos("failed")] == [(1, 1)]
    assert run.status().done == 3


def test_several_workers_survive_one_bad_program(
    new_run: NewRun, work_tf: WorkTF, work_folder: Path
) -> None:
    run = new_run(12)
    programs = "\n".join("no-such-program" if task == 3 else "true" for task in range(12))
    (work_folder / "programs").write_text(programs + "\n")
    words = (run.uuid, "--inputs", "programs", "-j1", "--max-attempts", "1", "--", "{input}")
    others = [subprocess.Popen([*WORK, *words], stderr=subprocess.DEVNULL) for _ in range(3)]
    assert work_tf(*words).returncode == 5
    assert [other.wait(NET_S) for other in others] == [5, 5, 5]
    assert [info.number for info in run.task_infos("failed")] == [3]


def test_an_attempt_that_takes_too_long_is_ended_and_fails(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    done = work_tf(
        *(new_run(1).uuid, "--timeout-s", "0.2", "--grace-s", "0.2", "--max-attempts", "1"),
        *("--shell", "--", "trap '' TERM; sleep 100"),
    )
    assert done.returncode == 5
    assert "longer than 0.2 s" in done.stderr


@pytest.mark.parametrize(
    ("limit", "left"),
    [(["--max-tasks", "2"], 1), (["--stop-after-s", "0.1"], 3)],
    ids=["tasks", "seconds"],
)
def test_a_limit_asked_for_ends_it_with_7(
    work_tf: WorkTF, new_run: NewRun, limit: list[str], left: int
) -> None:
    run = new_run(3)
    command = ["true"] if left == 1 else ["sleep", "100"]
    done = work_tf(run.uuid, "-j1", *limit, "--", *command)
    assert done.returncode == 7, done.stderr
    assert [info.attempts for info in run.task_infos("waiting")] == [0] * left


def test_too_many_failures_in_a_row_stop_it(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(9)
    done = work_tf(run.uuid, "-j1", "--halt-after", "3", "--", "false")
    assert done.returncode == 1
    assert "too many failures in a row" in done.stderr
    assert run.status().waiting == 9


def test_without_lingering_it_ends_though_others_compute(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(2)
    with run.worker() as other:
        held = other.claim()
        assert held is not None
        done = work_tf(run.uuid, "--no-linger", "--", "true")
        assert done.returncode == 0, done.stderr
        held.complete()


def test_it_lingers_only_as_long_as_it_may(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(1)
    with run.worker() as other:
        held = other.claim()
        done = work_tf(run.uuid, "--linger-s", "0.2", "--", "true")
        assert done.returncode == 7, done.stderr
        assert held is not None
        held.complete()


def test_a_dry_run_shows_the_commands_and_claims_nothing(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(2)
    done = work_tf(run.uuid, "--dry-run", "--", "echo", "a b", "{task}")
    assert (done.returncode, done.stdout) == (0, "echo 'a b' 0\necho 'a b' 1\n")
    assert run.status().rows == 0


def test_progress_that_a_command_writes_reaches_the_server(
    new_run: NewRun, work_folder: Path
) -> None:
    run = new_run(1)
    command = 'echo "37.5 %" > "$TASKFARM_PROGRESS_FILE"; until test -e end; do sleep 0.05; done'
    with subprocess.Popen([*WORK, run.uuid, "-j1", "--shell", "--", command]) as process:
        try:
            wait_until(lambda: [i.percent_completed for i in run.task_infos()] == [37.5], NET_S)
        finally:
            (work_folder / "end").touch()
    assert process.returncode == 0
    assert run.status().succeeded


def test_inputs_of_another_number_are_refused(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(2)
    done = work_tf(run.uuid, "--inputs", "-", "--", "echo", stdin="one\n")
    assert done.returncode == 2
    assert "there is 1 input" in done.stderr
    assert run.status().rows == 0


def test_other_inputs_than_the_runs_own_are_refused(work_tf: WorkTF, live_farm: Farm) -> None:
    made = work_tf("--create", "--inputs", "-", "--max-tasks", "1", "--", "true", stdin="a\nb\n")
    assert made.returncode == 7, made.stderr
    uuid = uuid_told(made.stderr)
    other = work_tf(uuid, "--inputs", "-", "--", "true", stdin="a\nc\n")
    assert (other.returncode, "have they changed" in other.stderr) == (2, True)
    none = work_tf(uuid, "--", "true")
    assert (none.returncode, "--inputs" in none.stderr) == (2, True)
    same = work_tf(uuid, "--inputs", "-", "--", "true", stdin="a\r\nb")
    assert same.returncode == 0, same.stderr
    live_farm.get_run(uuid).delete()


def test_the_same_work_is_not_made_twice_by_mistake(work_tf: WorkTF, live_farm: Farm) -> None:
    words = ("--create", "--inputs", "-", "--max-tasks", "1", "--", "true")
    uuid = uuid_told(work_tf(*words, stdin="a\nb\n").stderr)
    again = work_tf(*words, stdin="a\nb\n")
    assert again.returncode == 2
    assert uuid in again.stderr
    other_work = work_tf(*words[:-1], "echo", stdin="a\nb\n")
    assert other_work.returncode == 7
    anew = work_tf("--new", *words, stdin="a\nb\n")
    assert anew.returncode == 7
    assert work_tf(uuid, "--inputs", "-", "--", "true", stdin="a\nb\n").returncode == 0
    live_farm.get_run(uuid_told(anew.stderr)).delete()
    assert work_tf(*words, stdin="a\nb\n").returncode == 7, "finished and deleted ones do not count"
    for run in live_farm.runs():
        run.delete()


def test_a_run_that_is_not_there_ends_it_with_4(work_tf: WorkTF) -> None:
    assert work_tf("0" * 32, "--", "true").returncode == 4


def test_a_part_of_a_uuid_will_not_do(work_tf: WorkTF, new_run: NewRun) -> None:
    # So long a part, for one that is all digits would be an ID.
    assert work_tf(new_run(1).uuid[:31], "--", "true").returncode == 2

"""Output of workTF's commands: where it goes, and what is kept of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.work_tf import WORK, NewRun, WorkTF

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.usefixtures("work_folder")]


def test_a_tasks_output_stays_together(work_tf: WorkTF, new_run: NewRun) -> None:
    command = "for i in 1 2 3; do echo $TASKFARM_TASK; sleep 0.02; done"
    done = work_tf(new_run(4).uuid, "-j4", "--shell", "--", command)
    lines = done.stdout.split()
    assert sorted(lines) == sorted("000111222333")
    assert all(len(set(lines[at : at + 3])) == 1 for at in range(0, 12, 3))


def test_stderr_is_passed_on_as_stderr(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(new_run(1).uuid, "--shell", "--", "echo out; echo err >&2")
    assert done.stdout == "out\n"
    assert "err\n" in done.stderr


def test_a_tag_begins_each_line(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(new_run(1).uuid, "--tag", "--shell", "--", "printf 'a\\nb\\nno end'")
    assert done.stdout == "0\ta\n0\tb\n0\tno end"


def test_lines_can_come_while_the_command_runs(new_run: NewRun) -> None:
    # The command cannot end before its first line was seen.
    os.mkfifo("go")
    with subprocess.Popen(
        [
            *WORK,
            new_run(1).uuid,
            "--line-buffer",
            "--shell",
            "--",
            "echo first; read x < go; echo $x",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        Path("go").write_text("last\n")
        assert process.stdout.read() == "last\n"
    assert process.returncode == 0


def test_a_task_ends_with_its_process_not_with_its_streams(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    done = work_tf(new_run(1).uuid, "--shell", "--", "sleep 86394 & echo done")
    assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize("words", [(), ("--results", "kept"), ("--log", "logs")], ids=str)
def test_a_stream_that_is_opened_again_loses_nothing(
    work_tf: WorkTF, new_run: NewRun, words: tuple[str, ...]
) -> None:
    command = "echo one >&2; echo two > /dev/stderr; echo three >&2; echo four > /proc/self/fd/2"
    done = work_tf(new_run(1).uuid, *words, "--shell", "--", command)
    assert done.returncode == 0
    kept = [*Path().glob("kept/0/stderr"), *Path().glob("logs/*.log")]
    text = kept[0].read_text() if kept else done.stderr
    assert "one\ntwo\nthree\nfour\n" in text


@pytest.mark.parametrize("words", [(), ("--results", "kept"), ("--log", "logs")], ids=str)
def test_what_a_task_leaves_running_does_not_write_into_the_next_tasks_output(
    work_tf: WorkTF, new_run: NewRun, words: tuple[str, ...]
) -> None:
    # The first task's grandchild leaves the group, and writes while the second task runs.
    late = (
        'setsid sh -c \'trap "" PIPE; until test -e second; do sleep 0.05; done; echo late; '
        "touch wrote' &"
    )
    command = (
        f"if test $TASKFARM_TASK = 0; then {late} sleep 0.5; echo first; "
        "else echo second; touch second; until test -e wrote; do sleep 0.05; done; fi"
    )
    done = work_tf(new_run(2).uuid, "-j1", *words, "--shell", "--", command)
    assert done.returncode == 0
    kept = [*sorted(Path().glob("kept/*/stdout")), *Path().glob("logs/*.log")]
    assert "".join(file.read_text() for file in kept) + done.stdout == "first\nsecond\n"


def test_output_that_finds_no_room_is_a_failed_attempt_that_names_the_folder(
    work_tf: WorkTF, new_run: NewRun, monkeypatch: pytest.MonkeyPatch, work_folder: Path
) -> None:
    (work_folder / "small").mkdir()
    monkeypatch.setenv("TMPDIR", str(work_folder / "small"))
    # No file grows over 128 KiB, as if the disk was full.
    little = ("sh", "-c", 'ulimit -f 256; exec "$0" "$@"', *WORK)
    command = "(head -c 3000000 /dev/zero) 2> /dev/null; exit 0"
    words = ("-j1", "--max-attempts", "1", "--shell", "--", command)
    done = work_tf(new_run(1).uuid, *words, program=little)
    assert done.returncode == 5
    assert f"its output could not be kept in {work_folder / 'small'} (" in done.stderr


def test_much_output_comes_whole(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(new_run(1).uuid, "--", "seq", "300000")
    assert done.stdout == "".join(f"{number}\n" for number in range(1, 300001))


def test_results_are_kept_in_a_folder_a_task(work_tf: WorkTF, new_run: NewRun) -> None:
    command = "echo out $TASKFARM_TASK; echo err >&2; exit $TASKFARM_TASK"
    words = ("--results", "kept", "--max-attempts", "1", "--shell", "--", command)
    done = work_tf(new_run(2).uuid, *words)
    assert (done.returncode, done.stdout) == (5, "")
    files = {str(f.relative_to("kept")): f.read_text() for f in Path("kept").glob("*/*")}
    assert files == {
        "0/stdout": "out 0\n",
        "0/stderr": "err\n",
        "0/exit": "0\n",
        "1/stdout": "out 1\n",
        "1/stderr": "err\n",
        "1/exit": "1\n",
    }


def test_one_log_holds_the_output_of_many_tasks(work_tf: WorkTF, new_run: NewRun) -> None:
    command = "echo out $TASKFARM_TASK; echo err $TASKFARM_TASK >&2"
    done = work_tf(new_run(20).uuid, "-j4", "--log", "logs", "--shell", "--", command)
    assert (done.returncode, done.stdout) == (0, "")
    [log], [index] = Path("logs").glob("*.log"), Path("logs").glob("*.index")
    content = log.read_bytes()
    entries = [json.loads(line) for line in index.read_text().splitlines()]
    assert sorted(entry["task"] for entry in entries) == list(range(20))
    for entry in entries:
        for stream, begin in (("stdout", "out"), ("stderr", "err")):
            at, length = entry[stream]
            assert content[at : at + length] == f"{begin} {entry['task']}\n".encode()


def test_the_joblog_has_gnu_parallels_columns(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(
        *(new_run(2).uuid, "-j1", "--joblog", "jobs", "--max-attempts", "1"),
        *("--shell", "--", "test {task} = 0 || kill -9 $$"),
    )
    assert done.returncode == 5
    head, *rows = [line.split("\t") for line in Path("jobs").read_text().splitlines()]
    assert " ".join(head) == ("Seq Host Starttime JobRuntime Send Receive Exitval Signal Command")
    assert [(row[0], row[6], row[7]) for row in rows] == [("1", "0", "0"), ("2", "0", "9")]
    assert rows[0][8] == "/bin/sh -c 'test 0 = 0 || kill -9 $$'"


def test_the_journal_tells_of_each_attempt(work_tf: WorkTF, new_run: NewRun) -> None:
    done = work_tf(
        new_run(1).uuid, "--journal", "journal", "--shell", "--", "exit $((2-TASKFARM_ATTEMPT))"
    )
    assert done.returncode == 0, done.stderr
    [file] = Path("journal").iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert next((line["attempt"], line["exit_status"]) for line in lines) == (1, 1)
    assert lines[-1]["attempt"] == 2


@pytest.mark.parametrize("option", ["--results", "--log"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_claimed(
    work_tf: WorkTF, new_run: NewRun, work_folder: Path, option: str
) -> None:
    (work_folder / "file").write_text("")
    run = new_run(1)
    done = work_tf(run.uuid, option, "file", "--", "true")
    assert (done.returncode, done.stderr.count("\n")) == (2, 2 if "jobs at" in done.stderr else 1)
    assert run.status().rows == 0


def test_a_reader_that_has_enough_ends_it_quietly(new_run: NewRun, work_folder: Path) -> None:
    run = new_run(200)
    # The second one waits until nobody reads any more.
    command = "test {task} = 0 || until test -e closed; do sleep 0.05; done; echo {task}"
    with subprocess.Popen(
        [*WORK, run.uuid, "-j1", "--shell", "--", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=work_folder,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        (work_folder / "closed").touch()
        assert process.stderr.read() == ""
    status = run.status()
    assert (process.returncode, status.computing) == (1, 0)
    assert status.waiting > 0

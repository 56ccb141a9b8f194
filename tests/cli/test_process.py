"""manageTF as a process of its own: streams that break, signals, a server that comes and goes."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.support.manage_tf import MANAGE
from tests.support.recording import Place

TIMEOUT_S = 30.0
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs Unix's files and signals")


@contextmanager
def started(
    *words: str, stdout: IO[bytes] | int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run manageTF, and leave nothing of it behind."""
    with subprocess.Popen(
        [*MANAGE, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(stream: IO[bytes] | None, pattern: str) -> str:
    """Read a stream until it holds a text, and return all that was read."""
    assert stream is not None
    deadline = time.monotonic() + TIMEOUT_S
    seen = ""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not re.search(pattern, seen):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            some = os.read(stream.fileno(), 65536).decode() if ready else ""
            assert some, f"no {pattern!r} in {seen!r}"
            seen += some
    return seen


@POSIX
@pytest.mark.parametrize("words", ["--help", "--version"])
def test_a_full_disk_is_one_line(words: str) -> None:
    with Path("/dev/full").open("wb") as full, started(words, stdout=full) as process:
        _, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"


@POSIX
def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with started("--help", stdout=writing) as process:
        os.close(writing)
        _, error = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, error) == (1, b"")


@POSIX
@pytest.mark.parametrize(
    ("closed", "error"),
    [(">&-", b"manageTF: cannot write the output: stdout is closed\n"), ("2>&-", b"")],
)
def test_closed_streams_do_no_harm(closed: str, error: bytes) -> None:
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *MANAGE, "-d", ""]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1 if error else 2, b"", error)


def test_what_the_output_has_no_characters_for_is_escaped() -> None:
    code = (
        "from taskfarm_cli.exit_status import ExitStatus; from taskfarm_cli.guard import guarded; "
        "guarded('doTF', lambda: print('\\xe9 \\ud800') or ExitStatus.OK)"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert (done.stdout, done.stderr) == (rb"\xe9 \ud800" + b"\n", b"")


def test_help_starts_without_anything_heavy() -> None:
    code = (
        "import sys; from taskfarm_cli.manage import main; main(['--help']); main(['-d', '']); "
        "heavy = {'httpx', 'rich', 'attrs', 'asyncio', 'logging', 'platformdirs'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def place(live: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in live.environment.items():
        monkeypatch.setenv(name, value)
    return live


@pytest.mark.live
def test_a_pipe_is_served_without_what_only_others_need(place: Place, farm: Farm) -> None:
    run = farm.create_run(1)
    code = (
        "import sys; from taskfarm_cli.manage import main; main(['-l']); "
        "heavy = {'rich', 'click', 'asyncio', 'concurrent.futures', 'taskfarm_sdk.worker'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.uuid in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.live
@POSIX
def test_head_takes_the_first_line_and_nothing_is_said(place: Place, farm: Farm) -> None:
    for _ in range(3):
        farm.create_run(1)
    command = ["sh", "-c", '"$@" -l | head -1', "sh", *MANAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.live
@POSIX
@pytest.mark.parametrize("words", [("-l",), ("--json", "-l")], ids=["plain", "json"])
def test_a_list_that_cannot_be_written_fails(run: Run, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full, started(*words, stdout=full) as process:
        _, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"


@pytest.mark.live
def test_watch_tells_a_pipe_each_change_at_once(run: Run) -> None:
    with started("-w", run.uuid) as process:
        assert until(process.stdout, "\n") == f"{run.id} {run.uuid} 5 (5,0,0) 0.0\n"
        with run.worker() as worker:
            first = worker.claim()
            assert first is not None
            first.complete()
            until(process.stdout, r"\(4,0,1\) 20.0\n")
            for task in worker:
                task.complete()
        until(process.stdout, r"\(0,0,5\) 100.0\n")
        assert process.wait(TIMEOUT_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.live
def test_watch_in_json_is_a_document_a_line(run: Run) -> None:
    with started("-w", "--json", run.uuid) as process:
        first = json.loads(until(process.stdout, "\n"))
        assert (first["mode"], first["status"]["waiting"]) == ("watch", 5)
        with run.worker() as worker:
            for task in worker:
                task.complete()
        last = json.loads(until(process.stdout, '"finished": true.*\n').splitlines()[-1])
        assert last["status"]["succeeded"]
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.live
def test_a_run_deleted_under_a_watch_ends_it_with_4(run: Run) -> None:
    with started("-w", run.uuid) as process:
        until(process.stdout, "\n")
        run.delete()
        assert until(process.stderr, "\n").startswith(f"manageTF: there is no run {run.uuid}")
        assert process.wait(TIMEOUT_S) == 4


@pytest.mark.live
@POSIX
def test_control_c_ends_a_watch_with_130(run: Run) -> None:
    with started("-w", run.uuid) as process:
        until(process.stdout, "\n")
        process.send_signal(signal.SIGINT)
        assert until(process.stderr, "\n") == "manageTF: interrupted\n"
        assert process.wait(TIMEOUT_S) == 130


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server of the test's own, to be killed."""
    with LocalServer() as server:
        place = Place(server.url, server.user, server.password)
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.live
@POSIX
def test_a_watch_sits_out_an_outage_unless_its_time_is_limited(mortal: LocalServer) -> None:
    with mortal.farm() as farm:
        run = farm.create_run(2)
        with (
            started("-w", run.uuid) as watching,
            started("-w", run.uuid, "--timeout-s", "4") as limited,
        ):
            until(watching.stdout, "\n")
            until(limited.stdout, "\n")
            mortal.kill()
            away = until(watching.stderr, "trying again.*\n")
            assert away.startswith(f"manageTF: {mortal.url} is not there")
            told = until(limited.stderr, "not finished after 4 s.*\n")
            assert limited.wait(TIMEOUT_S) == 7
            assert told.count("\n") == 2
            mortal.start()
            until(watching.stderr, "is back after")
            with run.worker() as worker:
                for task in worker:
                    task.complete()
            until(watching.stdout, r"\(0,0,2\) 100.0\n")
            assert watching.wait(TIMEOUT_S) == 0

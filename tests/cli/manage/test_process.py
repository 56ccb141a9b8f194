"""manageTF as a process of its own: streams that break, signals, a server that comes and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk._session import link
from taskfarm_sdk.testing import LocalServer
from tests.support.asked_at_once import ASKED_AT_ONCE
from tests.support.clock import FastClock
from tests.support.constants import command_with
from tests.support.manage_tf import MANAGE, Manage, manage_started, needs_posix, read_until
from tests.support.processes import NET_S

# Looks at the run, and tries a server that is away, more often than people need.
QUICK = command_with(
    "taskfarm_cli.manage.main",
    {"taskfarm_cli.manage.watch.POLL_S": 0.1, "taskfarm_sdk._sansio.retry.BACKOFF_MOST_S": 0.2},
)
# What `manageTF -l` of a plain URL on loopback has no use for, though some is imported by what it
# imports: https, awaited requests, errors, other modes, terminals.
NOT_FOR_A_LIST = {
    "anyio", "asyncio", "attr.validators", "certifi", "click", "concurrent.futures", "getpass",
    "hmac", "html", "httpx._main", "idna", "importlib.metadata", "importlib.resources",
    "multiprocessing", "rich", "secrets", "subprocess", "taskfarm_cli.manage.output.base",
    "taskfarm_cli.manage.output.documents", "taskfarm_cli.manage.watch", "taskfarm_sdk._models",
    "taskfarm_sdk._flows.waiting", "taskfarm_sdk._protocol.lease", "taskfarm_sdk.aio",
    "taskfarm_sdk.execution", "taskfarm_sdk.worker",
}  # fmt: skip


@needs_posix
@pytest.mark.parametrize("words", ["--help", "--version"])
def test_a_full_disk_is_one_line(words: str) -> None:
    with Path("/dev/full").open("wb") as full, manage_started(words, stdout=full) as process:
        _, error = process.communicate(timeout=NET_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"


@needs_posix
def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with manage_started("--help", stdout=writing) as process:
        os.close(writing)
        _, error = process.communicate(timeout=NET_S)
    assert (process.returncode, error) == (1, b"")


@needs_posix
@pytest.mark.parametrize(
    ("closed", "error"),
    [(">&-", b"manageTF: cannot write the output: stdout is closed\n"), ("2>&-", b"")],
)
def test_closed_streams_do_no_harm(closed: str, error: bytes) -> None:
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *MANAGE, "-d", ""]
    done = subprocess.run(command, capture_output=True, timeout=NET_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1 if error else 2, b"", error)


def test_what_the_output_has_no_characters_for_is_escaped() -> None:
    code = (
        "from taskfarm_cli.common.exit_status import ExitStatus; "
        "from taskfarm_cli.common.guard import guarded; "
        "guarded('doTF', lambda: print('\\xe9 \\ud800') or ExitStatus.OK)"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert (done.stdout, done.stderr) == (rb"\xe9 \ud800" + b"\n", b"")


def test_help_starts_without_anything_heavy() -> None:
    code = (
        "import sys; from taskfarm_cli.manage.main import main; main(['--help']); "
        "main(['-d', '']); "
        "heavy = {'httpx', 'rich', 'attrs', 'asyncio', 'logging', 'platformdirs'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
def test_a_pipe_is_served_without_what_only_others_need(live_run: Run) -> None:
    code = (
        "import sys; from taskfarm_cli.manage.main import main; main(['-l']); "
        "heavy = {'rich', 'click', 'asyncio', 'concurrent.futures', 'taskfarm_sdk.worker'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert live_run.uuid in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
def test_a_list_from_loopback_runs_no_module_that_only_others_need(live_run: Run) -> None:
    code = (
        "import sys; sys.argv = ['manageTF', '-l']; "
        "from taskfarm_cli.manage.main import main; main(); "
        "from taskfarm_cli.common.quick_start import Waiting; "
        "print(*(n for n, module in sys.modules.items() if type(module) is not Waiting))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert live_run.uuid in done.stdout
    ran = set(done.stdout.splitlines()[-1].split())
    assert sorted(ran & NOT_FOR_A_LIST - ASKED_AT_ONCE) == []
    models = {name for name in ran if name.startswith("taskfarm_api.models.")}
    assert models == {"taskfarm_api.models.run", "taskfarm_api.models.run_list"}


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_head_takes_the_first_line_and_nothing_is_said(live_farm: Farm) -> None:
    for _ in range(3):
        live_farm.create_run(1)
    command = ["sh", "-c", '"$@" -l | head -1', "sh", *MANAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=NET_S, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.live
@pytest.mark.usefixtures("logged_in", "live_run")
@needs_posix
@pytest.mark.parametrize("words", [("-l",), ("--json", "-l")], ids=["plain", "json"])
def test_a_list_that_cannot_be_written_fails(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full, manage_started(*words, stdout=full) as process:
        _, error = process.communicate(timeout=NET_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
def test_watch_tells_a_pipe_each_change_at_once(live_run: Run) -> None:
    with manage_started("-w", live_run.uuid, program=QUICK) as process:
        assert read_until(process.stdout, "\n") == f"{live_run.id} {live_run.uuid} 5 (5,0,0) 0.0\n"
        with live_run.worker() as worker:
            first = worker.claim()
            assert first is not None
            first.complete()
            read_until(process.stdout, r"\(4,0,1\) 20.0\n")
            for task in worker:
                task.complete()
        read_until(process.stdout, r"\(0,0,5\) 100.0\n")
        assert process.wait(NET_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
def test_watch_in_json_is_a_document_a_line(live_run: Run) -> None:
    with manage_started("-w", "--json", live_run.uuid, program=QUICK) as process:
        first = json.loads(read_until(process.stdout, "\n"))
        assert (first["mode"], first["status"]["waiting"]) == ("watch", 5)
        with live_run.worker() as worker:
            for task in worker:
                task.complete()
        last = json.loads(read_until(process.stdout, '"finished": true.*\n').splitlines()[-1])
        assert last["status"]["succeeded"]
        assert process.wait(NET_S) == 0


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
def test_a_run_deleted_under_a_watch_ends_it_with_4(live_run: Run) -> None:
    with manage_started("-w", live_run.uuid, program=QUICK) as process:
        read_until(process.stdout, "\n")
        live_run.delete()
        assert read_until(process.stderr, "\n").startswith(
            f"manageTF: there is no run {live_run.uuid}"
        )
        assert process.wait(NET_S) == 4


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_control_c_ends_a_watch_with_130(live_run: Run) -> None:
    with manage_started("-w", live_run.uuid, program=QUICK) as process:
        read_until(process.stdout, "\n")
        process.send_signal(signal.SIGINT)
        assert read_until(process.stderr, "\n") == "manageTF: interrupted\n"
        assert process.wait(NET_S) == 130


@pytest.mark.live
@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_a_watch_sits_out_an_outage(killable_server: LocalServer, live_run: Run) -> None:
    with manage_started("-w", live_run.uuid, program=QUICK) as process:
        read_until(process.stdout, "\n")
        killable_server.kill()
        away = read_until(process.stderr, "retrying.*\n")
        assert away.startswith(f"manageTF: {killable_server.url} is unavailable")
        killable_server.start()
        read_until(process.stderr, "is back after")
        with live_run.worker() as worker:
            for task in worker:
                task.complete()
        read_until(process.stdout, r"\(0,0,5\) 100.0\n")
        assert process.wait(NET_S) == 0


@pytest.mark.live
def test_a_time_limit_ends_a_watch_in_an_outage_too(
    live_manage: Manage,
    live_run: Run,
    killable_server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FastClock(in_a_wait=lambda _: killable_server.kill())
    monkeypatch.setattr(link, "SystemClock", lambda: clock)
    outcome = live_manage("-w", live_run.uuid, "--timeout-s", "4")
    away, told = outcome.err.splitlines()
    assert outcome.status == 7
    assert away.startswith(f"manageTF: {killable_server.url} is unavailable")
    assert "not finished after 4 s" in told
    assert sum(clock.waits) == pytest.approx(4)

"""Workers that run while their user is removed or the key is rotated, and the next ones."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_sdk import Farm, Run
from tests.support.processes import NET_S
from tests.support.serve_tf import ServeTF, administering, serving
from tests.support.work_tf import JOBS, computing, end, run_work_tf

pytestmark = [
    pytest.mark.long,
    pytest.mark.live,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]

PASSWORD = "of-ben"
TASKS = JOBS + 2
# A task lasts until the test opens the gate.
AT_THE_GATE = "until [ -e '{gate}' ]; do sleep 0.05; done"


class Server:
    """A serveTF with a user `ben`, which keeps its port when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "d"
        self._running = ExitStack()
        self._serve = self._start(0)
        self.port = httpx.URL(self.url).port
        self.administer("--add-user", "ben")

    def _start(self, port: int | None) -> ServeTF:
        return self._running.enter_context(serving("--data", self.data, "--port", port))

    @property
    def url(self) -> str:
        return self._serve.url

    def administer(self, *options: str) -> None:
        done = administering("--data", self.data, *options, typed=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr

    def rotate_key(self) -> None:
        """Stop it, give it a new key, and start it again."""
        assert self._serve.end(signal.SIGTERM) == 0
        self.administer("--rotate-key")
        self._serve = self._start(self.port)

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(tmp_path)
    monkeypatch.setenv("TASKFARM_URL", server.url)
    yield server
    server.stop()


@pytest.fixture
def run(server: Server) -> Iterator[Run]:
    """A run of the server's own user, who logs in anew after any change."""
    password = (server.data / "password-taskfarm").read_text().strip()
    with Farm(server.url, user="taskfarm", password=password) as farm:
        yield farm.create_run(TASKS)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def with_token(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Farm(server.url, user="ben", password=PASSWORD) as farm:
        monkeypatch.setenv("TASKFARM_TOKEN", farm.login())


@pytest.fixture
def with_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFARM_USER", "ben")
    monkeypatch.setenv("TASKFARM_PASSWORD", PASSWORD)


def check_refused(worker: subprocess.Popen[str], text: str) -> None:
    assert text in end(worker)
    assert worker.returncode == ExitStatus.NOT_AUTHENTICATED


def check_next_worker_finishes(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """See that the next worker on this machine computes what the refused one held, at once."""
    assert run.status().computing == JOBS
    password = (server.data / "password-taskfarm").read_text().strip()
    monkeypatch.delenv("TASKFARM_TOKEN", raising=False)
    monkeypatch.setenv("TASKFARM_USER", "taskfarm")
    monkeypatch.setenv("TASKFARM_PASSWORD", password)
    done = run_work_tf(run.uuid, "--", "true")
    assert done.returncode == 0, done.stderr
    assert run.status().done == TASKS


@pytest.mark.usefixtures("with_token")
def test_a_removed_users_worker_stops_and_the_next_one_takes_over(
    server: Server, run: Run, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with computing(run, AT_THE_GATE.format(gate=gate)) as worker:
        server.administer("--remove-user", "ben")
        gate.touch()
        check_refused(worker, "log in again")
    check_next_worker_finishes(run, server, monkeypatch)


@pytest.mark.usefixtures("with_password")
def test_a_removed_users_password_does_not_help_its_worker(
    server: Server, run: Run, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with computing(run, AT_THE_GATE.format(gate=gate)) as worker:
        server.administer("--remove-user", "ben")
        gate.touch()
        check_refused(worker, "rejected user 'ben' with this password")
    check_next_worker_finishes(run, server, monkeypatch)


@pytest.mark.usefixtures("with_password")
def test_a_user_that_is_added_again_keeps_workers_that_know_the_password(
    server: Server, run: Run, gate: Path
) -> None:
    with computing(run, AT_THE_GATE.format(gate=gate)) as worker:
        server.administer("--remove-user", "ben")
        server.administer("--add-user", "ben")
        gate.touch()
        assert worker.wait(NET_S) == ExitStatus.OK
    assert run.status().done == TASKS


@pytest.mark.usefixtures("with_password")
def test_a_worker_with_a_password_outlives_a_rotated_key(
    server: Server, run: Run, gate: Path
) -> None:
    with computing(run, AT_THE_GATE.format(gate=gate)) as worker:
        server.rotate_key()
        gate.touch()
        assert worker.wait(NET_S) == ExitStatus.OK
    assert run.status().done == TASKS


@pytest.mark.usefixtures("with_token")
def test_a_worker_with_a_token_stops_at_a_rotated_key(
    server: Server, run: Run, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with computing(run, AT_THE_GATE.format(gate=gate)) as worker:
        server.rotate_key()
        gate.touch()
        check_refused(worker, "the server's key may have changed")
    check_next_worker_finishes(run, server, monkeypatch)

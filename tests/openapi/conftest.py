"""Stands in for `taskfarm_sdk.testing` until that is there."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.openapi.api import Api

SETUP = """
import sys
from taskfarm import app, db
from taskfarm.models import User
with app.app_context():
    db.create_all()
    user = User(username=sys.argv[1])
    user.hash_password(sys.argv[2])
    db.session.add(user)
    db.session.commit()
"""


@dataclass(frozen=True)
class Server:
    url: str
    user: str
    password: str


@pytest.fixture(scope="session")
def taskfarm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("taskfarm")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}/api/", "tester", secrets.token_hex())
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'tasks.db'}",
        "SECRET_KEY": secrets.token_hex(),
    }
    subprocess.run(
        [sys.executable, "-c", SETUP, server.user, server.password],
        env=environment,
        check=True,
        capture_output=True,
    )
    gunicorn = Path(sys.executable).with_name("gunicorn")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [gunicorn, "-b", f"127.0.0.1:{port}", "-w1", "-k", "gthread", "taskfarm:app"],
            env=environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the server did not come up"
                assert process.poll() is None, "the server ended"
        yield server
        process.terminate()


@pytest.fixture(scope="package")
def api(taskfarm_server: Server) -> Iterator[Api]:
    """The real server's operations, each reply held against the contract."""
    with httpx.Client(base_url=taskfarm_server.url, timeout=30) as client:
        yield Api.of(client, taskfarm_server.user, taskfarm_server.password)

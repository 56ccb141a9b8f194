"""What monitoring sees of a server behind nginx, and what the server logs meanwhile."""

from __future__ import annotations

import re
import signal
import ssl

import httpx
import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.engines import leave_out_unless_required
from tests.support.nginx import Nginx, nginx_before
from tests.support.postgresql import Mortal, PostgreSQL
from tests.support.processes import NET_S
from tests.support.server_log import ServerLog

pytestmark = [pytest.mark.live, pytest.mark.nginx, pytest.mark.postgres]

# Another address of this machine, so that it differs from nginx's own.
ADDRESS = "127.0.0.2"


def _client(nginx: Nginx) -> httpx.Client:
    context = ssl.create_default_context(cafile=nginx.authority)
    transport = httpx.HTTPTransport(verify=context, local_address=ADDRESS)
    return httpx.Client(base_url=nginx.url, transport=transport, timeout=NET_S)


def test_a_probe_without_credentials_tells_what_is_down(
    mortal_postgres: tuple[PostgreSQL, Mortal],
) -> None:
    postgres, engine = mortal_postgres
    postgres.run("CREATE DATABASE farm")
    server = LocalServer(database_url=postgres.url("farm"), processes=1, threads=2)
    with server, nginx_before(httpx.URL(server.url).port or 0) as nginx, _client(nginx) as client:
        log = ServerLog(server)
        assert client.get("token").status_code == 401
        assert log.new_lines() == []
        engine.stop(signal.SIGQUIT)
        for _ in range(3):
            assert client.get("token").status_code == 500
            (line,) = log.new_lines()
            assert re.match(
                re.escape(ADDRESS) + r' \[[^]]+\] "GET /api/token" 500: database: .*connection',
                line,
            )
            assert postgres.password not in line
        engine.start()
        assert client.get("token").status_code == 401
        server.kill()
        assert client.get("token").status_code == 502


def test_a_client_cannot_choose_the_address_that_is_logged(
    taskfarm_server: LocalServer,
) -> None:
    server = taskfarm_server
    leave_out_unless_required("nginx")
    with (
        nginx_before(httpx.URL(server.url).port or 0) as nginx,
        _client(nginx) as client,
    ):
        log = ServerLog(server)
        told = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"}
        client.get("token", headers=told, auth=("nobody", "x"))
        (line,) = log.new_lines()
        assert line.startswith(f"{ADDRESS} [")

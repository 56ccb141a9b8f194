"""serveTF behind Debian's nginx with what deploy/ ships: TLS, limits, no secret in any log."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx
import pytest

from taskfarm_sdk import AsyncFarm, ConnectionFailed, Farm, RequestRejected
from taskfarm_sdk.testing import LocalServer
from tests.support.engines import leave_out_unless_required
from tests.support.nginx import EXAMPLE, Nginx, nginx_before
from tests.support.processes import NET_S, wait_until
from tests.support.serve_tf import ServeTF, serving
from tests.support.tunnel import Tunnel

pytestmark = [pytest.mark.live, pytest.mark.nginx]

USER = "somebody-special"
MANAGE = (sys.executable, "-m", "taskfarm_cli.manage")
WORK = (sys.executable, "-m", "taskfarm_cli.work.main")


class Site(NamedTuple):
    """A serveTF behind an nginx, and who may ask it."""

    nginx: Nginx
    serve: ServeTF
    password: str
    token: str

    @property
    def url(self) -> str:
        """The API's URL."""
        return self.nginx.url

    def client(self) -> httpx.Client:
        """Return bare connections with the token."""
        context = ssl.create_default_context(cafile=self.nginx.authority)
        return httpx.Client(base_url=self.url, auth=(self.token, ""), verify=context)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A serveTF behind an nginx, whose certificate nobody trusts yet."""
    leave_out_unless_required("nginx")
    data = tmp_path_factory.mktemp("serve")
    options = ("--data", data, "--user", USER, "--access-log")
    with serving(*options, TASKFARM_CONFIG=str(data / "config")) as serve:
        port = httpx.URL(serve.url).port
        assert port is not None
        password = (data / f"password-{USER}").read_text().strip()
        with Farm(serve.url, user=USER, password=password) as farm:
            token = farm.login()
        with nginx_before(port) as nginx:
            yield Site(nginx, serve, password, token)


@pytest.fixture
def trusted(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site, in a test that trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(site.nginx.authority))
    return site


def test_the_configuration_as_shipped_makes_nginx_warn_of_nothing(trusted: Site) -> None:
    said = trusted.nginx.check()
    assert "warn" not in said
    assert "successful" in said


def test_a_run_is_made_worked_off_and_watched_over_tls(trusted: Site) -> None:
    with Farm(trusted.url, user=USER, password=trusted.password) as farm:
        assert farm.login() == trusted.token
        run = farm.create_run(8)
        with run.worker() as worker:
            for task in worker:
                with task:
                    task.update(50)
        assert run.wait(check=True).succeeded
        run.delete()


def test_asyncio_comes_in_over_tls(trusted: Site) -> None:
    async def ask() -> int:
        async with AsyncFarm(trusted.url, token=trusted.token) as farm:
            run = await farm.create_run(3)
            waiting = (await run.status()).waiting
            await run.delete()
            return waiting

    assert asyncio.run(ask()) == 3


def _run(words: tuple[str, ...], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, input=stdin, capture_output=True, text=True, timeout=NET_S, check=False
    )


def test_the_commands_come_in_over_tls(trusted: Site) -> None:
    words = ("--login", "-b", trusted.url, "-u", USER, "-p", "-")
    logged_in = _run((*MANAGE, *words), trusted.password + "\n")
    assert (logged_in.returncode, logged_in.stderr) == (0, "")
    created = _run((*MANAGE, "--create", "3"))
    assert (created.returncode, created.stderr) == (0, "")
    worked = _run((*WORK, created.stdout.strip(), "-j", "2", "--", "true"))
    assert worked.returncode == 0, worked.stderr
    assert "unencrypted" not in worked.stderr
    waited = _run((*MANAGE, "--wait", created.stdout.strip()))
    assert (waited.returncode, waited.stderr) == (0, "")


@pytest.mark.parametrize("kind", [Farm, AsyncFarm])
def test_a_certificate_that_nobody_here_trusts_is_refused_at_once(
    site: Site, kind: type[Farm | AsyncFarm]
) -> None:
    with pytest.raises(ConnectionFailed, match="not trusted here") as raised:
        _ask(kind, site.url, site.token)
    assert raised.value.hopeless
    assert not raised.value.sent
    assert "SSL_CERT_FILE" in str(raised.value)


def test_the_commands_say_what_to_do_about_such_a_certificate(site: Site) -> None:
    words = ("-b", site.url, "-u", USER, "-p", "-", "--list")
    done = _run((*MANAGE, *words), site.password + "\n")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.count("\n") == 1
    assert "SSL_CERT_FILE" in done.stderr


@pytest.mark.parametrize("kind", [Farm, AsyncFarm])
def test_a_certificate_of_another_name_is_refused_at_once(
    trusted: Site, kind: type[Farm | AsyncFarm]
) -> None:
    url = trusted.url.replace("localhost", "127.0.0.1")
    with pytest.raises(ConnectionFailed, match="for another name") as raised:
        _ask(kind, url, trusted.token)
    assert raised.value.hopeless


def test_plain_http_where_tls_is_spoken_gets_a_clear_answer_and_no_redirect(trusted: Site) -> None:
    url = trusted.url.replace("https:", "http:")
    with pytest.raises(RequestRejected, match="speaks only https://") as raised:
        _ask(Farm, url, trusted.token)
    assert raised.value.status == 400


def test_a_proxy_is_asked_for_a_way_through_and_sees_nothing(
    trusted: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tunnel(trusted.nginx.port) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        for kind in (Farm, AsyncFarm):
            _ask(kind, f"https://{EXAMPLE}/api/", trusted.token)
        assert tunnel.asked == [f"CONNECT {EXAMPLE}:443 HTTP/1.1"] * 2
        assert b"\x16\x03" in tunnel.seen  # a TLS handshake, and what follows is not to be read
        assert not [text for text in _secrets(trusted) if text.encode() in tunnel.seen]
        words = ("-b", f"https://{EXAMPLE}/api/", "-u", USER, "-p", "-", "--list")
        done = _run((*MANAGE, *words), trusted.password + "\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(tunnel.asked) >= 3


def test_this_machine_is_never_asked_through_a_proxy(
    trusted: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tunnel(trusted.nginx.port) as tunnel:
        for name in ("HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, tunnel.url)
        for kind in (Farm, AsyncFarm):
            _ask(kind, trusted.url, trusted.token)
        assert tunnel.asked == []


def test_a_body_that_no_client_of_ours_sends_is_refused(trusted: Site) -> None:
    with trusted.client() as client:
        assert client.post("run", json={"numTasks": 1, "x": "y" * 20_000}).status_code == 413
        assert client.post("run", json={"numTasks": 1, "x": "y" * 10_000}).status_code == 201


def test_nothing_but_the_api_is_served_and_no_version_told(trusted: Site) -> None:
    root = trusted.url.removesuffix("/api/")
    with trusted.client() as client:
        paths = ("/", "/elsewhere", "/api/runs", "/api/nothing")
        replies = [client.get(root + path) for path in paths]
    assert [reply.status_code for reply in replies] == [404, 404, 200, 404]
    assert {reply.headers["Server"] for reply in replies} == {"nginx"}
    assert not [reply.text for reply in replies if "nginx/" in reply.text]


def test_one_connection_serves_one_request_after_another(trusted: Site) -> None:
    with trusted.client() as client:
        for _ in range(5):
            client.get("runs").raise_for_status()
        pool = client._transport._pool  # type: ignore[attr-defined]
        assert len(pool.connections) == 1


def test_no_log_names_a_user_a_password_or_a_token(trusted: Site) -> None:
    before = _logged(trusted)
    with Farm(trusted.url, user=USER, password=trusted.password) as farm:
        farm.login()
        farm.runs()
    with trusted.client() as client:
        client.get("runs/" + "0" * 32)
        client.post("run", content=b"x" * 20_000)
    # What a careless client writes into its URL, and what is said where nothing is understood.
    httpx.get(trusted.url.replace("https:", "http:"), auth=(USER, trusted.password))
    trusted.serve.says("GET /api/runs HTTP/1.1")
    # nginx writes of a request once it has replied.
    wait_until(lambda: all(now > then for now, then in zip(_logged(trusted), before, strict=True)))
    written = trusted.nginx.logs + trusted.serve.text.replace(f"user: {USER}, password: in", "")
    written = written.replace(f"password-{USER}'", "")
    assert [text for text in _secrets(trusted) if text in written] == []


def _logged(site: Site) -> list[int]:
    """Return how often nginx has logged each request of the test about logs."""
    log = site.nginx.access_log
    return [
        log.count(f'"{request} HTTP/1.1" {status} ')
        for request, status in [
            ("GET /api/token", 200),
            ("GET /api/runs", 200),
            ("GET /api/runs/" + "0" * 32, 404),
            ("POST /api/run", 413),
            ("GET /api/", 400),
        ]
    ]


def _secrets(site: Site) -> list[str]:
    """Return what must be nowhere: as it is, and as Basic writes it."""
    pairs = [f"{USER}:{site.password}", f"{site.token}:"]
    encoded = [base64.b64encode(pair.encode()).decode() for pair in pairs]
    return [USER, site.password, site.token, *encoded]


def test_workers_that_are_told_to_slow_down_do_and_finish_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave_out_unless_required("nginx")
    narrow = {"rate=2000r/s": "rate=5r/s", "burst=2000": "burst=1"}
    with LocalServer() as server, nginx_before(httpx.URL(server.url).port or 0, narrow) as nginx:
        monkeypatch.setenv("SSL_CERT_FILE", str(nginx.authority))
        with Farm(nginx.url, user=server.user, password=server.password) as farm:
            run = farm.create_run(8)

            def work(_: int) -> list[int]:
                with run.worker() as worker:
                    numbers = []
                    for task in worker:
                        with task:
                            numbers.append(task.number)
                    return numbers

            with ThreadPoolExecutor(4) as pool:
                done = [number for numbers in pool.map(work, range(4)) for number in numbers]
            assert sorted(done) == list(range(8))
            assert run.wait(check=True).succeeded
        assert '" 429 ' in nginx.access_log


def _ask(kind: type[Farm | AsyncFarm], url: str, token: str) -> None:
    if issubclass(kind, Farm):
        with kind(url, token=token, give_up_after_s=NET_S) as farm:
            farm.runs()
        return

    async def ask() -> None:
        async with AsyncFarm(url, token=token, give_up_after_s=NET_S) as farm:
            await farm.runs()

    asyncio.run(ask())

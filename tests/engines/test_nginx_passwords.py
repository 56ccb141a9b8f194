"""Guessed passwords before the server: nginx limits them by address, on every URL."""

from __future__ import annotations

import base64
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import NamedTuple

import httpx
import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.engines import leave_out_unless_required
from tests.support.nginx import Nginx, nginx_before
from tests.support.processes import NET_S, wait_until

pytestmark = [pytest.mark.live, pytest.mark.nginx]

PATHS = ("runs", "token", "runs/" + "0" * 32, f"runs/{'0' * 32}/tasks/0")
GUESSES = 120
# As shipped: one of a burst is forwarded at once, and `burst` more wait for their turn.
AT_ONCE, IN_ALL, RATE_PER_S = 1, 21, 2
# With this rate, what waits for its turn waits until the test ends.
FROZEN = {"rate=2r/s": "rate=1r/m"}


class Site(NamedTuple):
    """A server behind an nginx."""

    server: LocalServer
    nginx: Nginx
    token: str

    def client(self) -> httpx.Client:
        """Return connections that trust it, without credentials."""
        context = ssl.create_default_context(cafile=self.nginx.authority)
        return httpx.Client(base_url=self.nginx.url, verify=context, timeout=NET_S)

    def status(self, client: httpx.Client, authorization: bytes | None) -> int:
        """Ask for the runs with a header, and return the reply's status."""
        headers = {} if authorization is None else {b"Authorization": authorization}
        return client.get("runs", headers=headers).status_code


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    leave_out_unless_required("nginx")
    with LocalServer() as server:
        yield server


@pytest.fixture(scope="module")
def token(server: LocalServer) -> str:
    with server.farm() as farm:
        return farm.login()


@pytest.fixture
def site(server: LocalServer, token: str) -> Iterator[Site]:
    """The server behind an nginx with the shipped values."""
    with nginx_before(httpx.URL(server.url).port or 0) as nginx:
        yield Site(server, nginx, token)


@pytest.fixture
def frozen(server: LocalServer, token: str) -> Iterator[Site]:
    """The same, where nothing that waits for its turn gets it."""
    with nginx_before(httpx.URL(server.url).port or 0, FROZEN) as nginx:
        yield Site(server, nginx, token)


def _basic(user: str, password: str = "") -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def test_guessed_passwords_are_refused_and_requests_with_tokens_are_not(site: Site) -> None:
    site.nginx.reload()
    replies: list[tuple[int, str]] = []
    with site.client() as client, ThreadPoolExecutor(GUESSES) as pool:

        def guess(number: int) -> None:
            auth = (site.server.user, f"wrong-{number}")
            with site.client() as own:
                reply = own.get(PATHS[number % len(PATHS)], auth=auth)
            replies.append((reply.status_code, reply.headers.get("Retry-After", "")))

        began = time.monotonic()
        guesses = [pool.submit(guess, number) for number in range(GUESSES)]
        honest = [site.status(client, _basic(site.token)) for _ in range(20)]
        for one in guesses:
            one.result()
        took_s = time.monotonic() - began
    assert set(honest) == {200}
    counted = Counter(replies)
    assert set(counted) == {(401, ""), (429, "1")}
    assert IN_ALL <= counted[401, ""] <= IN_ALL + 1 + RATE_PER_S * took_s
    assert "[emerg]" not in site.nginx.logs
    assert "limiting requests" in site.nginx.logs


def test_tokens_are_answered_while_passwords_wait_for_their_turn(frozen: Site) -> None:
    pool = ThreadPoolExecutor(GUESSES)
    clients = [frozen.client() for _ in range(GUESSES)]

    def guess(number: int) -> int:
        auth = (frozen.server.user, f"wrong-{number}")
        return clients[number].get(PATHS[number % len(PATHS)], auth=auth).status_code

    try:
        guesses = [pool.submit(guess, number) for number in range(GUESSES)]
        wait_until(lambda: sum(one.done() for one in guesses) == GUESSES - (IN_ALL - AT_ONCE))
        counted = Counter(one.result() for one in guesses if one.done())
        assert counted == {401: AT_ONCE, 429: GUESSES - IN_ALL}
        with frozen.client() as client:
            assert [frozen.status(client, _basic(frozen.token)) for _ in range(20)] == [200] * 20
        assert sum(one.done() for one in guesses) == GUESSES - (IN_ALL - AT_ONCE)
    finally:
        frozen.nginx.kill()  # which ends what still waits
        wait(guesses)
        pool.shutdown()
        for one in clients:
            one.close()


@pytest.fixture
def spent(frozen: Site) -> Site:
    """A site whose limit this address has reached."""

    def guess(_: int = 0) -> int | None:
        # What waits for its turn stays in nginx's queue when its client has gone.
        patience = httpx.Timeout(NET_S, read=0.5)
        with frozen.client() as client, suppress(httpx.ReadTimeout):
            return client.get("runs", auth=("nobody", "x"), timeout=patience).status_code
        return None

    with ThreadPoolExecutor(IN_ALL) as pool:
        list(pool.map(guess, range(IN_ALL)))
    wait_until(lambda: guess() == 429)
    return frozen


def test_whatever_may_be_a_password_counts_as_one(spent: Site) -> None:
    user, password = spent.server.user, spent.server.password
    credentials = _basic(user, password).removeprefix(b"Basic ")
    head, payload, signature = spent.token.split(".")
    may_be = [
        _basic(user, password),
        _basic("nobody", "x"),
        _basic("first.middle.last", "x"),
        _basic("ä ö\t'\"\\${x}", "x"),
        _basic("a:b:c", "d"),
        _basic("\n" + spent.token),
        _basic(spent.token + "x"),
        _basic(f"{head}.{payload}", signature),
        _basic("x" * 4000, "x"),
        b"basic " + credentials,
        # What the server reads, and nginx does not.
        b"Basic !" + credentials,
        b"Basic " + credentials[:5] + b"*" + credentials[5:],
        b"Basic  " + credentials,
        b"Basic",
        b"Basic \xff\xfe",
        b"Bearer " + spent.token.encode(),
        b"Digest username=x",
        b"garbage",
    ]
    with spent.client() as client:
        assert {one: spent.status(client, one) for one in may_be} == dict.fromkeys(may_be, 429)


def test_no_credentials_and_tokens_do_not_count_as_passwords(spent: Site) -> None:
    head, payload, signature = spent.token.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    with spent.client() as client:
        assert spent.status(client, None) == 401
        assert spent.status(client, _basic(spent.token)) == 200
        assert spent.status(client, _basic(spent.token, "x")) == 200
        assert spent.status(client, _basic(forged, spent.server.password)) in (401, 500)


def test_the_server_reads_credentials_that_nginx_does_not(server: LocalServer) -> None:
    odd = _basic(server.user, server.password).replace(b"Basic ", b"Basic !")
    assert httpx.get(server.url + "runs", headers={b"Authorization": odd}).status_code == 200


def test_a_login_succeeds_once_the_limit_allows_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(site.nginx.authority))
    with ThreadPoolExecutor(IN_ALL + 10) as pool:

        def guess(_: int) -> None:
            with site.client() as client:
                client.get("token", auth=("nobody", "x"))

        guesses = [pool.submit(guess, number) for number in range(IN_ALL + 10)]
        with Farm(site.nginx.url, user=site.server.user, password=site.server.password) as farm:
            assert farm.login() == site.token
        wait(guesses)


def test_a_reload_from_the_previous_limits_takes_effect(server: LocalServer) -> None:
    before = {
        "$taskfarm_password_from zone=taskfarm_passwords:10m rate=2r/s": (
            "$binary_remote_addr zone=taskfarm_logins:10m rate=10r/s;"
            "limit_req_zone $taskfarm_password_from zone=taskfarm_passwords:10m rate=2r/s"
        )
    }
    port = httpx.URL(server.url).port or 0
    with nginx_before(port, before) as nginx:
        nginx.set({})
        nginx.reload()
        assert "[emerg]" not in nginx.logs


def test_a_zone_of_the_same_name_with_another_key_is_refused_in_the_log_alone(site: Site) -> None:
    site.nginx.set({"$taskfarm_password_from zone": "$remote_addr zone"})
    assert "successful" in site.nginx.check()
    site.nginx.signal("reload")
    wait_until(lambda: re.search(r"\[emerg\].*taskfarm_passwords.*key", site.nginx.logs))

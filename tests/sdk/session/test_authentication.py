"""Tokens: one password hash for a farm, a new one when the old does not hold, no false alarm."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from taskfarm_sdk import AuthenticationError, Farm, ServerError
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import Fault, FaultProxy

pytestmark = pytest.mark.live


def token_of_another_key(token: str) -> str:
    """Change a token's signature alone: what a server makes of tokens of its former key."""
    head, body, signature = token.split(".")
    bits = bytearray(base64.urlsafe_b64decode(signature + "=="))
    bits[0] ^= 1
    return f"{head}.{body}.{base64.urlsafe_b64encode(bits).rstrip(b'=').decode()}"


def passwords_sent(proxy: FaultProxy) -> int:
    return sum(seen.with_password for seen in proxy.seen)


@pytest.fixture
def farm_with_password(proxy: FaultProxy, taskfarm_server: LocalServer, clock: FastClock) -> Farm:
    return farm_by(clock, proxy.url, user=taskfarm_server.user, password=taskfarm_server.password)


def test_a_password_is_sent_once_for_all_requests_of_many_threads(
    proxy: FaultProxy, farm_with_password: Farm
) -> None:
    with farm_with_password as farm:
        threads = [threading.Thread(target=farm.runs) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert proxy.count("^GET /api/runs$") == 12
    assert passwords_sent(proxy) == 1


@pytest.mark.parametrize("mangled", [False, True], ids=["former key, 500", "mangled, 401"])
def test_a_token_that_no_longer_holds_is_replaced_with_the_password(
    proxy: FaultProxy, farm_with_password: Farm, token: str, mangled: bool
) -> None:
    with farm_with_password as farm:
        farm._link.session.shared.token = Hidden(
            "not a token" if mangled else token_of_another_key(token)
        )
        run = farm.create_run(2)
        assert run in farm.runs()
        assert proxy.count("^POST /api/run$") == 2
        assert passwords_sent(proxy) == 1
        run.delete()


def test_many_threads_with_a_bad_token_replace_it_once(
    proxy: FaultProxy, farm_with_password: Farm, token: str
) -> None:
    with farm_with_password as farm:
        farm._link.session.shared.token = Hidden(token_of_another_key(token))
        threads = [threading.Thread(target=farm.runs) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert passwords_sent(proxy) == 1


@pytest.mark.parametrize("mangled", [False, True], ids=["former key, 500", "mangled, 401"])
def test_without_a_password_a_bad_token_is_an_error_that_says_how_to_log_in(
    proxy: FaultProxy, token: str, clock: FastClock, mangled: bool
) -> None:
    bad = "not a token" if mangled else token_of_another_key(token)
    with farm_by(clock, proxy.url, token=bad) as farm, pytest.raises(AuthenticationError) as raised:
        farm.runs()
    assert "manageTF --login" in str(raised.value)
    assert bad not in str(raised.value)
    assert clock.waits == []


def test_a_sick_server_is_waited_for_and_the_token_kept(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    token = proxied_farm._link.session.shared.token
    # A server without its database answers 500 to everything: the request, and both questions.
    proxy.will("^GET /api/runs$", Fault.SICK, Fault.SICK)
    proxy.will("^GET /api/token$", *[Fault.SICK] * 4)
    proxied_farm.runs()
    assert len(clock.waits) == 2
    assert proxied_farm._link.session.shared.token == token


def test_a_database_that_comes_back_while_the_token_is_in_doubt_costs_no_login(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    # Down for the request and the first question, up for the second: "the server is sound".
    proxy.will("^GET /api/runs$", Fault.SICK)
    proxy.will("^GET /api/token$", Fault.SICK)
    proxied_farm.runs()
    assert proxy.count("^GET /api/runs$") == 2


def test_a_server_that_stays_sick_is_a_server_error_not_an_authentication_error(
    proxy: FaultProxy, token: str, clock: FastClock
) -> None:
    proxy.will(".", *[Fault.SICK] * 400)
    with (
        farm_by(clock, proxy.url, token=token, give_up_after_s=20) as farm,
        pytest.raises(ServerError),
    ):
        farm.runs()
    assert sum(clock.waits) == pytest.approx(20)


def test_a_wrong_password_is_not_tried_twice(
    proxy: FaultProxy, taskfarm_server: LocalServer
) -> None:
    with (
        Farm(proxy.url, user=taskfarm_server.user, password="wrong") as farm,
        pytest.raises(AuthenticationError) as raised,
    ):
        farm.runs()
    assert len(proxy.seen) == 1
    assert "wrong" not in str(raised.value)
    assert raised.value.status == 401


def test_the_first_token_is_waited_for_without_doubt_about_what_follows(
    proxy: FaultProxy, farm_with_password: Farm
) -> None:
    # Were the token's lost reply taken for the run's, this would be OutcomeUnknown.
    proxy.will("^GET /api/token$", Fault.LOST_AFTER, Fault.UNAVAILABLE)
    with farm_with_password as farm:
        farm.create_run(1).delete()
    assert proxy.count("^POST /api/run$") == 1


def test_login_with_a_token_alone_asks_whether_it_holds(proxied_farm: Farm, token: str) -> None:
    assert proxied_farm.login() == token
    proxied_farm._link.session.shared.token = Hidden(token_of_another_key(token))
    with pytest.raises(AuthenticationError):
        proxied_farm.login()


def test_login_returns_a_token_that_works_alone(
    farm_with_password: Farm, proxy: FaultProxy
) -> None:
    with farm_with_password as farm, Farm(proxy.url, token=farm.login()) as other:
        assert other.runs() == farm.runs()
    assert passwords_sent(proxy) == 1


def test_a_token_reads_as_the_server_makes_them(token: str) -> None:
    # Guards token_of_another_key: three parts, of which the last is the signature.
    head = token.partition(".")[0]
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "HS256"

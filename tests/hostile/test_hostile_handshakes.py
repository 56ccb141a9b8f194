"""Servers that hinder the handshake of TLS: one error, in bounded time, and nothing was sent."""

from __future__ import annotations

import os

import pytest

from taskfarm_cli.common import connection_options
from taskfarm_sdk import Farm
from tests.support.hostile import callers, checks
from tests.support.hostile.callers import Caller, Manage
from tests.support.hostile.handshakes import HANDSHAKES, hindering
from tests.support.hostile.operations import OPERATIONS, TOKEN

pytestmark = pytest.mark.slow

WHOLE = os.environ.get("TASKFARM_WHOLE_MATRIX", "0") == "1"
TIMEOUT_S = 0.3
# By default each handshake is met with one operation.
SOME = list(OPERATIONS) if WHOLE else ["get_run"]


def _faults(caller: Caller) -> list[str]:
    faults: list[str] = []
    for name, pieces in HANDSHAKES.items():
        with hindering(pieces) as url:
            for operation in SOME:
                came = caller(url, operation, TIMEOUT_S)
                faults += [f"{name}, {operation}: {x}" for x in checks.faults_of_handshake(came)]
    return faults


@pytest.mark.parametrize(
    "caller", [callers.ask_blocking, callers.ask_awaiting, callers.work_hastily]
)
def test_without_a_handshake_nothing_is_sent(caller: Caller) -> None:
    assert _faults(caller) == []


def test_a_command_says_so_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = Farm.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", TIMEOUT_S)
    monkeypatch.setenv("TASKFARM_TOKEN", TOKEN)
    monkeypatch.setattr(connection_options, "GIVE_UP_AFTER_S", 0.0)
    assert _faults(Manage(capsys.readouterr)) == []

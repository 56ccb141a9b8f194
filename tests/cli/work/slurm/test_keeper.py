"""The keeper of `--keep`, to which signals come at the worst of moments."""

from __future__ import annotations

import signal
import threading

import pytest

from taskfarm_cli.work.screen import Screen
from taskfarm_cli.work.slurm import cli, recovery
from taskfarm_cli.work.slurm.keeper import Keeper, Terms
from taskfarm_sdk import Farm
from tests.support.processes import NET_S

pytestmark = pytest.mark.live


def test_ctrl_c_as_it_begins_to_look_after_lost_tasks_is_no_error(
    live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name == "taskfarm-lost":
            signal.raise_signal(signal.SIGINT)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    monkeypatch.setattr(recovery, "ENDS_WITHIN_S", NET_S)
    running = [cli.Element("1", "0", "RUNNING", 99.0, "None")]
    monkeypatch.setattr(cli, "queue", lambda _: running)
    terms = Terms("taskfarm", 1, 1, 3, 60.0, False)
    run = live_farm.create_run(1)
    with run.worker() as other:
        assert other.claim() is not None
        keeper = Keeper(
            run, terms, submit=lambda _: "1", said=lambda _: "", screen=Screen("workTF")
        )
        with pytest.raises(KeyboardInterrupt):
            keeper.keep()
        assert not [one for one in threading.enumerate() if one.name == "taskfarm-lost"]

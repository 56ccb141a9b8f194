"""What `--keep` does when signals come at the worst of moments."""

from __future__ import annotations

import signal
import threading

import pytest

from taskfarm_cli.work.screen import Screen
from taskfarm_cli.work.slurm import commands
from taskfarm_cli.work.slurm.keeper import Keeper, Terms
from taskfarm_sdk.testing import LocalServer

pytestmark = pytest.mark.live


def test_ctrl_c_as_it_begins_to_look_after_lost_tasks_is_no_error(
    taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name == "taskfarm-lost":
            signal.raise_signal(signal.SIGINT)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    running = [commands.Element("1", "0", "RUNNING", 99.0, "None")]
    monkeypatch.setattr(commands, "queue", lambda _: running)
    terms = Terms("taskfarm", 1, 1, 3, 60.0, False)
    with taskfarm_server.farm() as farm, farm.create_run(1).worker() as other:
        task = other.claim()
        assert task is not None
        (run,) = [run for run in farm.runs() if run.uuid == task.run_uuid]
        keeper = Keeper(
            run, terms, submit=lambda _: "1", said=lambda _: "", screen=Screen("workTF")
        )
        with pytest.raises(KeyboardInterrupt):
            keeper.keep()
        assert not [one for one in threading.enumerate() if one.name == "taskfarm-lost"]

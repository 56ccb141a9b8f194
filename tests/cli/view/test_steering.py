"""What readers of the page do to runs, several of them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from taskfarm_cli.view.observer import Observer
from taskfarm_cli.view.sources import Sources
from taskfarm_cli.view.steering import Steering
from tests.support.processes import NET_S, wait_until

UUID = "a" * 32


class BusyFarm:
    """A farm with runs whose tasks are read without end.

    Attributes:
        on_answer: called when it is asked for a run.
        ends: ends the reading of tasks.
        num_readings: how often tasks were read.
    """

    def __init__(self) -> None:
        self.on_answer: Callable[[], object] = lambda: None
        self.ends = threading.Event()
        self.num_readings = 0

    def get_run(self, _: str) -> Any:
        """Answer as `Farm.get_run`."""
        self.on_answer()
        return SimpleNamespace(num_tasks=5, task_infos=self._read)

    def _read(self) -> Any:
        self.num_readings += 1
        self.ends.wait(NET_S)
        return iter(())


def test_of_two_browsers_that_have_tasks_read_at_once_one_has() -> None:
    farm = BusyFarm()
    steering = Steering(cast("Any", farm), Observer(cast("Any", farm), Sources(None, None)))
    said: list[str] = []
    other = threading.Thread(target=lambda: said.append(steering.do("scan", UUID)))

    def ask_too() -> None:
        farm.on_answer = lambda: None
        other.start()
        other.join(0.2)

    farm.on_answer = ask_too
    assert steering.do("scan", UUID).startswith("The tasks are being read: the run's page")
    other.join(NET_S)
    assert said == ["The tasks of a run are being read already: wait for that, or stop it."]
    assert steering.is_reading(UUID)
    wait_until(lambda: farm.num_readings == 1)
    steering.end()
    farm.ends.set()
    wait_until(lambda: not steering.is_reading(UUID))
    assert farm.num_readings == 1

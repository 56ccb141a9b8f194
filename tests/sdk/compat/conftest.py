"""Fixtures of the compat tests: workers and farms behind the proxy, whose waits take no time."""

from __future__ import annotations

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker
from tests.support.clock import FastClock
from tests.support.compat import Hire, Load
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
def hire(proxy: FaultProxy, token: str, clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Hire:
    monkeypatch.setattr(TaskFarm, "_clock", clock)

    def make(run: Run) -> TaskFarmWorker:
        worker = TaskFarmWorker(token, "", run.uuid, url_base=proxy.url)
        proxy.forget()
        return worker

    return make


@pytest.fixture
def load(proxy: FaultProxy, token: str, clock: FastClock, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setattr(TaskFarm, "_clock", clock)

    def make(run: Run) -> TaskFarm:
        farm = TaskFarm(token, "", run.uuid, url_base=proxy.url)
        proxy.forget()
        return farm

    return make

"""Those who ask the ten operations, and what they have to make of a hostile reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from taskfarm_cli.manage.main import main
from taskfarm_sdk import (
    AsyncFarm,
    Farm,
)
from taskfarm_sdk._protocol.operations import RunRow
from taskfarm_sdk.run import run_of
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by, farm_by
from tests.support.hostile.operations import NUM_TASKS, TOKEN, UUID, Operation, Scene
from tests.support.hostile.replies import PAGE, Hostile
from tests.support.secrecy import told_by
from tests.support.stub_server import Reply, StubServer

USER = "someone"
PASSWORD = "hunter2-Xq7Zp"
# Long enough for a whole reply on a busy machine.
TIMEOUT_S = 20.0
# Of a server that hands out the same task again and again.
TASKS_MOST = 2
# In the fast clock's time: some attempts at each request of a worker.
WORKER_GIVES_UP_AFTER_S = 1.0
Act = Callable[[Farm], object]
AsyncAct = Callable[[AsyncFarm], Awaitable[object]]


def _in_async_run(act: Callable[[Any], Awaitable[object]]) -> AsyncAct:
    async def go(farm: AsyncFarm) -> object:
        return await act(await farm.get_run(UUID))

    return go


# Each operation by the public method that leads to it.
BLOCKING: dict[str, Act] = {
    "token": Farm.login,
    "create_run": lambda farm: farm.create_run(NUM_TASKS),
    "list_runs": Farm.runs,
    "get_run": lambda farm: farm.get_run(UUID),
    "delete_run": lambda farm: farm.get_run(UUID).delete(),
    "restart_run": lambda farm: farm.get_run(UUID).reset_all(),
    "claim_task": lambda farm: farm.get_run(UUID).repair(),
    "get_task": lambda farm: farm.get_run(UUID).task_info(0),
    "update_task": lambda farm: farm.get_run(UUID).reset_tasks([0]),
    "register_worker": lambda farm: farm.get_run(UUID).repair(),
}
AWAITING: dict[str, AsyncAct] = {
    "token": AsyncFarm.login,
    "create_run": lambda farm: farm.create_run(NUM_TASKS),
    "list_runs": AsyncFarm.runs,
    "get_run": lambda farm: farm.get_run(UUID),
    "delete_run": _in_async_run(lambda run: run.delete()),
    "restart_run": _in_async_run(lambda run: run.reset_all()),
    "claim_task": _in_async_run(lambda run: run.repair()),
    "get_task": _in_async_run(lambda run: run.task_info(0)),
    "update_task": _in_async_run(lambda run: run.reset_tasks([0])),
    "register_worker": _in_async_run(lambda run: run.repair()),
}
MODES: dict[str, tuple[str, ...]] = {
    "token": ("--login",),
    "create_run": ("-n", str(NUM_TASKS)),
    "list_runs": ("-l",),
    "get_run": ("-i", UUID),
    "delete_run": ("-d", UUID),
    "restart_run": ("-R", UUID),
    "claim_task": ("--repair", UUID),
    "get_task": ("--tasks", UUID),
    "update_task": ("--reset-task=0", UUID),
    "register_worker": ("--repair", UUID),
}
# A refused claim of a worker is answered with a look at the run; a failed hand-back, at the task.
LEADS_TO: dict[str, dict[str, Callable[..., Reply]]] = {
    "token": {},
    "get_run": {"claim_task": lambda *_: Reply(500, PAGE)},
    "claim_task": {},
    "get_task": {"update_task": lambda *_: Reply(503, PAGE)},
    "update_task": {},
    "register_worker": {},
}


# What a worker asks without being led to it by failures, after which it has to try again.
SENT_AT_ONCE = [name for name, leads in LEADS_TO.items() if not leads]


@attrs.frozen
class Came:
    """What came of a request.

    Attributes:
        error: what was raised, or None.
        told: all that was shown: an error with its traceback, its attributes, and those of all
            errors behind it; or a command's output.
        status: a command's exit status.
        line: a command's line on stderr.
        computed: how many tasks a worker was handed.
    """

    error: BaseException | None = None
    told: str = ""
    status: int | None = None
    line: str = ""
    computed: int = 0


def _caught(error: Exception, computed: int = 0) -> Came:
    return Came(error, told_by(error), computed=computed)


def _credentials(operation: str) -> dict[str, str]:
    """Return user and password where a token is asked for, and a token elsewhere."""
    return {"user": USER, "password": PASSWORD} if operation == "token" else {"token": TOKEN}


def ask_blocking(url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
    """Ask with a `Farm`."""
    clock = FastClock()
    facts = _credentials(operation)
    with farm_by(clock, url, timeout_s=timeout_s, give_up_after_s=0, **facts) as farm:
        try:
            BLOCKING[operation](farm)
        except Exception as error:  # noqa: BLE001 - that is the question
            return _caught(error)
    return Came()


def ask_awaiting(url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
    """Ask with an `AsyncFarm`."""

    async def go() -> Came:
        clock = FastClock()
        facts = _credentials(operation)
        farm = async_farm_by(clock, url, timeout_s=timeout_s, give_up_after_s=0, **facts)
        async with farm:
            try:
                await AWAITING[operation](farm)
            except Exception as error:  # noqa: BLE001 - that is the question
                return _caught(error)
        return Came()

    return asyncio.run(go())


def work(url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
    """Work off a run, and try each request for a while."""
    return _work(url, operation, timeout_s, WORKER_GIVES_UP_AFTER_S)


def work_hastily(url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
    """Work off a run, and try each request once; a reply that drips takes real time."""
    return _work(url, operation, timeout_s, 0.0)


def _work(url: str, operation: str, timeout_s: float, give_up_after_s: float) -> Came:
    computed = 0
    clock = FastClock()
    with farm_by(
        clock, url, timeout_s=timeout_s, give_up_after_s=0, **_credentials(operation)
    ) as farm:
        run = run_of(farm._link, RunRow(UUID, 1, NUM_TASKS))
        try:
            with run.worker(give_up_after_s=give_up_after_s) as worker:
                for task in worker:
                    computed += 1
                    if computed == TASKS_MOST:
                        worker.stop()
                    with task:
                        if operation == "get_task":
                            task.fail("no reason", final=True)
        except Exception as error:  # noqa: BLE001 - that is the question
            return _caught(error, computed)
    return Came(computed=computed)


class Manage:
    """Ask with manageTF, in this process.

    Args:
        read: returns what was printed since it was called last.
    """

    def __init__(self, read: Callable[[], tuple[str, str]]) -> None:
        self._read = read

    def __call__(self, url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
        """Run it."""
        self._read()
        who = ("-u", USER, "-p", PASSWORD) if operation == "token" else ()
        status = main([*MODES[operation], "-b", url, *who])
        out, err = self._read()
        return Came(told=out + err, status=status, line=err)


Caller = Callable[[str, str, float], Came]


def meet(
    server: StubServer,
    caller: Caller,
    operation: Operation,
    hostile: Hostile,
    *,
    timeout_s: float = TIMEOUT_S,
    works: bool = False,
    once: bool = False,
) -> tuple[Came, Scene]:
    """Let a caller meet a hostile reply.

    Args:
        server: the server; it is given a scene of its own.
        caller: who asks.
        operation: the operation that is answered so.
        hostile: the reply.
        timeout_s: the time limit of a request.
        works: whether the caller is a worker, which a server has to lead to some operations.
        once: whether the next replies are sound; else each one is as hostile.
    """
    leads = LEADS_TO[operation.name] if works else {}
    before = {name: [reply] if once else [reply, None] for name, reply in leads.items()}
    answers = [hostile.make] if once else [hostile.make, None]
    scene = Scene({**before, operation.name: answers}, tasks=1)
    server.answers = scene.answer
    return caller(server.url, operation.name, timeout_s), scene

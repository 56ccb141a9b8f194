"""The public calls of the SDK that take arguments, each with right ones."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import taskfarm_sdk
from taskfarm_sdk import AsyncFarm, AsyncRun, Farm, Items, Run, Task, compat, logins
from taskfarm_sdk._results.order import publish_function
from taskfarm_sdk.execution.function import packed
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from taskfarm_sdk.testing import LocalServer
from tests.support.fuzzing.charting import CHARTS
from tests.support.fuzzing.serving import SERVER
from tests.support.fuzzing.target import Target
from tests.support.fuzzing.words import UUID
from tests.support.handles import NotingHandle
from tests.support.results_folders import new_folder, write
from tests.support.secrecy import PASSWORD, TOKEN

URL = "http://h.invalid/api/"
# Items can be as many as a grid has; some are enough.
SOME = 20
Arguments = Mapping[str, Any]
F = TypeVar("F", bound=compat.TaskFarm)
# Of taskfarm-worker's API, whose programs catch these.
THEIRS = (RuntimeError, ValueError, TypeError)
READY = "ready"
"""The name of a results folder that is there when a call is made."""
_folders = itertools.count()


def _farm() -> Farm:
    return Farm(URL, token=TOKEN)


def _run() -> Run:
    farm = _farm()
    return Run(farm._link, UUID, 1, 5, "5")


def _later(coroutine: Callable[[AsyncFarm], Coroutine[Any, Any, object]]) -> object:
    """Return what a coroutine of a farm for asyncio returns."""
    return asyncio.run(coroutine(AsyncFarm(URL, token=TOKEN)))


def _run_later(coroutine: Callable[[AsyncRun], Coroutine[Any, Any, object]]) -> object:
    """Return what a coroutine of a run for asyncio returns."""
    return _later(lambda farm: coroutine(AsyncRun(farm._link, UUID, 1, 5, "5")))


async def _first_later(values: AsyncIterator[object]) -> object:
    return await anext(values, None)


def _theirs(kind: type[F]) -> F:
    """Return a run of taskfarm-worker's API that is logged in, and whose tasks are all created."""
    made = kind.__new__(kind)
    made._link, made._uuid, made._num_tasks = _farm()._link, UUID, 5
    made._surely_made = made._made = 5
    made._url_base = URL
    if isinstance(made, compat.TaskFarmWorker):
        made._task, made._unanswered = 1, False
    return made


def _filled(call: Callable[..., object]) -> Callable[..., object]:
    """Return a call beside whose folder's name there is one with a result."""

    def called(**given: Any) -> object:
        with closing(new_folder(Path(READY), 1)) as folder:
            write(folder, {0: 5})
        return call(**given)

    return called


def _prepared(call: Callable[..., object]) -> Callable[..., object]:
    """Return a call beside whose folder's name there is one with a function for two items."""

    def called(**given: Any) -> object:
        with closing(new_folder(Path(READY), 2, [1, 2])) as folder:
            publish_function(folder, packed(ItemFunction(_times, False, None)).content)
        return call(**given)

    return called


def _logged_in(call: Callable[..., object]) -> Callable[..., object]:
    """Return a call beside which there is a saved login."""

    def called(**given: Any) -> object:
        logins.save_login("http://one.invalid/", "bob", TOKEN)
        return call(**given)

    return called


def _new_folder() -> str:
    return f"results-{next(_folders)}"


def _times(value: int) -> int:
    return 2 * value


def _first(values: Iterable[object]) -> object:
    return next(iter(values), None)


def _read(items: Items[Any]) -> object:
    """Use items in all their ways."""
    return items.columns, items.digest() if len(items) < SOME else None, len(items), repr(items), (
        list(itertools.islice(items, SOME)), items[-1], items[:2]
    )  # fmt: skip


_OF_WORKER: Arguments = {
    "max_attempts": 3,
    "retry_delay_s": 30.0,
    "halt_after": 10,
    "linger": False,
    "stale_after_s": 120.0,
    "unleased_after_s": "auto",
    "first_beat_s": 2.0,
    "heartbeat_s": 30.0,
    "grace_s": 0.0,
    "give_up_after_s": 600.0,
    "journal": "journal",
}
_OF_WORK: Arguments = {
    **_OF_WORKER,
    "workers": 2,
    "executor": None,
    "threads_per_task": 1,
    "progress": None,
    "linger_s": 1.0,
    "check": True,
}
_OF_MAP: Arguments = {**_OF_WORK, "retry_failed": True}
_OF_FARM: Arguments = {"url": URL, "user": "bob", "timeout_s": 5.0, "give_up_after_s": 5.0}


def _wanted() -> dict[str, Any]:
    return {
        "function": _times,
        "items": [1, 2, 3],
        "folder": _new_folder(),
        "chunk": 2,
        "pass_item": False,
        "seed": 1,
        "name": "sweep",
    }


TARGETS: dict[str, Target] = {
    **CHARTS,
    **SERVER,
    "Farm, password": Target(
        lambda **given: repr(Farm(**given)), lambda: {**_OF_FARM, "password": PASSWORD}
    ),
    "Farm, token": Target(
        lambda **given: repr(Farm(**given)), lambda: {**_OF_FARM, "token": TOKEN}
    ),
    "AsyncFarm, password": Target(
        lambda **given: repr(AsyncFarm(**given)), lambda: {**_OF_FARM, "password": PASSWORD}
    ),
    "AsyncFarm, token": Target(
        lambda **given: repr(AsyncFarm(**given)), lambda: {**_OF_FARM, "token": TOKEN}
    ),
    "Farm.create_run": Target(
        lambda **given: _farm().create_run(**given), lambda: {"num_tasks": 3}
    ),
    "Farm.runs": Target(lambda **given: _farm().runs(**given), lambda: {"give_up_after_s": 1.0}),
    "Farm.get_run": Target(
        lambda **given: _farm().get_run(**given), lambda: {"uuid": UUID, "give_up_after_s": 1.0}
    ),
    "Farm.get_run_and_status": Target(
        lambda **given: _farm().get_run_and_status(**given),
        lambda: {"uuid": UUID, "give_up_after_s": 1.0},
    ),
    "AsyncFarm.create_run": Target(
        lambda **given: _later(lambda farm: farm.create_run(**given)), lambda: {"num_tasks": 3}
    ),
    "AsyncFarm.runs": Target(
        lambda **given: _later(lambda farm: farm.runs(**given)), lambda: {"give_up_after_s": 1.0}
    ),
    "AsyncFarm.get_run": Target(
        lambda **given: _later(lambda farm: farm.get_run(**given)),
        lambda: {"uuid": UUID, "give_up_after_s": 1.0},
    ),
    "AsyncFarm.get_run_and_status": Target(
        lambda **given: _later(lambda farm: farm.get_run_and_status(**given)),
        lambda: {"uuid": UUID, "give_up_after_s": 1.0},
    ),
    "AsyncRun.wait": Target(
        lambda **given: _run_later(lambda run: run.wait(**given)),
        lambda: {"timeout_s": 1.0, "poll_s": 1.0, "check": True},
    ),
    "AsyncRun.watch": Target(
        lambda **given: _run_later(lambda run: _first_later(run.watch(**given))),
        lambda: {"timeout_s": 1.0, "poll_s": 1.0, "progress": False},
    ),
    "AsyncRun.task_info": Target(
        lambda **given: _run_later(lambda run: run.task_info(**given)), lambda: {"number": 2}
    ),
    "AsyncRun.task_infos": Target(
        lambda **given: _run_later(lambda run: _first_later(run.task_infos(**given))),
        lambda: {"state": "waiting"},
    ),
    "AsyncRun.reset_tasks": Target(
        lambda **given: _run_later(lambda run: run.reset_tasks(**given)),
        lambda: {"numbers": [0, 4]},
    ),
    "AsyncRun.repair": Target(
        lambda **given: _run_later(lambda run: run.repair(**given)), lambda: {"progress": None}
    ),
    "Farm.map": Target(lambda **given: _farm().map(**given), lambda: {**_wanted(), **_OF_MAP}),
    "Farm.map, items": Target(lambda **given: _farm().map(**given), _wanted),
    "Farm.prepare": Target(lambda **given: _farm().prepare(**given), _wanted),
    "join": Target(
        _prepared(taskfarm_sdk.join),
        lambda: {"folder": READY, "farm": _farm(), **_OF_MAP},
        makes_files=True,
    ),
    "Results.as_completed": Target(
        _filled(lambda **given: _first(taskfarm_sdk.results(READY).as_completed(**given))),
        lambda: {"poll_s": 0.5, "stop": lambda: True},
        makes_files=True,
    ),
    "Results.to_csv": Target(
        _filled(lambda **given: taskfarm_sdk.results(READY).to_csv(**given)),
        lambda: {"path": "out.csv"},
        (OSError,),
        makes_files=True,
    ),
    "results": Target(_filled(taskfarm_sdk.results), lambda: {"folder": READY}, makes_files=True),
    "Run.wait": Target(
        lambda **given: _run().wait(**given),
        lambda: {"timeout_s": 1.0, "poll_s": 1.0, "check": True},
    ),
    "Run.watch": Target(
        lambda **given: _first(_run().watch(**given)),
        lambda: {"timeout_s": 1.0, "poll_s": 1.0, "progress": False},
    ),
    "Run.task_info": Target(lambda **given: _run().task_info(**given), lambda: {"number": 2}),
    "Run.task_infos": Target(
        lambda **given: _first(_run().task_infos(**given)), lambda: {"state": "waiting"}
    ),
    "Run.reset_tasks": Target(
        lambda **given: _run().reset_tasks(**given), lambda: {"numbers": [0, 4]}
    ),
    "Run.repair": Target(lambda **given: _run().repair(**given), lambda: {"progress": None}),
    "Run.worker": Target(
        lambda **given: _run().worker(**given).claim(),
        lambda: {**_OF_WORKER, "prefetch": 0, "report_every_s": 1.0, "fleet_size": 1},
    ),
    "Run.work": Target(
        lambda **given: _run().work(**given),
        lambda: {**_OF_WORK, "function": print, "report_every_s": 1.0},
    ),
    "Task.update": Target(
        lambda **given: Task(NotingHandle()).update(**given), lambda: {"percent": 50.0}
    ),
    "Task.fail": Target(
        lambda **given: Task(NotingHandle()).fail(**given),
        lambda: {"reason": "no luck", "final": True, "exit_status": 3},
    ),
    "Items": Target(lambda **given: _read(Items(**given)), lambda: {"values": [1, 2]}),
    "Items.of": Target(lambda **given: _read(Items.of(**given)), lambda: {"values": (1, 2)}),
    "Items.lines": Target(
        lambda **given: _read(Items.lines(**given)), lambda: {"path": "inputs.txt"}
    ),
    "Items.csv": Target(
        lambda **given: _read(Items.csv(**given)), lambda: {"path": "table.csv", "delimiter": ","}
    ),
    "Items.glob": Target(lambda **given: _read(Items.glob(**given)), lambda: {"pattern": "*.txt"}),
    "Items.grid": Target(
        lambda **given: _read(Items.grid(**given)), lambda: {"x": [1, 2], "y": range(3)}
    ),
    "Items[…]": Target(
        lambda index: Items([1, 2])[index], lambda: {"index": -1}, (IndexError, TypeError)
    ),
    "save_login": Target(
        logins.save_login,
        lambda: {
            "url": "http://other.invalid/",
            "user": "bob",
            "token": TOKEN,
            "replace_default": True,
        },
    ),
    "find_login": Target(logins.find_login, lambda: {"url": "http://other.invalid/"}),
    "forget_logins": Target(
        _logged_in(logins.forget_logins),
        lambda: {"matches": lambda login: login.user == "jim"},
        makes_files=True,
    ),
    "forget_login": Target(logins.forget_login, lambda: {"url": "http://none.invalid/"}),
    "LocalServer": Target(
        lambda **given: repr(LocalServer(**given)),
        lambda: {
            "database_url": f"postgresql://me:{PASSWORD}@h.invalid/name",
            "processes": 2,
            "threads": 4,
            "python": "python3",
        },
    ),
    "compat.tfRuns": Target(
        compat.tfRuns,
        lambda: {"username": "bob", "password": PASSWORD, "url_base": URL},
        THEIRS,
    ),
    "compat.TaskFarm, uuid": Target(
        compat.TaskFarm,
        lambda: {"username": "bob", "password": PASSWORD, "uuid": UUID, "url_base": URL},
        THEIRS,
    ),
    "compat.TaskFarm, numTasks": Target(
        compat.TaskFarm,
        lambda: {"username": TOKEN, "password": "", "numTasks": 3, "url_base": URL},
        THEIRS,
    ),
    "compat.TaskFarm.url": Target(
        lambda **given: _theirs(compat.TaskFarm).url(**given), lambda: {"url": "runs"}, THEIRS
    ),
    "compat.TaskFarm.info": Target(
        lambda **given: _theirs(compat.TaskFarm).info(**given), lambda: {"info": ""}, THEIRS
    ),
    "compat.TaskFarm.getTaskInfo": Target(
        lambda **given: _theirs(compat.TaskFarm).getTaskInfo(**given),
        lambda: {"task": 1, "info": "status"},
        THEIRS,
    ),
    "compat.TaskFarm.setTaskInfo": Target(
        lambda **given: _theirs(compat.TaskFarm).setTaskInfo(**given),
        lambda: {"task": 1, "info": "percentCompleted", "value": 5.0},
        THEIRS,
    ),
    "compat.TaskFarm.restart": Target(
        lambda **given: _theirs(compat.TaskFarm).restart(**given),
        lambda: {"everything": True},
        THEIRS,
    ),
    "compat.TaskFarmWorker": Target(
        compat.TaskFarmWorker,
        lambda: {"username": "bob", "password": PASSWORD, "uuid": UUID, "url_base": URL},
        THEIRS,
    ),
    "compat.TaskFarmWorker.info": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).info(**given), lambda: {"info": ""}, THEIRS
    ),
    "compat.TaskFarmWorker.getTaskInfo": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).getTaskInfo(**given),
        lambda: {"task": 1, "info": "status"},
        THEIRS,
    ),
    "compat.TaskFarmWorker.setTaskInfo": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).setTaskInfo(**given),
        lambda: {"task": 1, "info": "percentCompleted", "value": 5.0},
        THEIRS,
    ),
    "compat.TaskFarmWorker.restart": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).restart(**given),
        lambda: {"everything": True},
        THEIRS,
    ),
    "compat.TaskFarmWorker.url": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).url(**given), lambda: {"url": "runs"}, THEIRS
    ),
    "compat.TaskFarmWorker.update": Target(
        lambda **given: _theirs(compat.TaskFarmWorker).update(**given),
        lambda: {"percentage": 5.0},
        THEIRS,
    ),
}

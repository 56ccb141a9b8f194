"""What both packages are driven through: `python steps.py MODULE URL USER PASSWORD`.

It is run in a process of its own for each package, imports nothing else of this project, and
prints one JSON document: what each step returned or raised, and the runs and workers it made.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any

STEPS: dict[str, Callable[[Login], Any]] = {}
KINDS = (RuntimeError, ValueError, TypeError, AttributeError)


class Login:
    """A package to drive, and the server to drive it on."""

    def __init__(self, module: str, url: str, user: str, password: str) -> None:
        self.package: Any = importlib.import_module(module)
        self.url, self.user, self.password = url, user, password
        # A password costs the server a hash each time: all steps but a few go in by the token.
        first = self.package.TaskFarm(user, password, numTasks=1, url_base=url)
        self.token = first.token_auth.username
        self.runs: list[str] = []
        self.workers: list[str] = []

    def farm(self, num_tasks: int) -> Any:
        """Make a run."""
        farm = self.package.TaskFarm(self.token, "", numTasks=num_tasks, url_base=self.url)
        self.runs.append(farm.uuid)
        return farm

    def worker(self, farm: Any) -> Any:
        """Make a worker of a run."""
        worker = self.package.TaskFarmWorker(self.token, "", farm.uuid, url_base=self.url)
        self.workers.append(worker.worker_uuid)
        return worker


def step(function: Callable[[Login], Any]) -> Callable[[Login], Any]:
    STEPS[function.__name__] = function
    return function


def outcome(function: Callable[..., Any], *words: Any) -> Any:
    """Return what a call returned, or the kind of what it raised."""
    try:
        return ["returned", type(value := function(*words)).__name__, value]
    except Exception as error:  # noqa: BLE001 - that they are of one kind is what is compared
        kinds = [kind.__name__ for kind in KINDS if isinstance(error, kind)]
        return ["raised", *(kinds or [type(error).__name__])]


def without_names(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in {"id", "uuid"}}


def all_of(farm: Any) -> list[Any]:
    """Return everything that a run tells of itself."""
    counts = [farm.percentDone, farm.numDone, farm.numWaiting, farm.numComputing]
    return [farm.numTasks, *counts, without_names(farm.info("")), list(farm.info(""))]


@step
def runs_are_listed(login: Login) -> Any:
    farms = [login.farm(3), login.farm(70)]
    rows = login.package.tfRuns(login.user, login.password, url_base=login.url)
    mine = [row for row in rows if row["uuid"] in [farm.uuid for farm in farms]]
    return [type(rows).__name__, [row["numTasks"] for row in mine], [list(row) for row in mine]]


@step
def a_wrong_password_is_refused(login: Login) -> Any:
    package, uuid = login.package, login.farm(1).uuid
    wrong = (login.user, "wrong")
    return [
        outcome(lambda: package.tfRuns(*wrong, login.url)),
        outcome(lambda: package.TaskFarm(*wrong, None, 3, login.url)),
        outcome(lambda: package.TaskFarmWorker(*wrong, uuid, login.url)),
        outcome(lambda: package.TaskFarm("not a token", "", uuid, url_base=login.url)),
    ]


@step
def what_is_missing_is_refused(login: Login) -> Any:
    package, to = login.package, {"url_base": login.url}
    return [
        outcome(lambda: package.TaskFarm(login.token, "", **to)),
        outcome(lambda: package.TaskFarmWorker(login.token, "", None, **to)),
        outcome(lambda: package.TaskFarmWorker(login.token, "", **to)),
        outcome(lambda: package.TaskFarm(login.token, "", uuid="0" * 32, **to)),
        outcome(lambda: package.TaskFarmWorker(login.token, "", "0" * 32, **to)),
        outcome(lambda: package.TaskFarm(login.token, "", uuid="not-a-uuid", **to)),
        outcome(lambda: package.TaskFarm(login.token, "", uuid="", **to)),
    ]


@step
def a_url_that_is_none_is_refused(login: Login) -> Any:
    return [
        outcome(login.package.TaskFarm, "me", "x", None, 1, url)
        for url in ("localhost:5000/api/", "no url")
    ]


@step
def a_new_run_tells_of_itself(login: Login) -> Any:
    farm = login.farm(5)
    again = login.package.TaskFarm(login.token, "", farm.uuid, url_base=login.url)
    same = farm.uuid == again.uuid == again.info("")["uuid"]
    return [
        all_of(farm),
        all_of(again),
        len(farm.uuid),
        same,
        farm.url("runs") == login.url + "runs",
    ]


@step
def a_run_of_no_tasks_is_finished(login: Login) -> Any:
    farm = login.farm(0)
    return [all_of(farm), list(login.worker(farm).tasks)]


@step
def information_that_is_none_is_refused(login: Login) -> Any:
    farm = login.farm(2)
    return [outcome(farm.info, name) for name in ("numTasks", "id", "bogus")]


@step
def attributes_cannot_be_set(login: Login) -> Any:
    farm = login.farm(2)
    names = ("uuid", "numTasks", "percentDone", "numDone", "token_auth")
    return [outcome(setattr, farm, name, 3) for name in names]


@step
def a_run_is_worked_off(login: Login) -> Any:
    farm = login.farm(4)
    worker = login.worker(farm)
    said: list[Any] = []
    for task in worker.tasks:
        said.append([task, worker.task])
        for percent in (0, 12.5, 50, 100):
            said.append(outcome(worker.update, percent))
            said.append(worker.getTaskInfo(task, "percentCompleted"))
        said += [all_of(worker), outcome(worker.done), worker.getTaskInfo(task, "status")]
    return [said, all_of(farm), worker.task, worker.task, list(worker.tasks)]


@step
def done_below_100_lets_go_alone(login: Login) -> Any:
    farm = login.farm(5)
    worker = login.worker(farm)
    for percents in ((), (50,), (100, 50), (99.9999,), (50, 99.9999999)):
        _ = worker.task
        for percent in percents:
            worker.update(percent)
        worker.done()
    return [farm.numDone, farm.numComputing, round(farm.percentDone, 5), worker.task]


@step
def a_task_stays_at_hand_until_done(login: Login) -> Any:
    worker = login.worker(login.farm(3))
    tasks = worker.tasks
    first = [next(tasks), next(tasks), worker.task, worker.task]
    worker.done()
    return [first, next(tasks), [next(worker.tasks), worker.task]]


@step
def without_a_task_nothing_happens(login: Login) -> Any:
    worker = login.worker(login.farm(1))
    calls = [lambda: worker.update(50), lambda: worker.update(500), worker.done]
    return [[outcome(call) for call in calls], worker.numComputing]


@step
def percentages_out_of_range_are_refused(login: Login) -> Any:
    worker = login.worker(login.farm(1))
    task = worker.task
    odd = (-0.01, 100.01, 1e9, -1e-9, float("inf"), "50", None)
    said = [outcome(worker.update, percent) for percent in odd]
    return [said, worker.getTaskInfo(task, "percentCompleted")]


@step
def tasks_are_read(login: Login) -> Any:
    worker = login.worker(login.farm(3))
    _ = worker.task
    worker.update(33.3)
    whole = worker.getTaskInfo(0, "")
    asked = [(0, "status"), (0, "percentCompleted"), (0, "bogus"), (-1, "status"), (3, "status")]
    return [
        without_names(whole),
        list(whole),
        type(whole["id"]).__name__,
        [outcome(worker.getTaskInfo, *of) for of in asked],
    ]


@step
def tasks_nobody_asked_for_read_as_waiting(login: Login) -> Any:
    farm = login.farm(5)
    login.runs.pop()  # the rows differ: here none are made
    return [
        [outcome(farm.getTaskInfo, n, "status") for n in (0, 3, 4)],
        [outcome(farm.getTaskInfo, n, "percentCompleted") for n in (1, 4)],
        without_names(farm.getTaskInfo(2, "")),
        list(farm.getTaskInfo(2, "")),
    ]


@step
def tasks_are_written(login: Login) -> Any:
    worker = login.worker(login.farm(3))
    _ = worker.task
    said: list[Any] = []
    for field, value in [
        ("percentCompleted", 33.3),
        ("percentCompleted", 7),
        ("percentCompleted", 250),
        ("percentCompleted", "abc"),
        ("status", "done"),
        ("status", "waiting"),
        ("status", "bogus"),
        ("bogus", 1),
        ("", 1),
        ("percentCompleted", object()),
    ]:
        said.append(outcome(worker.setTaskInfo, 0, field, value))
        said.append(without_names(worker.getTaskInfo(0, "")))
    outside = [outcome(worker.setTaskInfo, n, "status", "done") for n in (-1, 3)]
    return [said, outside]


@step
def tasks_are_written_in_turn_before_the_work(login: Login) -> Any:
    farm = login.farm(4)
    for task in range(2):
        farm.setTaskInfo(task, "percentCompleted", 100)
        farm.setTaskInfo(task, "status", "done")
    return [all_of(farm), login.worker(farm).task]


@step
def a_run_is_restarted(login: Login) -> Any:
    farm = login.farm(4)
    worker = login.worker(farm)
    for percent in (10, 100, 100):
        _ = worker.task
        worker.update(percent)
        if worker.task < 2:
            worker.done()  # the third stays computing at 100, which no restart of this kind takes
    said = [all_of(farm), outcome(farm.restart), all_of(farm)]
    odd: tuple[Any, ...] = ("junk", 1, None, "true")
    said += [outcome(farm.restart, how) for how in odd]
    resumed = login.worker(farm)
    said += [resumed.task, resumed.getTaskInfo(resumed.task, "percentCompleted")]
    return [*said, outcome(lambda: farm.restart(everything=True)), all_of(farm)]


@step
def a_task_that_waits_at_100_is_done_without_an_update(login: Login) -> Any:
    farm = login.farm(1)
    farm.setTaskInfo(0, "percentCompleted", 100)
    worker = login.worker(farm)
    return [worker.task, outcome(worker.done), worker.task, all_of(farm)]


@step
def two_workers_share_a_run(login: Login) -> Any:
    farm = login.farm(6)
    pair = [login.worker(farm), login.worker(farm)]
    taken: list[Any] = []
    while any(worker.task is not None for worker in pair):
        for worker in pair:
            taken.append(worker.task)
            worker.update(100)
            worker.done()
    return [taken, all_of(farm)]


@step
def a_deleted_run_is_gone(login: Login) -> Any:
    farm = login.farm(3)
    worker = login.worker(farm)
    _ = worker.task
    other = login.worker(farm)
    calls: list[Callable[[], Any]] = [
        farm.delete,
        farm.delete,
        farm.restart,
        lambda: farm.info(""),
        lambda: farm.percentDone,
        lambda: farm.numDone,
        lambda: farm.getTaskInfo(0, "status"),
        lambda: farm.setTaskInfo(0, "status", "done"),
        lambda: other.task,
        lambda: list(other.tasks),
        lambda: worker.update(50),
        lambda: worker.update(100),
        worker.done,
    ]
    return [[outcome(call) for call in calls], farm.numTasks, outcome(lambda: worker.task)]


@step
def a_run_travels(login: Login) -> Any:
    there = pickle.loads(pickle.dumps(login.farm(3)))
    return [all_of(there), there.token_auth.password]


@step
def a_broken_run_is_an_error(login: Login) -> Any:
    farm = login.farm(5)
    worker = login.worker(farm)
    # Not by either package: ours would not break it.
    break_run(login, farm.uuid)
    return [outcome(lambda: worker.task), outcome(worker.done), outcome(lambda: worker.task)]


def break_run(login: Login, uuid: str) -> None:
    import base64
    import urllib.request

    who = base64.b64encode(f"{login.token}:".encode()).decode()
    url = f"{login.url}runs/{uuid}/tasks/3"
    asked = urllib.request.Request(url, headers={"Authorization": f"Basic {who}"})
    with urllib.request.urlopen(asked) as reply:
        reply.read()


def main() -> None:
    login = Login(*sys.argv[1:])
    said: dict[str, Any] = {}
    for name, function in STEPS.items():
        login.runs, login.workers = [], []
        came = outcome(function, login)
        said[name] = {"came": came, "runs": login.runs, "workers": login.workers}
    print(json.dumps({"pid": os.getpid(), "steps": said}))


if __name__ == "__main__":
    main()

# pyright: strict
"""A program of somebody else's that uses every public name, to be checked as theirs would be."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, assert_type

import taskfarm_sdk as sdk
from taskfarm_sdk import Farm, Run, RunStatus, Task, TaskInfo, TaskState, Worker, logins
from taskfarm_sdk.testing import LocalServer

GONE = (sdk.RunNotFound, sdk.TaskNotFound, sdk.NotFound)
MINE = (sdk.ConfigurationError, sdk.AuthenticationError, sdk.RequestRejected)
LOOK = (sdk.OutcomeUnknown, sdk.RunBroken, sdk.UnexpectedReply)


def work(worker: Worker) -> None:
    for task in worker:
        with assert_type(task, Task):
            assert_type((task.number, task.percent_completed), tuple[int, float])
            assert_type(task.seed, int)
            task.update(50)
    assert_type(worker.claim(), Task | None)


def compute(task: Task) -> None:
    if not task.stop_requested:
        task.fail(f"no attempt {task.attempts} of {task.run_uuid}", final=True)


def draw(task: Task) -> float:
    return task.number / 2


def simulate(item: sdk.Item[dict[str, Any]]) -> float:
    assert_type((item.number, item.attempt, item.seed), tuple[int, int, int])
    return 0.0 if item.stop_requested else item.value["lr"] * 2


def inputs() -> sdk.Items[str]:
    lines = assert_type(sdk.Items.lines("files.txt"), sdk.Items[str])
    assert_type(sdk.Items.csv("sites.csv", delimiter=";")[0], dict[str, str])
    grid = assert_type(sdk.Items.grid(lr=[0.1, 0.01], seed=range(9)), sdk.Items[dict[str, Any]])
    print(simulate(sdk.Item(number=3, value=grid[3])), grid.columns, grid.digest())
    assert_type((sdk.Items.of([1, 2])[0], sdk.Items([1.5])[0]), tuple[int, float])
    return lines[:10] if len(lines) > 10 else sdk.Items.glob("data/*.nc")


def table(found: sdk.Results[float]) -> list[int]:
    for result in found:
        assert_type(result, sdk.Result[float])
        assert_type((result.value, result.took_s), tuple[float | None, float])
    assert_type((found[3].error, len(found)), tuple[BaseException | None, int])
    print(sum(found.values()), found.to_frame())
    found.to_csv("sweep.csv")
    for late in sdk.results("sweep").as_completed(poll_s=1, stop=lambda: True):
        assert_type(late, sdk.Result[Any])
    return [*found.failed, *found.missing]


def mapped(farm: Farm) -> sdk.Results[float]:
    options: sdk.MapOptions = {"workers": 4, "halt_after": 3}
    run = farm.prepare(simulate, inputs(), folder="sweep", chunk=100, pass_item=True)
    try:
        found = farm.map(draw_at, [1, 2], folder="sweep", chunk=run.num_tasks, seed=7, **options)
    except sdk.ItemsFailed as error:
        print(error.items, error.missing, error.failures[0].item)
        return sdk.join("sweep", farm=farm, **options)
    return assert_type(found, sdk.Results[float])


def draw_at(value: int) -> float:
    return value / 2


def seen(failures: tuple[sdk.TaskFailure, ...], of: type[Exception] = sdk.FunctionFailed) -> str:
    last = failures[-1]
    assert_type((last.task, last.attempt, last.type), tuple[int, int, str | None])
    return f"{of} {last.text} {last.traceback}"


def use(farm: Farm, state: TaskState = "failed") -> RunStatus:
    run = assert_type(farm.create_run(100), Run)
    assert_type((farm.runs(), farm.user, farm.login()), tuple[list[Run], str | None, str])
    assert_type(farm.get_run_and_status(run.uuid), tuple[Run, RunStatus])
    assert_type(run.watch(poll_s=0.5), Iterator[RunStatus])
    assert_type(
        (run.task_info(3).state, run.task_infos(state)), tuple[TaskState, Iterator[TaskInfo]]
    )
    assert_type((run.reset_failed(), run.reset_tasks({3, 4})), tuple[int, int])
    assert_type(run.repair(lambda done, total: print(done / total)), int)
    with run.worker(max_attempts=2) as worker:
        work(worker)
    run.work(
        compute,
        workers=2,
        threads_per_task=1,
        progress=lambda status: print(status.percent_done),
        check=False,
    )
    with ThreadPoolExecutor() as executor:
        assert_type(run.work(compute, executor=executor, journal="journal"), RunStatus)
        run.work(draw, executor=executor)
    status = assert_type(run.wait(timeout_s=1, check=True), RunStatus)
    assert_type((status.failed, status.percent_done, status.rows), tuple[int | None, float, int])
    return status


async def use_async(farm: sdk.AsyncFarm) -> list[TaskInfo]:
    async with farm:
        run = assert_type(await farm.get_run("0" * 32), sdk.AsyncRun)
        assert_type(await farm.get_run_and_status(run.uuid), tuple[sdk.AsyncRun, RunStatus])
        assert_type(run.watch(), AsyncIterator[RunStatus])
        assert_type([status.done async for status in run.watch()], list[int])
        assert_type((await run.reset_failed(), await run.reset_tasks([1])), tuple[int, int])
        assert_type(await run.repair(), int)
        return [info async for info in run.task_infos("done")]


def main() -> str:
    assert_type(logins.default_login(), logins.Login | None)
    try:
        with LocalServer() as server:
            return str(use(server.farm()))
    except (sdk.ConnectionFailed, sdk.ServerError) as error:
        return f"{error.url} {error.status}"
    except sdk.WaitTimeout as error:
        return str(assert_type(error.run_status, RunStatus | None))
    except (sdk.TasksFailed, sdk.TooManyFailures) as error:
        return seen(error.failures)
    except (*GONE, *MINE, *LOOK) as error:
        return str(assert_type(error.detail, str | None))
    except sdk.TaskfarmError:
        return sdk.__version__

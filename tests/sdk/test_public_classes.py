"""What `dir()` shows of a public class is its documented API, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import is_typeddict

import pytest

import taskfarm_sdk
from taskfarm_sdk import (
    AsyncFarm,
    AsyncRun,
    Farm,
    Item,
    Items,
    Result,
    Results,
    Run,
    RunStatus,
    Task,
    TaskFailure,
    TaskInfo,
    Worker,
)
from taskfarm_sdk.charts import Cell, Chart, Row, Timeline
from taskfarm_sdk.logins import Login

RUN = (
    "delete id num_tasks num_tasks_text repair reset reset_all reset_failed reset_tasks status "
    "task_info task_infos uuid wait watch"
)
PUBLIC: dict[type, str] = {
    Cell: "computing done failed first num_tasks percent unknown waiting",
    Chart: "html sentence svg title",
    Row: "busy name",
    Timeline: "add add_all add_span amounts begin_s end_s width_s",
    Farm: (
        "close create_run credentials_from get_run get_run_and_status login map prepare runs url "
        "user"
    ),
    AsyncFarm: "close create_run credentials_from get_run get_run_and_status login runs url user",
    Item: "attempt number seed stop_requested value",
    Items: "columns count csv digest glob grid index lines of",
    Result: "attempts error item number took_s value",
    Results: "as_completed failed missing run_uuid server_url to_csv to_frame values",
    Run: f"{RUN} work worker",
    AsyncRun: RUN,
    RunStatus: "computing done failed finished num_tasks percent_done rows succeeded waiting",
    Task: "attempts complete fail number percent_completed release run_uuid seed settled "
    "started_at stop_requested update",
    TaskFailure: "attempt item task text traceback type",
    TaskInfo: "attempts number percent_completed state",
    Worker: "claim close run_uuid stop stopping uuid",
    Login: "default host place token url usable_here user",
}


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
def test_a_public_class_shows_what_is_documented(kind: type) -> None:
    shown = {name for name in dir(kind) if not name.startswith("_")}
    assert shown == set(PUBLIC[kind].split())


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
def test_each_public_member_is_documented(kind: type) -> None:
    members = {name: inspect.getattr_static(kind, name) for name in PUBLIC[kind].split()}
    functions = {
        name: member
        for name, member in members.items()
        if callable(member) or isinstance(member, property)
    }
    assert not [name for name, member in functions.items() if not member.__doc__]
    # Plain data stands in the class's own docstring.
    data = set(members) - set(functions)
    assert not [name for name in data if not re.search(rf"\b{name}:", kind.__doc__ or "")]


def test_no_public_class_is_left_out() -> None:
    exported = {getattr(taskfarm_sdk, name) for name in taskfarm_sdk.__all__}
    classes = {
        value
        for value in exported
        if isinstance(value, type)
        and not issubclass(value, BaseException)
        and not is_typeddict(value)
    }
    assert classes <= set(PUBLIC)


def test_no_docstring_speaks_of_who_calls_it_inside() -> None:
    package = Path(taskfarm_sdk.__file__).parent
    found = [
        path.name
        for path in package.rglob("*.py")
        if re.search(r"\bFor `(Dispatcher|Worker|Task|SlotTurn)`", path.read_text(encoding="utf-8"))
    ]
    assert found == []

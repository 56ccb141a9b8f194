"""Any argument of a public call is taken, or refused by an error of the SDK before a request.

`make fuzz` tries more and other arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from taskfarm_sdk import ConfigurationError, TaskfarmError, _validation
from taskfarm_sdk._results import claim as claims
from taskfarm_sdk._text import MOST_SHOWN, shown
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.execution.children import pool
from taskfarm_sdk.execution.mapping import trial
from tests.support.counted import COUNTED
from tests.support.fuzzing import budget, refusals, scene
from tests.support.fuzzing.charting import CHARTS
from tests.support.fuzzing.odd_arguments import Unshowable, replaced
from tests.support.fuzzing.refusals import WORDS
from tests.support.fuzzing.scene import Acted, act
from tests.support.fuzzing.target import Target
from tests.support.fuzzing.targets import TARGETS
from tests.support.secrecy import PASSWORD, told_by

pytestmark = pytest.mark.long

# Python writes no integer of more than 4,300 digits, and so pytest cannot either.
LONG = pytest.param(10**5_000, id="5,000 digits")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let calls end where they would send, compute, or take a folder for a run."""
    monkeypatch.setattr(pool, "Pool", act)
    monkeypatch.setattr(trial, "size_by_trial", act)
    monkeypatch.setattr(claims, "take", act)
    with scene.stubbed(tmp_path / "scene"):
        yield tmp_path  # which all files are in


# What a function raises that is given for one of these is its own, as where `len` takes none of it.
CALLED = ("matches", "stop")


@attrs.define
class Caller:
    """Makes the calls of a target, one after the other, and cleans up after each.

    Attributes:
        target: the target.
        place: the folder that all files are in.
    """

    target: Target
    place: Path
    _before: frozenset[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = scene.files(self.place)

    def faults(self, odd: Mapping[str, object]) -> list[str]:
        """Return what is wrong with how a call ends."""
        given = {**self.target.right(), **odd}
        try:
            return list(self._faults(given, odd))
        finally:
            scene.restore(self._before, scene.files(self.place))

    def _faults(self, given: Mapping[str, object], odd: Mapping[str, object]) -> Iterator[str]:
        acted_before = scene.times_acted()
        documented: tuple[type[Exception], ...] = (TaskfarmError, *self.target.also)
        try:
            self.target.call(**given)
        except Acted:
            return
        except documented as error:
            yield from refusals.faults_of(error, odd, WORDS)
            if scene.times_acted() > acted_before:
                yield "acts before it refuses"
            left = scene.files(self.place) - self._before
            if left and not self.target.makes_files:
                yield f"leaves {', '.join(sorted(left))}"
        except TypeError:
            if not any(callable(odd.get(name)) for name in CALLED):
                raise


@pytest.mark.parametrize("name", TARGETS)
def test_any_argument_is_taken_or_refused(
    name: str, record_property: Callable[[str, object], None], place: Path
) -> None:
    target = TARGETS[name]
    names = sorted(target.right())
    share = budget.share("arguments", len(names), ALL_ARGUMENTS)
    caller = Caller(target, place)

    def case(odd: dict[str, object]) -> None:
        assert caller.faults(odd) == []

    count = budget.tried(share, replaced(names, target.more), case)
    record_property(COUNTED, ("fuzz cases", count))
    assert count >= share.cases


ALL_ARGUMENTS = sum(len(target.right()) for target in TARGETS.values())
SENDS_NOTHING = {
    *("Farm, password", "Farm, token", "AsyncFarm, password", "AsyncFarm, token"),
    *("Task.update", "Task.fail", "LocalServer"),
    *("Items", "Items.of", "Items.lines", "Items.csv", "Items.glob", "Items.grid", "Items[…]"),
    *("save_login", "find_login", "forget_login"),
    *("forget_logins", "results", "Results.as_completed", "Results.to_csv"),
    *("compat.TaskFarm.url", "compat.TaskFarmWorker.url"),
    *CHARTS,
    *("server.Database", "server.Database.sqlite", "server.Database.postgresql", "server.Secrets"),
    *("server.ServerSettings", "server.check_user", "server.check_password", "server.port_of"),
    *("server.DataFolder", "server.DataFolder.password_file", "server.DataFolder.secrets"),
    "server.DataFolder.record",
}


@pytest.mark.parametrize("name", TARGETS)
def test_right_arguments_reach_the_request(name: str) -> None:
    target = TARGETS[name]
    if name in SENDS_NOTHING:
        target.call(**target.right())
    else:
        with pytest.raises(Acted):
            target.call(**target.right())


def test_the_budgets_are_5000_cases() -> None:
    single = [
        budget.share(name, wanted=None).cases for name in budget.PERCENT if name != "arguments"
    ]
    each = [
        budget.share("arguments", len(target.right()), ALL_ARGUMENTS, wanted=None).cases
        for target in TARGETS.values()
    ]
    assert sum(budget.PERCENT.values()) == 100
    assert budget.CASES <= sum(single) + sum(each) <= budget.CASES + len(TARGETS)


@pytest.mark.parametrize(
    "value", [10**400, LONG, "50", None, 1 + 2j, Decimal("sNaN"), [], Unshowable()]
)
def test_what_is_no_number_is_refused_as_a_percentage_and_as_seconds(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a number from 0 to 100"):
        _validation.percentage(value)
    with pytest.raises(ConfigurationError, match="timeout_s must be a number of seconds"):
        _validation.seconds("timeout_s", value, endless=True)


@pytest.mark.parametrize("value", [LONG, Unshowable(), "x" * 10_000, "a\nb\x1b[2J"])
def test_a_wrong_argument_is_shown_in_a_short_line(value: object) -> None:
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= MOST_SHOWN + 1


def test_endless_seconds_are_taken_where_they_are_allowed() -> None:
    assert _validation.seconds("timeout_s", math.inf, endless=True) == math.inf


@pytest.mark.parametrize("value", [5, None, b"folder", ["folder"], "a\0b", "\ud800", Path("a\0b")])
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="the results folder"):
        _validation.file_name("the results folder", value)


@pytest.mark.parametrize("name", ["url", "user", "password", "token"])
def test_a_credential_that_is_no_text_is_refused_and_not_shown(name: str) -> None:
    target = TARGETS["Farm, token" if name == "token" else "Farm, password"]
    with pytest.raises(ConfigurationError, match=r"must be a text \(str\), not a bytes") as caught:
        target.call(**{**target.right(), name: scene.SECRETS[0].encode()})
    assert scene.SECRETS[0] not in told_by(caught.value)


@pytest.mark.parametrize(
    ("name", "odd", "said"),
    [
        ("Farm.create_run", {"num_tasks": 10**5_000}, "must be an integer from 1"),
        ("Farm.get_run", {"uuid": 5}, "invalid run UUID 5"),
        ("Farm.map", {"seed": 10**5_000}, "at most 1024 bits"),
        ("Farm.map", {"items": range(10**30)}, "too many items"),
        ("Farm.map", {"items": 10**5_000}, "items must be a sequence"),
        ("Farm.map", {"name": 5}, "the name must be a text"),
        ("Farm.map", {"journal": "a\0b"}, "the folder of the journal"),
        ("Run.reset_tasks", {"numbers": 3}, "in a list, not 3"),
        ("Run.repair", {"progress": 3}, "progress is a function"),
        ("Run.work", {"journal": 5}, "the folder of the journal"),
        ("Items.grid", {"x": range(10**30)}, "more than 9,223,372,036,854,775,807 values"),
        ("Items.grid", {"x": 10**5_000}, "needs a list or a range"),
        ("Items.csv", {"delimiter": 5}, "must be one character"),
        ("Items.lines", {"path": "a\0b"}, "the file of items"),
        ("save_login", {"token": 5}, r"token must be a text"),
        ("results", {"folder": "x" * 10_000}, "File name too long"),
        ("LocalServer", {"database_url": 5}, "database URL must be a text"),
        ("LocalServer", {"python": 5}, "python must be a path"),
        ("LocalServer", {"python": "a\0b"}, "python contains a character that no path can"),
        ("Task.fail", {"reason": 5}, "reason must be a text"),
        ("Task.fail", {"exit_status": "3"}, "exit_status must be an integer"),
        ("Task.fail", {"exit_status": 10**5_000}, "exit_status must be an integer"),
        ("Task.fail", {"final": "no"}, "final must be True or False"),
        ("Run.watch", {"progress": 3}, "progress must be True or False"),
        ("AsyncRun.watch", {"progress": "no"}, "progress must be True or False"),
        ("Run.wait", {"check": "False"}, "check must be True or False"),
        ("AsyncRun.wait", {"check": None}, "check must be True or False"),
        ("Run.work", {"check": 1}, "check must be True or False"),
        ("Run.worker", {"linger": 0}, "linger must be True or False"),
        ("Farm.map", {"retry_failed": "no"}, "retry_failed must be True or False"),
        ("Farm.map", {"pass_item": 1}, "pass_item must be True or False"),
        ("save_login", {"replace_default": "no"}, "replace_default must be True or False"),
        ("Run.watch", {"poll_s": 1e10}, "poll_s must be at most 1,000,000,000 seconds"),
        ("Run.worker", {"retry_delay_s": 1e308}, "retry_delay_s must be at most 1,000,000,000"),
        ("Run.worker", {"fleet_size": 10**400}, "fleet_size must be at most"),
        ("Run.worker", {"unleased_after_s": "x" * 10_000}, "unleased_after_s must be a number"),
        ("Run.worker", {"journal": ""}, "must be a path, not an empty text"),
        ("join", {"farm": 5}, "farm must be a Farm"),
        ("forget_logins", {"matches": 5}, "matches must be a function"),
        ("Results.as_completed", {"stop": 5}, "stop must be a function"),
        ("Results.to_csv", {"path": 5}, "path must be a path"),
        ("server.Database", {"path": "farm.db"}, "path must be Path"),
        ("server.Database.sqlite", {"path": 5}, "the database's path must be a path"),
        ("server.Secrets", {"key": b"key"}, "the key must be a text"),
        ("server.Secrets", {"key_file": Unshowable()}, "key_file must be Path"),
        ("server.ServerSettings", {"database": "farm.db"}, "database must be Database"),
        ("server.ServerSettings", {"one_key": "no"}, "one_key must be True or False"),
        ("server.check_password", {"password": PASSWORD}, r"give Hidden\(password\)"),
        ("server.bind", {"host": None}, "the host must be a text"),
        ("server.bind", {"host": "a\0b"}, "unknown host"),
        ("server.bind", {"port": 70_000}, "port must be an integer from 0 to 65535"),
        ("server.listen", {"port": "5000"}, "port must be an integer from 0 to 65535"),
        ("server.port_of", {"listener": 5}, "listener must be socket"),
        ("server.DataFolder.password_file", {"user": "\udcff"}, "no file can be named after user"),
        ("server.DataFolder.record", {"facts": {1: 2}}, "facts must be texts by name"),
        ("server.ServerProcess", {"listeners": [5]}, "listeners must be sockets"),
        ("server.ServerProcess", {"hold": ["5"]}, "hold must be file descriptors"),
        ("server.ServerProcess.wait_ready", {"timeout_s": "5"}, "timeout_s must be a number"),
        ("server.ServerProcess.stop", {"grace_s": math.inf}, "grace_s must be a number"),
        ("server.Administration", {"folder": "data"}, "folder must be DataFolder"),
        ("server.Administration.remove_user", {"name": 5}, "the user must be a text"),
    ],
)
def test_an_odd_argument_is_refused_by_name(name: str, odd: dict[str, object], said: str) -> None:
    target = TARGETS[name]
    with pytest.raises(ConfigurationError, match=said):
        target.call(**{**target.right(), **odd})


def test_a_decimal_is_taken_for_any_time_of_a_worker() -> None:
    target, given = TARGETS["Run.work"], Decimal("1.5")
    times = dict.fromkeys(["report_every_s", "first_beat_s", "retry_delay_s", "grace_s"], given)
    with pytest.raises(Acted):
        target.call(**{**target.right(), **times, "linger_s": given, "give_up_after_s": given})
    options = WorkerOptions(**times, heartbeat_s=given, stale_after_s=Decimal(6))  # type: ignore[arg-type]
    assert {type(getattr(options, name)) for name in (*times, "heartbeat_s", "stale_after_s")} == {
        float
    }


@pytest.mark.parametrize("index", ["1", 1.0, int, None])
def test_an_index_of_items_that_is_no_integer_is_refused_by_name(index: object) -> None:
    with pytest.raises(TypeError, match="index must be an integer or a slice"):
        TARGETS["Items[…]"].call(index=index)


@pytest.mark.parametrize(
    ("folder", "said"),
    [("a\x1b[2J\u202e", r"a\\x1b\[2J\\u202e"), ("x" * 10_000, "File name too long")],
    ids=["controls", "10,000 characters"],
)
def test_a_folder_in_an_error_is_printable_and_has_an_end(folder: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        TARGETS["results"].call(folder=folder)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= refusals.LONGEST


def test_an_index_too_large_to_be_written_is_refused() -> None:
    with pytest.raises(IndexError, match="there is no item <int that cannot be shown>"):
        TARGETS["Items[…]"].call(index=10**5_000)


@pytest.mark.parametrize(
    ("name", "odd", "said"),
    [
        ("compat.TaskFarm, numTasks", {"numTasks": 10**400}, "numTasks must be an integer from 0"),
        ("compat.TaskFarm, numTasks", {"numTasks": 10**5_000}, "numTasks must be an integer"),
        ("compat.TaskFarm, numTasks", {"numTasks": [1]}, "numTasks must be an integer from 0"),
        ("compat.TaskFarmWorker.update", {"percentage": 10**400}, "out of range: use 0 to 100"),
        ("compat.TaskFarm, numTasks", {"numTasks": b"3"}, "numTasks must be an integer from 0"),
        ("compat.TaskFarm.setTaskInfo", {"value": math.nan}, "the value nan cannot be sent"),
    ],
    ids=["401 digits", "5,001 digits", "a list", "a percentage of 401 digits", "bytes", "NaN"],
)
def test_a_number_that_taskfarm_worker_would_not_take_is_a_value_error(
    name: str, odd: dict[str, object], said: str
) -> None:
    target = TARGETS[name]
    with pytest.raises(ValueError, match=said):
        target.call(**{**target.right(), **odd})


@pytest.mark.parametrize(
    ("name", "odd", "said"),
    [
        ("compat.TaskFarm.getTaskInfo", {"task": Decimal("NaN")}, "task must be an integer"),
        ("compat.TaskFarm.getTaskInfo", {"task": "1"}, "task must be an integer, not '1'"),
        ("compat.TaskFarm.setTaskInfo", {"task": 1.5}, "task must be an integer, not 1.5"),
        ("compat.TaskFarm.setTaskInfo", {"value": {1}}, r"the value \{1\} cannot be sent"),
        ("compat.TaskFarm.url", {"url": 5}, r"url must be a text \(str\)"),
        ("compat.TaskFarmWorker.update", {"percentage": b"50"}, "percentage must be a number"),
    ],
)
def test_what_taskfarm_worker_cannot_use_is_a_type_error_that_names_it(
    name: str, odd: dict[str, object], said: str
) -> None:
    target = TARGETS[name]
    with pytest.raises(TypeError, match=said):
        target.call(**{**target.right(), **odd})


@pytest.mark.parametrize(
    ("name", "odd", "said"),
    [
        ("compat.TaskFarm.restart", {"everything": Unshowable()}, "everything '<Unshowable that"),
        ("compat.TaskFarm.getTaskInfo", {"task": 10**5_000}, "task ID <int that cannot be shown>"),
        ("compat.TaskFarm.info", {"info": "x" * 10_000}, "info 'xxx.*… is invalid"),
        ("compat.TaskFarm, uuid", {"uuid": Unshowable()}, "invalid run UUID '<Unshow"),
    ],
)
def test_what_cannot_be_shown_is_a_short_runtime_error(
    name: str, odd: dict[str, object], said: str
) -> None:
    target = TARGETS[name]
    with pytest.raises(RuntimeError, match=said) as caught:
        target.call(**{**target.right(), **odd})
    assert len(str(caught.value)) <= refusals.LONGEST

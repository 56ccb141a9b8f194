"""Names of runs: which run a person means."""

from __future__ import annotations

from typing import Any, cast

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.common.run_name import NotedRunGone, RunName
from taskfarm_sdk import Farm, Run, RunNotFound

FIRST = "7ce1105e5f2b471a829dc9aef6bcfdb0"
TWIN = "7ce1105e00000000000000000000000b"
DIGITS = "12345678900000000000000000000000"
GONE = "0" * 32
OTHER_URL = "http://other.test/api/"


class ThreeRuns:
    """Stands in for a farm, and counts what it is asked."""

    url = "http://farm.test/api/"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.patience: list[float | None] = []

    def runs(self, *, give_up_after_s: float | None = None) -> list[Run]:
        self.patience.append(give_up_after_s)
        self.asked.append("runs")
        ids = {FIRST: 1, TWIN: 123456, DIGITS: 7}
        return [Run(cast("Any", None), uuid, number, 5, "5") for uuid, number in ids.items()]

    def get_run(self, uuid: str, *, give_up_after_s: float | None = None) -> Run:
        self.patience.append(give_up_after_s)
        self.asked.append(uuid)
        if uuid == GONE:
            raise RunNotFound(f"there is no run {uuid}")
        return Run(cast("Any", None), uuid, 1, 5, "5")


def name(uuid: str, called: str | None, url: str = ThreeRuns.url) -> None:
    """Note that a run was created here, with a name or none."""
    run_files.write_note(
        RunNote(run=uuid, url=url, num_tasks=5, items=5, chunk=1, name=called, folder="")
    )


def find(text: str, *, whole: bool = False) -> Run:
    return RunName(text, whole=whole).find(cast("Farm", ThreeRuns()))


@pytest.mark.parametrize(
    "text", [FIRST, FIRST.upper(), f" {FIRST} ", f"{FIRST[:8]}-{FIRST[8:]}"], ids=repr
)
def test_a_whole_uuid_is_asked_for_alone(text: str) -> None:
    farm = ThreeRuns()
    RunName(text, whole=True).find(cast("Farm", farm))
    assert farm.asked == [FIRST]


@pytest.mark.parametrize("text", [FIRST, FIRST[:9]])
def test_a_run_is_looked_for_as_long_as_asked(text: str) -> None:
    farm = ThreeRuns()
    RunName(text, whole=False).find(cast("Farm", farm), 3.0)
    assert farm.patience == [3.0]


@pytest.mark.parametrize("text", ["7ce1105e5", "7CE1105E-5f2b", FIRST[:31], "123456789"])
def test_a_beginning_names_the_one_run_that_has_it(text: str) -> None:
    assert find(text).uuid in (FIRST, DIGITS)


def test_a_beginning_goes_before_an_id_of_the_same_digits() -> None:
    assert find("123456").uuid == DIGITS


def test_two_runs_of_the_same_beginning_are_named() -> None:
    with pytest.raises(UsageError, match=f"2 runs .*{FIRST}, {TWIN}"):
        find("7ce1105e")


@pytest.mark.parametrize("whole", [False, True], ids=["reading", "changing"])
@pytest.mark.parametrize(("text", "uuid"), [("1", FIRST), ("7", DIGITS)])
def test_an_id_is_answered_with_its_uuid(text: str, uuid: str, whole: bool) -> None:
    with pytest.raises(UsageError, match=uuid):
        find(text, whole=whole)


def test_the_id_of_six_digits_does_not_name_a_run_to_change() -> None:
    with pytest.raises(UsageError, match=TWIN):
        find("123456", whole=True)


@pytest.mark.parametrize("text", ["2", "99999", "9999999", "abcdef"])
def test_what_no_run_has_ends_with_no_such_run(text: str) -> None:
    with pytest.raises(CommandError, match=f"{text} at http://farm.test/api/") as caught:
        find(text)
    assert caught.value.status is ExitStatus.NO_SUCH_RUN


@pytest.mark.parametrize(
    ("text", "whole", "told"),
    [
        ("abcde", False, "at least the first 6"),
        ("1234-", False, "at least the first 6"),
        ("run-1", False, "not a run UUID"),
        ("\u06f7" * 6, False, "not a run UUID"),
        ("12 34 56", False, "not a run UUID"),
        (FIRST + "0", False, "not a run UUID"),
        (FIRST[:31], True, "the whole run UUID is required"),
        ("--", True, "not a run UUID"),
    ],
)
def test_what_can_name_no_run_is_refused_before_anything_is_asked(
    text: str, whole: bool, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        RunName(text, whole=whole)


@pytest.mark.parametrize("whole", [False, True], ids=["reading", "changing"])
def test_a_name_means_its_run_with_one_request(whole: bool) -> None:
    name(FIRST, "sweep")
    name(TWIN, "sweep-2")
    farm = ThreeRuns()
    assert RunName(" sweep ", whole=whole).find(cast("Farm", farm)).uuid == FIRST
    assert farm.asked == [FIRST]


def test_the_beginning_of_a_name_is_enough_only_for_reading() -> None:
    name(FIRST, "sweep-1")
    assert find("swe").uuid == FIRST
    with pytest.raises(UsageError, match="the whole name is required .* beginning of sweep-1"):
        RunName("swe", whole=True)


@pytest.mark.parametrize("called", [("sweep-1", "sweep-2"), ("sweep", "sweep")], ids=repr)
def test_several_runs_of_a_name_are_named(called: tuple[str, str]) -> None:
    name(FIRST, called[0])
    name(TWIN, called[1])
    with pytest.raises(UsageError) as caught:
        find("sweep")
    assert f"{FIRST} ({called[0]})" in str(caught.value)
    assert f"{TWIN} ({called[1]})" in str(caught.value)


def test_a_name_that_two_runs_have_changes_neither() -> None:
    name(FIRST, "sweep")
    name(TWIN, "sweep")
    with pytest.raises(UsageError, match="2 runs"):
        find("sweep", whole=True)


def test_a_name_of_another_server_is_asked_for_there() -> None:
    name(FIRST, "sweep", OTHER_URL)
    farm = ThreeRuns()
    with pytest.raises(UsageError, match=f"give -b {OTHER_URL}"):
        RunName("sweep", whole=False).find(cast("Farm", farm))
    assert farm.asked == []


def test_of_two_servers_each_has_its_run_of_a_name() -> None:
    name(TWIN, "sweep", OTHER_URL)
    name(FIRST, "sweep")
    assert find("sweep").uuid == FIRST


def test_a_name_that_no_run_has_is_refused_before_anything_is_asked() -> None:
    name(FIRST, "sweep")
    with pytest.raises(UsageError, match="no run that was created here has this name: 'sweeps'"):
        RunName("sweeps", whole=False)


def test_a_uuid_is_never_taken_for_a_name() -> None:
    name(TWIN, "decade-x")
    with pytest.raises(CommandError, match="no run whose UUID begins with decade"):
        find("decade")


@pytest.mark.parametrize(("called", "text"), [("sweep", "sweep"), (None, GONE)], ids=repr)
def test_a_run_of_here_that_is_gone_is_said_to_be_with_what_helps(
    called: str | None, text: str
) -> None:
    name(GONE, called)
    with pytest.raises(NotedRunGone) as caught:
        find(text)
    assert caught.value.status is ExitStatus.NO_SUCH_RUN
    assert caught.value.uuid == GONE
    said = str(caught.value)
    assert said.startswith(f"run {GONE}{'' if called is None else f' ({called})'}, created here on")
    assert f"not known at {ThreeRuns.url}: it was deleted, or another server" in said
    assert f"`manageTF -b {ThreeRuns.url} --delete {GONE}` removes what is noted" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sweep", f"'sweep' names run {GONE} at .* of the machine host-a.*give the UUID"),
        (GONE, f"no run {GONE} at .* of this machine: .* on the machine host-a"),
    ],
)
def test_a_run_of_another_machine_s_localhost_is_not_looked_for_here_nor_forgotten(
    text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://localhost:5000/api/"
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    name(GONE, "sweep", url)
    monkeypatch.setattr(ThreeRuns, "url", url)
    with pytest.raises(NotedRunGone):
        find(text)
    monkeypatch.setattr("socket.gethostname", lambda: "host-b")
    with pytest.raises(CommandError, match=told) as caught:
        find(text)
    assert not isinstance(caught.value, NotedRunGone)


def test_a_uuid_of_a_run_of_another_server_is_answered_with_that_server() -> None:
    name(GONE, None, OTHER_URL)
    with pytest.raises(CommandError, match=f"so give -b {OTHER_URL}") as caught:
        find(GONE)
    assert caught.value.status is ExitStatus.NO_SUCH_RUN
    assert not isinstance(caught.value, NotedRunGone)


def test_a_run_that_was_not_created_here_is_just_not_there() -> None:
    with pytest.raises(RunNotFound):
        find(GONE)

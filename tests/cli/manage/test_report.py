"""`manageTF --report` on the real server: runs with a journal, with results, and with neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.manage import report
from taskfarm_cli.manage.arguments import parse
from taskfarm_cli.work.main import main as work
from taskfarm_sdk import Farm, ItemsFailed, Run, TasksFailed
from taskfarm_sdk.testing import LocalServer
from tests.support.manage_tf import Manage
from tests.support.maps import HASTY
from tests.support.markup import assert_self_contained

pytestmark = [pytest.mark.live, pytest.mark.long]


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    server = taskfarm_server
    with Farm(server.url, user=server.user, password=server.password) as farm:
        yield farm


@pytest.fixture
def manage(
    taskfarm_server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Manage:
    """Runs manageTF in this process, with the credentials of the tests' server."""
    monkeypatch.setenv("TASKFARM_URL", taskfarm_server.url)
    monkeypatch.setenv("TASKFARM_USER", taskfarm_server.user)
    monkeypatch.setenv("TASKFARM_PASSWORD", taskfarm_server.password)
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return Manage(capsys)


def compute(run: Run, journal: str) -> None:
    """Complete the tasks of a run but for task 2, which fails for good at once."""
    with run.worker(journal=journal) as worker:
        for task in worker:
            if task.number == 2:
                task.fail("<b>no</b>: 2 is even", final=True)
            else:
                task.complete()


def text_of(name: str) -> str:
    return assert_self_contained(Path(name).read_text(encoding="utf-8")).text


def test_the_report_of_a_run_with_a_journal(manage: Manage, farm: Farm) -> None:
    run = farm.create_run(6)
    compute(run, "journal")
    outcome = manage.fine("--report", "out.html", run.uuid, "--journal", "journal")
    assert outcome.out == ""
    text = text_of("out.html")
    assert f"Run {run.uuid}" in text
    assert f"Server: {farm.url}" in text
    assert "Of 6 tasks, 6 are done (1 of them failed), 0 computing and 0 waiting." in text
    assert "Of 6 tasks: 1 failed, 5 done. Failed ones are in: 2." in text
    assert "<b>no</b>: 2 is even" in text
    assert "The journal holds 6 attempts of this run." in text


def test_without_a_journal_it_says_what_the_server_tells_and_what_is_missing(
    manage: Manage, farm: Farm
) -> None:
    run = farm.create_run(6)
    manage.fine("--report", "out.html", run.uuid[:10])
    text = text_of("out.html")
    assert "Of 6 tasks, 0 are done (an unknown number of them failed)" in text
    assert "This report has no journal" in text
    assert "manageTF --report OUT --journal DIR UUID" in text


def test_each_task_is_read_only_if_that_is_asked_for(
    manage: Manage, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = farm.create_run(6)
    compute(run, "journal")
    monkeypatch.setattr(report, "_MANY_REQUESTS", 5)
    outcome = manage("--report", "out.html", run.uuid, "--read-tasks")
    assert outcome.status == 0
    assert outcome.error == "reading 6 tasks, with one request for each"
    assert "Of 6 tasks: 1 failed, 5 done. Failed ones are in: 2." in text_of("out.html")
    monkeypatch.setattr(Run, "task_infos", None)
    manage.fine("--report", "out.html", run.uuid)
    manage.fine("--report", "out.html", run.uuid, "--journal", "journal")


def test_the_journal_of_another_run_tells_nothing_and_that_is_said(
    manage: Manage, farm: Farm
) -> None:
    run, other = farm.create_run(3), farm.create_run(3)
    compute(run, "journal")
    outcome = manage("--report", "out.html", other.uuid, "--journal", "journal")
    assert outcome.status == 0
    assert outcome.error == f"journal holds no attempt at a task of run {other.uuid}"
    assert "3 lines of other runs were left out." in text_of("out.html")


def half(value: int) -> float:
    """Return the half of an even number."""
    if value % 2:
        raise ValueError(f"<i>{value}</i> is odd")
    return value / 2


def test_the_report_of_a_mapping_with_its_results(manage: Manage, farm: Farm) -> None:
    with pytest.raises(ItemsFailed):
        farm.map(half, [0, 2, 3, 4], folder="sweep", workers=1, max_attempts=1, **HASTY)
    order = json.loads(Path("sweep/order.json").read_text())
    manage.fine("--report", "out.html", order["run_uuid"], "--results", "sweep")
    text = text_of("out.html")
    assert "Of 4 items, 3 succeeded, 1 failed and 0 have no result so far." in text
    assert "ValueError: <i>3</i> is odd" in text
    assert "Slowest items" in text
    other = farm.create_run(1)
    outcome = manage("--report", "no.html", other.uuid, "--results", "sweep")
    assert outcome.status == 2
    assert f"holds the results of run {order['run_uuid']}, not of {other.uuid}" in outcome.error
    assert not Path("no.html").exists()


@pytest.mark.parametrize("option", ["--results", "--log"])
def test_the_report_of_commands_with_their_output(manage: Manage, farm: Farm, option: str) -> None:
    run = farm.create_run(4)
    script = "echo out; test {task} != 2 || { echo '<i>two</i>' >&2; exit 3; }"
    words = (run.uuid, option, "kept", "--max-attempts", "1", "--journal", "journal")
    assert work([*words, "--", "sh", "-c", script]) == 5
    manage.fine("--report", "out.html", run.uuid, "--results", "kept", "--journal", "journal")
    text = text_of("out.html")
    assert "Of 4 items, 3 succeeded, 1 failed and 0 have no result so far." in text
    assert "Of 4 items: 1 failed, 3 done. Failed ones are in: 2." in text
    assert "exit status 3: <i>two</i>" in text
    assert "Slowest completed attempts" in text


def test_the_run_of_a_program_is_reported_by_workers(manage: Manage, farm: Farm) -> None:
    run = farm.create_run(8)
    with pytest.raises(TasksFailed):
        run.work(fails_at_5, workers=2, journal="journal", max_attempts=2, retry_delay_s=0.05)
    manage.fine("--report", "out.html", run.uuid, "--journal", "journal")
    text = text_of("out.html")
    assert "KeyError: 5" in text
    assert "Traceback (most recent call last):" in text


def fails_at_5(task: object) -> None:
    """Fail at one of the tasks."""
    if getattr(task, "number", 0) == 5:
        raise KeyError(5)


def test_a_failure_leaves_the_file_as_it_was(manage: Manage) -> None:
    Path("out.html").write_text("old")
    assert manage("--report", "out.html", "0" * 32).status == 4
    assert Path("out.html").read_text() == "old"
    assert list(Path().glob(".*.tmp")) == []


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        (("--report", "no/out.html"), 1, "the report cannot be written to 'no/out.html'"),
        (("--report", "."), 2, "--report: '.' is a folder"),
        (("--report", ""), 2, "the name of the file is empty"),
        (("--report", "out.html", "--journal", "none"), 2, "--journal: there is no folder 'none'"),
        (("--report", "out.html", "--journal", ""), 2, "--journal: there is no folder ''"),
        (("--report", "out.html", "--results", "none"), 2, "--results: there is no folder 'none'"),
        (
            ("--report", "out.html", "--results", "."),
            2,
            "--results: '.' does not say of which run it holds results",
        ),
        (
            ("--report", "out.html", "--journal", ".", "--read-tasks"),
            2,
            "--read-tasks is only valid without --journal",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_the_server_is_asked(
    manage: Manage,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    status: int,
    error: str,
) -> None:
    # Any request would end with another status.
    monkeypatch.setenv("TASKFARM_URL", "http://127.0.0.1:9/api/")
    outcome = manage(*words, "0" * 32)
    assert (outcome.status, error in outcome.error) == (status, True), outcome.error
    assert not Path("out.html").exists()


def test_json_names_the_run(manage: Manage, farm: Farm) -> None:
    run = farm.create_run(2)
    document = manage.fine("--report", "out.html", run.uuid, "--json").document
    assert (document["mode"], document["run"]["uuid"]) == ("report", run.uuid)


@pytest.mark.parametrize("option", ["--journal=x", "--results=x", "--read-tasks"])
def test_the_options_of_the_report_are_valid_with_no_other_mode(
    manage: Manage, option: str
) -> None:
    outcome = manage("--info", "0" * 32, option)
    assert outcome.status == 2
    assert outcome.error.endswith("is only valid with --tasks and --report")
    assert parse(["--report", "x", "0" * 32, option]).mode.name == "report"

"""`--tasks --map` on a stub server: where the picture comes from, its cost, and how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.manage import task_map
from taskfarm_cli.manage.picture import Picture, lines_of
from taskfarm_sdk import _run_notes
from taskfarm_sdk._run_notes import RunNote
from taskfarm_sdk.charts import Cell
from tests.support import journals, results_folders
from tests.support.manage_tf import Manage
from tests.support.odd_numbers import UUID
from tests.support.stub_farm import StubRun, requests_at, stub_farm
from tests.support.stub_server import StubServer
from tests.support.watched import a_run

RUN, TASK = "GET runs/UUID", "GET runs/UUID/tasks/"


@pytest.fixture
def run() -> StubRun:
    """A run of 20 tasks, of which 8 are done."""
    return StubRun(num_tasks=20, waiting=12, computing=0, done=8, percent_done=40.0)


@pytest.fixture
def server(run: StubRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StubServer]:
    """Its server."""
    monkeypatch.chdir(tmp_path)
    with stub_farm(run, monkeypatch) as started:
        yield started


@pytest.fixture
def run_manage(server: StubServer, capsys: pytest.CaptureFixture[str]) -> Manage:
    """Runs manageTF in this process."""
    return Manage(capsys)


def journal(*outcomes: str, run: str = UUID) -> str:
    """Write a journal of tasks that ended so, from task 0, and return its folder."""
    lines = [
        journals.facts(task, run=run, outcome=outcome) for task, outcome in enumerate(outcomes)
    ]
    return str(journals.write(Path("journal"), *lines))


def results(num_items: int = 20) -> Path:
    """Write a results folder in which items 0 to 4 have values and item 5 failed."""
    folder = results_folders.new_folder(Path("sweep").absolute(), num_items, range(num_items))
    results_folders.write(folder, {item: item for item in range(5)})
    results_folders.write_failure(folder, 5, ValueError("no"), final=True)
    folder.close()
    return Path("sweep").absolute()


def picture_in(out: str) -> str:
    """Return the cells of a picture of a few tasks."""
    (row,) = [line for line in out.splitlines() if line.startswith(" 0 ")]
    return row.removeprefix(" 0 ")


def test_without_a_folder_each_task_is_read(run_manage: Manage, server: StubServer) -> None:
    found = run_manage.fine("--tasks", "--map", UUID)
    # The stub says of each task that it is done.
    assert picture_in(found.out) == "#" * 20
    assert found.out.startswith(f"run 1  {UUID}\nBy the server. Of 20 tasks: 20 done. Each cell: ")
    assert sum(one.startswith(TASK) for one in requests_at(server)) == 20


def test_a_journal_shows_the_tasks_with_two_requests(
    run_manage: Manage, server: StubServer
) -> None:
    ended = [*["completed"] * 7, "failed for good", "failed", "released"]
    found = run_manage.fine("--tasks", "--map", "--journal", journal(*ended), UUID)
    assert picture_in(found.out) == "#######x" + "." * 12
    assert "By the journal in journal. Of 20 tasks: 1 failed, 7 done, 12 waiting." in found.out
    assert requests_at(server) == [RUN, RUN]


def test_where_journal_and_server_disagree_other_tasks_are_unknown(run_manage: Manage) -> None:
    found = run_manage.fine("--tasks", "--map", "--journal", journal("completed"), UUID)
    assert picture_in(found.out) == "#" + "?" * 19
    assert "? unknown" in found.out


def test_after_a_reset_the_head_says_that_the_server_disagrees(run_manage: Manage) -> None:
    found = run_manage.fine("--tasks", "--map", "--journal", journal(*["completed"] * 20), UUID)
    head = " ".join(found.out.split())
    assert "By the journal 20 tasks are done or failed, and by the server 8: workers" in head
    assert "or a reset make that difference." in head
    agrees = run_manage.fine("--tasks", "--map", "--journal", journal(*["completed"] * 8), UUID)
    assert "by the server" not in agrees.out


def test_results_show_the_items_with_one_request(run_manage: Manage, server: StubServer) -> None:
    found = run_manage.fine("--tasks", "--map", "--results", str(results()), UUID)
    assert picture_in(found.out) == "#####x" + "?" * 14
    assert "Of 20 items: 1 failed, 5 done, 14 no result so far." in " ".join(found.out.split())
    assert requests_at(server) == [RUN]


def note_of(folder: Path) -> None:
    note = RunNote(
        run=UUID,
        url="http://farm.invalid/api/",
        num_tasks=20,
        items=20,
        chunk=1,
        function="f",
        results=str(folder),
    )
    assert _run_notes.write(note)


def test_the_folder_that_the_note_names_is_read_unasked(
    run_manage: Manage, server: StubServer
) -> None:
    note_of(results())
    found = run_manage.fine("--tasks", "--map", UUID)
    assert picture_in(found.out) == "#####x" + "?" * 14
    assert requests_at(server) == [RUN]
    run_manage.fine("--tasks", "--map", "--read-tasks", UUID)
    assert any(one.startswith(TASK) for one in requests_at(server))


def test_a_folder_of_the_note_that_cannot_be_opened_is_passed_over(
    run_manage: Manage, server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = results()
    note_of(folder)
    is_folder = Path.is_dir

    def refuse(path: Path) -> bool:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return is_folder(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert picture_in(run_manage.fine("--tasks", "--map", UUID).out) == "#" * 20
    assert any(asked.startswith(TASK) for asked in requests_at(server))


@pytest.mark.parametrize("what", ["gone", "another's"])
def test_a_folder_of_the_note_that_is_not_the_runs_is_passed_over(
    run_manage: Manage, server: StubServer, tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "elsewhere"
    if what == "another's":
        folder.mkdir()
    note_of(folder)
    assert picture_in(run_manage.fine("--tasks", "--map", UUID).out) == "#" * 20


def test_many_tasks_are_read_only_if_that_is_asked_for(
    run_manage: Manage, server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_map, "_MOST_UNASKED", 19)
    found = run_manage("--tasks", "--map", UUID)
    assert (found.status, found.out) == (2, "")
    assert found.error == (
        "reading 20 tasks takes a request for each: give --results or --journal, which take none, "
        "or --read-tasks to read them"
    )
    assert requests_at(server) == [RUN]
    assert picture_in(run_manage.fine("--tasks", "--map", "--read-tasks", UUID).out) == "#" * 20


@pytest.mark.parametrize("agrees", [True, False])
def test_at_a_terminal_it_asks_before_it_reads_many(
    run_manage: Manage, server: StubServer, monkeypatch: pytest.MonkeyPatch, agrees: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return agrees

    monkeypatch.setattr(task_map, "_MOST_UNASKED", 19)
    monkeypatch.setattr(task_map, "can_ask", lambda: True)
    monkeypatch.setattr(task_map, "confirm", confirm)
    found = run_manage("--tasks", "--map", UUID)
    (question,) = asked
    assert question.startswith("Reading 20 tasks takes a request for each")
    assert found.status == (0 if agrees else 1)
    assert any(one.startswith(TASK) for one in requests_at(server)) == agrees


def test_json_gives_the_blocks(run_manage: Manage) -> None:
    ended = [*["completed"] * 7, "failed for good"]
    found = run_manage.fine("--json", "--tasks", "--map", "--journal", journal(*ended), UUID)
    told = found.document
    assert (told["mode"], told["source"], told["of"]) == ("tasks", "journal", "tasks")
    assert told["run"]["uuid"] == UUID
    assert [cell["first"] for cell in told["cells"]] == list(range(20))
    assert told["cells"][7] == {
        "first": 7,
        "count": 1,
        "waiting": 0,
        "computing": 0,
        "done": 0,
        "failed": 1,
        "unknown": 0,
        "percent": 0.0,
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--map", "--journal", "none"), "--journal: there is no folder 'none'"),
        (("--map", "--results", ""), "--results: there is no folder ''"),
        (("--map", "--journal", ".", "--results", "."), "one source: give --journal or --results"),
        (("--map", "--results", ".", "--read-tasks"), "give --results or --read-tasks"),
        (("--map", "--state", "failed"), "--state is only valid without --map"),
        (("--journal", "."), "--journal is only valid with --tasks if --map is given too"),
        (("--read-tasks",), "--read-tasks is only valid with --tasks if --map is given too"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    run_manage: Manage, server: StubServer, words: tuple[str, ...], told: str
) -> None:
    found = run_manage("--tasks", *words, UUID)
    assert found.status == 2
    assert told in found.error
    assert requests_at(server) == []


def test_results_of_another_run_are_refused(run_manage: Manage, run: StubRun) -> None:
    folder = results()
    order = folder / "order.json"
    order.write_text(order.read_text().replace(UUID, "f" * 32))
    found = run_manage("--tasks", "--map", "--results", str(folder), UUID)
    assert (found.status, f"not of {UUID}" in found.error) == (2, True)


@pytest.fixture(scope="module")
def million() -> list[Cell]:
    """A million tasks in blocks of a thousand, some of which have a failed one."""
    return [
        Cell(first=first, computing=1000 - failed, failed=failed)
        for first in range(0, 1_000_000, 1000)
        for failed in [int(first % 40_000 == 0)]
    ]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_million_tasks_fit_into_24_lines(million: list[Cell], columns: int) -> None:
    folder = "/scratch/a/rather/long/folder/for/the/journal/of/a/run"
    picture = Picture("journal", folder, "task", "waiting or computing", million)
    lines = list(lines_of(a_run(1, 1_000_000), picture, columns))
    # The prompt has a line of its own.
    assert len(lines) < 24
    assert max(map(len, lines)) <= columns
    assert "".join(lines).isascii()
    legend = "x failed, one at least   0-9 computing or done in part, in tenths"
    assert legend in "\n".join(lines) or columns < len(legend)

"""An attempt at a chunk: which commands run, when it ends, and what it says; no server."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import cast

import attrs
import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.chunk import ChunkRunner
from taskfarm_cli.work.commands.faults import NotKept
from taskfarm_cli.work.commands.open_items import OpenItems
from taskfarm_cli.work.commands.output import Sink
from taskfarm_cli.work.commands.runner import CommandRunner
from taskfarm_cli.work.plan import Plan
from taskfarm_cli.work.template import Job
from taskfarm_sdk import Task
from taskfarm_sdk.execution.parts import Completed, Deadline, Failed, Outcome, Released
from tests.support.handles import NotingHandle

UUID = "0" * 32
# Chunks of ten; task 1 has the items 10 to 19, and the last one 20 to 27.
NUM_ITEMS, NUM_TASKS = 28, 3
MIDDLE, LAST = list(range(10, 20)), list(range(20, 28))


@attrs.define
class Commands:
    """Stands for the commands: each item's comes to an outcome.

    Attributes:
        outcomes: by item; the others' are successes.
        after: called after each item.
        ran: the items whose commands ran, in order.
        is_ending: whether all commands were asked to end.
    """

    outcomes: dict[int, Outcome] = attrs.field(factory=dict[int, Outcome])
    after: Callable[[int], None] = lambda _: None
    ran: list[int] = attrs.field(factory=list[int])
    is_ending: bool = False

    def run(self, task: Task, job: Job) -> Outcome:
        """Run a command."""
        assert job.task == task.number
        self.ran.append(job.item)
        self.after(job.item)
        return self.outcomes.get(job.item, Completed())


@attrs.define
class Folder:
    """Stands for the folder: it has the successes and failures of some items."""

    done: set[int]
    tried: set[int] = attrs.field(factory=set[int])
    fault: OSError | None = None

    def read_on(self) -> None:
        """Read on, unless there is a fault."""
        if self.fault is not None:
            raise self.fault

    def among(self, items: range) -> list[int]:
        """Return the open items."""
        return [item for item in items if item not in self.done]

    def failed(self, items: Collection[int]) -> set[int]:
        """Return the failed ones."""
        return self.tried.intersection(items)

    def is_kept(self, item: int) -> bool:
        """Return whether an item was done."""
        return item in self.done


@attrs.define
class Disk:
    """Stands for what keeps the output."""

    synced: int = 0
    fault: OSError | None = None

    def sync(self) -> None:
        """Have it on the disk."""
        self.synced += 1
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan for the run."""
    monkeypatch.chdir(tmp_path)
    Path("in").write_text("".join(f"{number}\n" for number in range(NUM_ITEMS)))
    words = (UUID, "--inputs", "in", "--chunk", "10", "--halt-after", "4", "--", "echo", "{}")
    return Plan.of(parse(words)).of_run(NUM_TASKS)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def deadline() -> Deadline:
    return Deadline(float("inf"), in_parts=True)


@pytest.fixture
def perform(
    plan: Plan, commands: Commands, disk: Disk, deadline: Deadline
) -> Callable[..., Outcome]:
    """Makes an attempt at a task."""

    def attempt(handle: NotingHandle, folder: Folder | None = None) -> Outcome:
        chunks = ChunkRunner(
            cast("CommandRunner", commands),
            plan,
            NUM_TASKS,
            sink=cast("Sink", disk),
            open_items=cast("OpenItems | None", folder),
            deadline=deadline,
        )
        return chunks.perform(Task(handle), 0)

    return attempt


def middle(*, attempts: int = 0, percent: float = 0.0) -> NotingHandle:
    return NotingHandle(number=1, attempts=attempts, percent=percent)


Perform = Callable[..., Outcome]


@pytest.mark.parametrize(("number", "items"), [(1, MIDDLE), (2, LAST)])
def test_the_commands_of_a_tasks_items_run_in_order(
    perform: Perform, commands: Commands, number: int, items: list[int]
) -> None:
    assert perform(NotingHandle(number=number)) == Completed()
    assert commands.ran == items


def test_a_failed_command_fails_its_item_and_the_others_still_run(
    perform: Perform, commands: Commands
) -> None:
    commands.outcomes = {
        12: Failed("exit status 3; its input: 12", exit_status=3),
        17: Failed("killed by SIGKILL", exit_status=-9),
    }
    handle = middle()
    assert perform(handle) == Failed(
        "2 of 10 items failed: 12, 17. Item 12: exit status 3; its input: 12",
        exit_status=3,
        advanced=True,
        failed_items=(12, 17),
    )
    assert commands.ran == MIDDLE
    # Without a folder, what follows the first failed item is computed again.
    assert handle.percent == 20.0


def test_the_next_attempt_begins_at_the_first_failed_item(
    perform: Perform, commands: Commands
) -> None:
    assert perform(middle(attempts=1, percent=20.0)) == Completed()
    assert commands.ran == MIDDLE[2:]


def test_with_a_folder_only_the_open_items_run_those_that_failed_last(
    perform: Perform, commands: Commands
) -> None:
    folder = Folder(done={10, 11, 14}, tried={12})
    assert perform(middle(percent=99.0), folder) == Completed()
    assert commands.ran == [13, 15, 16, 17, 18, 19, 12]


def test_what_may_have_ended_an_earlier_attempt_comes_last(
    perform: Perform, commands: Commands
) -> None:
    assert perform(middle(attempts=1), Folder(done={10})) == Completed()
    assert commands.ran == [*range(12, 20), 11]


def test_a_chunk_that_the_folder_has_whole_runs_nothing(
    perform: Perform, commands: Commands
) -> None:
    assert perform(middle(), Folder(done=set(MIDDLE))) == Completed()
    assert commands.ran == []


def test_between_two_items_it_ends_when_the_worker_is_to_stop(
    perform: Perform, commands: Commands
) -> None:
    handle = middle()

    def stop(item: int) -> None:
        handle.stop_requested = item == 13

    commands.after = stop
    assert perform(handle) == Released()
    assert (commands.ran, handle.percent) == ([10, 11, 12, 13], 40.0)


def test_between_two_items_it_ends_when_all_commands_are_to_end(
    perform: Perform, commands: Commands
) -> None:
    def end(item: int) -> None:
        commands.is_ending = item == 13

    commands.after = end
    assert perform(middle()) == Released()
    assert commands.ran == [10, 11, 12, 13]


def test_after_the_last_item_it_is_done_also_when_the_worker_is_to_stop(
    perform: Perform, commands: Commands
) -> None:
    def end(item: int) -> None:
        commands.is_ending = item == 19

    commands.after = end
    assert perform(middle()) == Completed()


def test_an_item_that_is_given_back_gives_the_chunk_back(
    perform: Perform, commands: Commands
) -> None:
    shortage = Released("'echo' cannot be started (Cannot allocate memory)", 5.0)
    commands.outcomes = {13: shortage}
    handle = middle()
    assert perform(handle) == shortage
    assert handle.percent == 30.0


def test_items_that_would_not_be_done_in_time_are_left(plan: Plan, commands: Commands) -> None:
    now = 0.0

    def take_10_s(_: int) -> None:
        nonlocal now
        now += 10

    deadline = Deadline(45.0, lambda: now, in_parts=True)
    deadline.took_part(10.0)
    commands.after = take_10_s
    chunks = ChunkRunner(
        cast("CommandRunner", commands),
        plan,
        NUM_TASKS,
        sink=cast("Sink", Disk()),
        open_items=None,
        deadline=deadline,
    )
    handle = middle()
    assert chunks.perform(Task(handle), 0) == Released()
    assert (commands.ran, handle.percent) == ([10, 11, 12, 13], 40.0)


def test_a_chunk_of_which_nothing_succeeds_ends_early(perform: Perform, commands: Commands) -> None:
    commands.outcomes = dict.fromkeys(MIDDLE, Failed("exit status 3", exit_status=3))
    outcome = perform(middle())
    assert isinstance(outcome, Failed)
    assert outcome.reason == (
        "4 of 10 items failed: 10, 11, 12, 13; 6 more were not tried, because none succeeded. "
        "Item 10: exit status 3"
    )
    assert (commands.ran, outcome.advanced) == ([10, 11, 12, 13], False)


def test_a_chunk_with_a_success_from_before_does_not_end_early(
    perform: Perform, commands: Commands
) -> None:
    commands.outcomes = dict.fromkeys(MIDDLE, Failed("exit status 3", exit_status=3))
    outcome = perform(middle(), Folder(done={19}))
    assert isinstance(outcome, Failed)
    assert (len(commands.ran), outcome.advanced) == (9, True)


def test_output_that_cannot_be_kept_ends_the_attempt_and_names_the_folder(
    perform: Perform, commands: Commands
) -> None:
    lost = NotKept("its output could not be kept (logs/a.log: No space left on device)")
    commands.outcomes = {11: Failed("exit status 1", exit_status=1), 13: lost}
    outcome = perform(middle())
    assert isinstance(outcome, Failed)
    assert outcome.reason == (
        "2 of 10 items failed: 11, 13. Item 13: its output could not be kept (logs/a.log: No space "
        "left on device)"
    )
    assert commands.ran == [10, 11, 12, 13]


def test_what_another_has_computed_meanwhile_is_not_computed_over_it(
    perform: Perform, commands: Commands
) -> None:
    folder = Folder({10, 11})
    commands.after = lambda item: folder.done.update({14, 15} if item == 12 else ())
    assert isinstance(perform(middle(), folder), Completed)
    assert commands.ran == [12, 13, 16, 17, 18, 19]


@pytest.mark.parametrize("outcome", [Completed(), Failed("bad"), Released()])
def test_what_is_kept_is_on_the_disk_before_another_can_get_the_task(
    perform: Perform, disk: Disk, commands: Commands, outcome: Outcome
) -> None:
    commands.outcomes[14] = outcome
    perform(middle())
    assert disk.synced == 1


def test_what_may_be_lost_is_not_completed_and_ends_the_work(perform: Perform, disk: Disk) -> None:
    disk.fault = OSError(errno.EIO, os.strerror(errno.EIO), "logs/a.log")
    with pytest.raises(CommandError, match=r"task 1 may be lost \(logs/a\.log: Input/output"):
        perform(middle())


def test_a_folder_that_cannot_be_read_costs_no_attempt(
    perform: Perform, commands: Commands
) -> None:
    away = OSError(errno.ESTALE, os.strerror(errno.ESTALE), "logs")
    outcome = perform(middle(), Folder(set(), fault=away))
    assert isinstance(outcome, Released)
    assert outcome.pause_s > 0
    assert "logs: " in (outcome.reason or "")
    assert commands.ran == []


def test_several_slots_compute_at_once(perform: Perform) -> None:
    found: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda number=number: found.append(perform(NotingHandle(number))))
        for number in range(NUM_TASKS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Completed()] * NUM_TASKS

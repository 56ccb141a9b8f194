"""The number of jobs: who is told of a change."""

from __future__ import annotations

from taskfarm_sdk.execution.parts import Jobs


class Told:
    """Work that notes what it is told."""

    def __init__(self) -> None:
        self.notes: list[int | str] = []

    def resize(self, size: int) -> None:
        self.notes.append(size)

    def leave(self) -> None:
        self.notes.append("leave")


def test_work_is_told_the_number_and_each_change_of_it() -> None:
    jobs, work = Jobs(2), Told()
    jobs.change(3)
    with jobs.followed_by(work):
        jobs.change(0)
        jobs.change(0)
        jobs.change(4)
    jobs.change(5)
    assert (work.notes, jobs.number) == ([3, 0, 4], 5)


def test_only_work_that_goes_on_is_left() -> None:
    jobs, first, second = Jobs(0), Told(), Told()
    with jobs.followed_by(first):
        jobs.leave()
    with jobs.followed_by(second):
        pass
    assert (first.notes, second.notes) == ([0, "leave"], [0])

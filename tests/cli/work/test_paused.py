"""The look at a run during a pause: what ends the pause, and what only the next look may tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import attrs
import pytest

from taskfarm_cli.work.paused import PausedRun
from taskfarm_sdk import Run, TaskfarmError
from taskfarm_sdk.errors import AuthenticationError, ConnectionFailed, RunNotFound
from taskfarm_sdk.execution.parts import Jobs


@attrs.define
class Looked:
    """Stands for a run that is finished, or cannot be looked at."""

    trouble: TaskfarmError | None

    def watch(self, _: float) -> Iterator[None]:
        """Yield one status."""
        yield None
        if self.trouble is not None:
            raise self.trouble


@attrs.define
class Work:
    """Work that notes that it was left."""

    was_left: bool = False

    def resize(self, _: int) -> None:
        """Have the number already."""

    def leave(self) -> None:
        """End."""
        self.was_left = True


@pytest.mark.parametrize(
    ("trouble", "leaves"),
    [
        (None, True),
        (RunNotFound("gone"), True),
        (ConnectionFailed("away", sent=False), False),
        (AuthenticationError("not for now"), False),
        (TaskfarmError("odd"), False),
    ],
)
def test_only_the_end_of_the_run_ends_a_pause(
    trouble: TaskfarmError | None, *, leaves: bool
) -> None:
    jobs, work = Jobs(0), Work()
    with jobs.followed_by(work):
        PausedRun(cast("Run", Looked(trouble)), jobs)._watch()
    assert work.was_left == leaves

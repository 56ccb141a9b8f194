"""Find a run by its UUID or the beginning of it; explain if the run's ID was given instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import manage_command

if TYPE_CHECKING:
    from taskfarm_sdk import Farm, Run, RunStatus

LEAST_PREFIX = 6
UUID_LENGTH = 32
MOST_CANDIDATES = 4
# No database's ID column holds a longer number.
MOST_ID_DIGITS = 10


class RunName:
    """A run's name from the command line, checked as far as possible without the server.

    Args:
        text: the name.
        whole: whether the whole UUID is required, because the run is to be changed.

    Raises:
        UsageError: no run can have this name.
    """

    def __init__(self, text: str, *, whole: bool) -> None:
        self._text = text.strip()
        self._plain = self._text.replace("-", "").lower()
        self._whole = whole
        if not self._may_be_id and (fault := self._fault()):
            raise UsageError(f"{fault}: {text!r} (`manageTF --list` shows the runs)")

    def find(self, farm: Farm, give_up_after_s: float | None = None) -> Run:
        """Return the run with this name.

        Args:
            farm: the server.
            give_up_after_s: how long to try, in seconds; None is the farm's own.

        Raises:
            CommandError: no run matches, or more than one does.
            RunNotFound: no run has this UUID.
        """
        if len(self._plain) == UUID_LENGTH:
            return farm.get_run(self._plain, give_up_after_s=give_up_after_s)
        runs = farm.runs(give_up_after_s=give_up_after_s)
        found = [] if self._fault() else [r for r in runs if r.uuid.startswith(self._plain)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(_ambiguous(self._text, found))
        raise self._none(farm.url, runs)

    def find_with_status(
        self, farm: Farm, give_up_after_s: float | None = None
    ) -> tuple[Run, RunStatus]:
        """Return the run with this name and its status: with one request if the UUID is whole.

        Args:
            farm: see `find`.
            give_up_after_s: see `find`.

        Raises:
            CommandError: see `find`.
            RunNotFound: see `find`.
        """
        if len(self._plain) == UUID_LENGTH:
            return farm.get_run_and_status(self._plain, give_up_after_s=give_up_after_s)
        run = self.find(farm, give_up_after_s)
        return run, run.status()

    @property
    def _may_be_id(self) -> bool:
        return re.fullmatch(rf"[0-9]{{1,{MOST_ID_DIGITS}}}", self._text) is not None

    def _fault(self) -> str | None:
        if not re.fullmatch(rf"[0-9a-f]{{1,{UUID_LENGTH}}}", self._plain):
            return "not a run UUID (32 hexadecimal digits, with or without dashes)"
        if self._whole and len(self._plain) < UUID_LENGTH:
            return "the whole run UUID is required to change a run"
        if len(self._plain) < LEAST_PREFIX:
            return f"at least the first {LEAST_PREFIX} characters of a run UUID are required"
        return None

    def _none(self, url: str, runs: Sequence[Run]) -> CommandError:
        listing = manage_command(url, "--list")
        if self._may_be_id:
            if same := [run for run in runs if run.id == int(self._text)]:
                return UsageError(
                    f"{self._text} is the ID of a run, not its UUID: give {same[0].uuid}"
                )
            return CommandError(
                f"there is no run with the UUID or ID {self._text} at {url} ({listing} shows the "
                "runs)",
                ExitStatus.NO_SUCH_RUN,
            )
        return CommandError(
            f"there is no run whose UUID begins with {self._text} at {url} ({listing} shows the "
            "runs)",
            ExitStatus.NO_SUCH_RUN,
        )


def _ambiguous(text: str, found: Sequence[Run]) -> str:
    names = ", ".join(run.uuid for run in found[:MOST_CANDIDATES])
    more = len(found) - MOST_CANDIDATES
    rest = f" and {more} more" if more > 0 else ""
    return f"{len(found)} runs have a UUID that begins with {text}: {names}{rest}"

"""Find a run by its UUID or name, or the beginning of one; explain if its ID was given instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import counted, manage_command
from taskfarm_cli.common.times import local
from taskfarm_sdk.errors import RunNotFound

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunNote
    from taskfarm_sdk import Farm, Run, RunStatus

LEAST_PREFIX = 6
UUID_LENGTH = 32
MOST_CANDIDATES = 4
# No database's ID column holds a longer number.
MOST_ID_DIGITS = 10
_NO_UUID = "not a run UUID (32 hexadecimal digits, with or without dashes)"

T = TypeVar("T")


class NotedRunGone(CommandError):
    """A run that was created here is not known at its URL.

    Attributes:
        uuid: the run's UUID.
    """

    def __init__(self, message: str, uuid: str) -> None:
        super().__init__(message, ExitStatus.NO_SUCH_RUN)
        self.uuid = uuid


class RunName:
    """A word of the command line that names a run, checked as far as possible without the server.

    A word that a UUID could begin with is a UUID or the beginning of one. Any other is a name,
    which only runs have that this user created with one (`run_files`).

    Args:
        text: the word.
        whole: whether the whole UUID or name is required, because the run is to be changed.

    Raises:
        UsageError: no run can be meant.
    """

    def __init__(self, text: str, *, whole: bool) -> None:
        self._text = text.strip()
        self._plain = self._text.replace("-", "").lower()
        self._whole = whole
        self._called: Sequence[RunNote] = ()
        if self._may_be_uuid:
            if not self._may_be_id and (fault := self._fault()):
                raise UsageError(f"{fault}: {text!r} (`manageTF --list` shows the runs)")
        else:
            self._called = self._notes()

    def find(self, farm: Farm, give_up_after_s: float | None = None) -> Run:
        """Return the run that is meant: with one request if its UUID or name is whole.

        Args:
            farm: the server.
            give_up_after_s: how long to try, in seconds; None is the farm's own.

        Raises:
            UsageError: a name is that of a run on another server, or of several runs.
            NotedRunGone: the run was created here, and the server does not know it.
            CommandError: no run matches, or more than one does.
            RunNotFound: no run has this UUID.
        """
        uuid = self._whole_uuid(farm.url)
        if uuid is not None:
            return _asked(farm, uuid, lambda: farm.get_run(uuid, give_up_after_s=give_up_after_s))
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
        """Return the run that is meant and its status: with one request, as `find` does.

        Args:
            farm: see `find`.
            give_up_after_s: see `find`.

        Raises:
            CommandError: see `find`.
            RunNotFound: see `find`.
        """
        uuid = self._whole_uuid(farm.url)
        if uuid is not None:
            return _asked(
                farm, uuid, lambda: farm.get_run_and_status(uuid, give_up_after_s=give_up_after_s)
            )
        run = self.find(farm, give_up_after_s)
        return run, run.status()

    @property
    def _may_be_uuid(self) -> bool:
        return re.fullmatch(r"[0-9a-f]*", self._plain) is not None

    @property
    def _may_be_id(self) -> bool:
        return re.fullmatch(rf"[0-9]{{1,{MOST_ID_DIGITS}}}", self._text) is not None

    def _fault(self) -> str | None:
        if not 1 <= len(self._plain) <= UUID_LENGTH:
            return _NO_UUID
        if self._whole and len(self._plain) < UUID_LENGTH:
            return "the whole run UUID is required to change a run"
        if len(self._plain) < LEAST_PREFIX:
            return f"at least the first {LEAST_PREFIX} characters of a run UUID are required"
        return None

    def _notes(self) -> Sequence[RunNote]:
        """Return the notes of the runs of any server that the word may name.

        Raises:
            UsageError: there are none.
        """
        from taskfarm_cli.common import run_files

        if not run_files.is_name(self._text):
            raise UsageError(f"{_NO_UUID}: {self._text!r} (`manageTF --list` shows the runs)")
        begin_so = run_files.named(self._text)
        called = [note for note in begin_so if note.name == self._text]
        if called or (begin_so and not self._whole):
            return called or begin_so
        if begin_so:
            raise UsageError(
                f"the whole name is required to change a run: {self._text!r} is the beginning of "
                f"{_listed([str(note.name) for note in begin_so])}"
            )
        if (left_out := run_files.unreadable()) is not None:
            raise UsageError(
                f"{_NO_UUID}, and what is noted in {left_out} cannot be read, where names are "
                f"kept: {self._text!r}; give the UUID (`manageTF --list` shows the runs)"
            )
        raise UsageError(
            f"{_NO_UUID}, and no run that was created here has this name: {self._text!r} "
            "(`manageTF --list` shows the runs, `manageTF --history` those created here)"
        )

    def _whole_uuid(self, url: str) -> str | None:
        """Return the UUID that was given or has the name; None where a UUID is not whole.

        Raises:
            UsageError: a name is that of a run on another server, or of several runs.
        """
        if not self._called:
            return self._plain if len(self._plain) == UUID_LENGTH else None
        here = [note for note in self._called if note.is_of(url)]
        if len(here) == 1:
            return here[0].run
        if here:
            listed = _listed([f"{note.run} ({note.name})" for note in here])
            several = counted(len(here), "run")
            raise UsageError(f"{self._text!r} may mean {several} at {url}: {listed}")
        elsewhere = next((note for note in self._called if note.url == url), None)
        if elsewhere is not None:
            raise UsageError(
                f"{self._text!r} names run {elsewhere.run} at {url} of the machine "
                f"{elsewhere.host}, and no run at {url} of this one: give the UUID if that is the "
                "same server"
            )
        others = sorted({note.url for note in self._called})
        raise UsageError(
            f"no run at {url} is known here as {self._text!r}, but one at {_listed(others)} is: "
            f"give -b {others[0]}"
        )

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


def _asked(farm: Farm, uuid: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except RunNotFound as error:
        told = _noted_gone(uuid, farm.url)
        if told is None:
            raise
        raise told from error


def _noted_gone(uuid: str, url: str) -> CommandError | None:
    """Return the error for a run that its server does not have; None where nothing is noted."""
    from taskfarm_cli.common import run_files

    note = next((note for note, _ in run_files.known(uuid)), None)
    if note is None:
        return None
    if note.url != url:
        return CommandError(
            f"there is no run {uuid} at {url}: it was created here for {note.url}, so give -b "
            f"{note.url}",
            ExitStatus.NO_SUCH_RUN,
        )
    called = "" if note.name is None else f" ({note.name})"
    when = "" if note.created_s is None else f" on {local(note.created_s)}"
    if not note.is_of_here:
        return CommandError(
            f"there is no run {uuid} at {url} of this machine: it was created{called} on the "
            f"machine {note.host}{when}, whose {url} may be another server",
            ExitStatus.NO_SUCH_RUN,
        )
    forget = manage_command(url, "--delete", uuid)
    return NotedRunGone(
        f"run {uuid}{called}, created here{when}, is not known at {url}: it was deleted, "
        f"or another server or database is there now; if it was deleted, {forget} removes what is "
        "noted about it here",
        uuid,
    )


def _ambiguous(text: str, found: Sequence[Run]) -> str:
    names = _listed([run.uuid for run in found])
    return f"{len(found)} runs have a UUID that begins with {text}: {names}"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_CANDIDATES
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(texts[:MOST_CANDIDATES])}{rest}"

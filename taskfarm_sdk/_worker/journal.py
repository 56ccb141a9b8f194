"""The journal of a worker: one line of JSON for each attempt at a task; see docs/reference."""

from __future__ import annotations

import datetime
import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from taskfarm_sdk._logging import log
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden

# Slurm's variables for a job: numbers, if there is a job.
_OF_SLURM = {
    "slurm_job": "SLURM_JOB_ID",
    "slurm_array_job": "SLURM_ARRAY_JOB_ID",
    "slurm_array_task": "SLURM_ARRAY_TASK_ID",
    "slurm_restarts": "SLURM_RESTART_COUNT",
}


@attrs.frozen
class Entry:
    """One attempt and how it ended.

    Attributes:
        task: the task's number.
        attempt: which attempt it was, 1 for the first that counts.
        worker: the worker's uuid.
        run: the run's uuid.
        start: when it began, by this machine's clock.
        end: when it was settled, by this machine's clock.
        server_end: the same by the server's clock: the `Date` of its reply, if it had one.
        outcome: "completed", "released", "failed", "failed for good" or "taken over".
        exit_status: a command's exit status, if it was a command.
        message: why it failed.
        failed_items: the items of the task that failed in it, ascending.
    """

    task: int
    attempt: int
    worker: str
    run: str
    start: datetime.datetime
    end: datetime.datetime
    server_end: str | None
    outcome: str
    exit_status: int | None
    message: str | None
    failed_items: Sequence[int] = ()


class Journal:
    """Appends lines to a file of this host and process in a folder, created if missing.

    The file is opened for each line: so a forked child writes to one of its own, and nothing
    stays open.

    Raises:
        ConfigurationError: nothing can be written there.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._host = socket.gethostname()
        self._slurm = slurm_facts(Hidden(os.environ))
        self._has_warned = False
        self._torn = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._append(b"")
        except OSError as error:
            raise ConfigurationError(
                f"the journal cannot be written to {str(self._folder)!r} ({error.strerror}): "
                "name a folder that you can write to"
            ) from error

    @property
    def path(self) -> Path:
        """The file of this process."""
        return self._folder / f"{self._host}-{os.getpid()}.jsonl"

    def write(self, entry: Entry) -> None:
        """Append a line; a failure is logged once, and work goes on."""
        told = attrs.asdict(entry, value_serializer=_plain)
        told["server_end"] = _iso(entry.server_end)
        if entry.message is not None:
            # Strict parsers reject halves of characters, which names of files may contain.
            told["message"] = entry.message.encode(errors="backslashreplace").decode()
        place = {"host": self._host, "pid": os.getpid(), **self._slurm}
        line = json.dumps({**told, **place}) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                log.warning("lines are missing from the journal: %s: %s", self.path, error.strerror)

    def _append(self, line: bytes) -> None:
        # Unbuffered: each line is one write, so threads' lines do not mix.
        with self.path.open("ab", buffering=0) as file:
            if line:
                # A full disk may have taken half a line, which must not spoil the next.
                line = b"\n" + line if self._torn else line
                self._torn = file.write(line) < len(line)


def slurm_facts(environ: Hidden[Mapping[str, str]]) -> dict[str, int | None]:
    """Return the Slurm job of a process; None for fields that do not apply."""
    told = {field: environ.reveal().get(name, "") for field, name in _OF_SLURM.items()}
    facts = {field: int(text) if text.isdecimal() else None for field, text in told.items()}
    if facts["slurm_job"] is not None and facts["slurm_restarts"] is None:
        facts["slurm_restarts"] = 0  # Slurm counts from the first restart on
    return facts


def _plain(_: object, __: object, value: object) -> object:
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _iso(date: str | None) -> str | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date or "").astimezone(datetime.UTC).isoformat()
    except ValueError:
        return None

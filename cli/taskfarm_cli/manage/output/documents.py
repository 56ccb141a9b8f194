"""The JSON that `--json` prints: one document a line, described in docs/reference/manageTF.md.

While `taskfarm` is 1, no key is removed or changes its meaning; keys may be added.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunItems, RunNote
    from taskfarm_cli.manage.output.base import Board, Identity
    from taskfarm_cli.manage.output.wording import Wording
    from taskfarm_cli.manage.picture import Picture
    from taskfarm_cli.manage.run_list import RunList
    from taskfarm_cli.manage.standing import Row
    from taskfarm_sdk import Run, RunStatus, TaskInfo
    from taskfarm_sdk.charts import Cell
    from taskfarm_sdk.logins import Login

VERSION = 1
# All that Python's writer leaves as it is, and that a terminal or a strict parser may not take.
_ODD = re.compile(r"[^ -~]")

Document = Mapping[str, object]


def document(mode: str, facts: Document) -> str:
    """Return the line of JSON for the result of a mode, in printable ASCII."""
    # JSON has no NaN, and strict parsers reject it.
    told = {"taskfarm": VERSION, "mode": mode, **facts}
    return _ODD.sub(_escaped, json.dumps(told, allow_nan=False, ensure_ascii=False))


def _escaped(odd: re.Match[str]) -> str:
    code = ord(odd[0])
    # Half a character, which strict parsers reject even as an escape, is the text of its escape.
    if 0xD800 <= code <= 0xDFFF:
        return f"\\\\u{code:04x}"
    return f"\\u{code:04x}" if code < 0x80 else json.dumps(odd[0])[1:-1]


def run_facts(run: Run) -> Document:
    """Return the keys of a run."""
    sound = str(run.num_tasks) == run.num_tasks_text
    return {
        "id": run.id,
        "uuid": run.uuid,
        "num_tasks": run.num_tasks if sound else None,
        "num_tasks_text": run.num_tasks_text,
    }


def status_facts(status: RunStatus) -> Document:
    """Return the keys of a run's status."""
    return {
        "waiting": status.waiting,
        "computing": status.computing,
        "done": status.done,
        "failed": status.failed,
        "percent_done": _finite(status.percent_done),
        "finished": status.finished,
        "succeeded": status.succeeded,
        "rows": status.rows,
    }


def item_facts(status: RunStatus, items: RunItems | None) -> Document:
    """Return the key `items` with what is known; no key where each task is an item."""
    count = None if items is None else items_done(items.chunks, status)
    if items is None or count is None:
        return {}
    facts = {
        "total": count.total,
        "chunk": items.chunks.size,
        "done": count.done,
        "exact": count.is_exact,
    }
    return {"items": facts}


def task_facts(info: TaskInfo) -> Document:
    """Return the keys of a task."""
    return {
        "number": info.number,
        "state": info.state,
        "percent_completed": _finite(info.percent_completed),
        "attempts": info.attempts,
    }


def cell_facts(cell: Cell) -> Document:
    """Return the keys of a block of tasks or items."""
    return {
        "first": cell.first,
        "count": cell.num_tasks,
        "waiting": cell.waiting,
        "computing": cell.computing,
        "done": cell.done,
        "failed": cell.failed,
        "unknown": cell.unknown,
        "percent": cell.percent,
    }


def note_facts(note: RunNote) -> Document:
    """Return the keys of a run that was created here."""
    return {
        "name": note.name,
        "uuid": note.run,
        "url": note.url,
        "created": note.time,
        "num_tasks": note.num_tasks,
        "items": note.items,
        "chunk": note.chunk,
        "command": None if note.command is None else list(note.command),
        "shell": note.shell,
        "function": note.function,
        "folder": note.folder,
        "results": note.results,
        "noted_finished": note.finished,
    }


def _finite(percent: float) -> float | None:
    return percent if math.isfinite(percent) else None


class _Changes:
    """Prints a document for each change of one of several runs."""

    def __init__(self, output: Documents) -> None:
        self._output = output
        self._before: dict[str, Document] = {}

    def show(self, rows: Sequence[Row], changed: Row) -> None:  # noqa: ARG002 - as Board has it
        """Print the document of a run if its status differs from its last one."""
        facts = status_facts(changed.status)
        if self._before.get(changed.run.uuid) != facts:
            self._output.run(changed.run, changed.status, changed.items)
        self._before[changed.run.uuid] = facts

    def shown(self) -> None:
        """Return that all runs are shown."""


class Documents:
    """Prints one JSON document; `--watch` one after each change, `--tasks` one for each task.

    Args:
        wording: the mode's texts.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def runs(self, listed: RunList) -> None:
        """Print the runs of a server."""
        self._tell({"runs": [run_facts(run) for run in listed.runs]})

    def history(self, notes: Sequence[RunNote]) -> None:
        """Print the runs that were created here."""
        self._tell({"runs": [note_facts(note) for note in notes]})

    def run(self, run: Run, status: RunStatus, items: RunItems | None = None) -> None:
        """Print the status of the run, and of its items where tasks are chunks of them."""
        facts = {"run": run_facts(run), "status": status_facts(status)}
        self._tell({**facts, **item_facts(status, items)})

    def follow(
        self, run: Run, statuses: Iterable[RunStatus], items: RunItems | None = None
    ) -> RunStatus | None:
        """Print each status that differs from the last one."""
        before: Document = {}
        status = None
        for status in statuses:
            facts = status_facts(status)
            if facts != before:
                self.run(run, status, items)
            before = facts
        return status

    def board(self) -> AbstractContextManager[Board]:
        """Return what prints a document for each change of a run."""
        return nullcontext(_Changes(self))

    def created(self, run: Run) -> None:
        """Print the new run."""
        self._tell({"run": run_facts(run)})

    def tasks(self, run: Run, infos: Iterable[TaskInfo]) -> None:  # noqa: ARG002 - as Output has it
        """Print a document for each task."""
        for info in infos:
            self._tell({"task": task_facts(info)})

    def picture(self, run: Run, picture: Picture) -> None:
        """Print the blocks of the picture."""
        self._tell(
            {
                "run": run_facts(run),
                "source": picture.source,
                "of": f"{picture.noun}s",
                "cells": [cell_facts(cell) for cell in picture.cells],
            }
        )

    def changed(self, run: Run, count: int | None = None) -> None:
        """Print the run that was reset, repaired or deleted, and how many tasks were changed."""
        counted = {} if count is None else {self._wording.counted: count}
        self._tell({"run": run_facts(run), **counted})

    def login(self, login: Login) -> None:
        """Print the login that was saved or removed, without its token."""
        facts = {"url": login.url, "user": login.user, "default": login.default}
        self._tell({"login": facts})

    def identity(self, identity: Identity) -> None:
        """Print the user at the server."""
        facts = {
            "url": identity.url,
            "user": identity.user,
            "credentials": identity.source,
            "accepted": identity.accepted,
        }
        self._tell(facts)

    def _tell(self, facts: Document) -> None:
        print(document(self._wording.mode, facts), flush=True)

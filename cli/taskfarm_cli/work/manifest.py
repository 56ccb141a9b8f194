"""`taskfarm-UUID.json`: what a run that `workTF --create` made is about."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work import inputs as items

if TYPE_CHECKING:
    from taskfarm_sdk import Farm, Run


UnleasedAfter = float | Literal["auto", "stale_after_s"]


class Work(NamedTuple):
    """What is to be done: it tells two runs of the same work.

    Attributes:
        url: the API's URL.
        command: the command's words, as the user wrote them.
        shell: whether a shell runs it.
        num_tasks: how many tasks there are.
        inputs_sha256: the digest of the inputs, or None where there are none.
    """

    url: str
    command: tuple[str, ...]
    shell: bool
    num_tasks: int
    inputs_sha256: str | None


def write(run: Run, work: Work) -> Path:
    """Write the file of a new run.

    Raises:
        OSError: it cannot be written.
    """
    path = _path(run.uuid)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    facts = {"run": run.uuid, **work._asdict(), "folder": str(Path.cwd()), "time": now}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


def check(run: Run, inputs: Sequence[str] | None) -> None:
    """Refuse inputs that are not the run's own.

    Raises:
        UsageError: there are more or fewer of them than tasks, or they are not those that the
            run was made for.
    """
    if inputs is not None and len(inputs) != run.num_tasks:
        raise UsageError(
            f"{len(inputs)} inputs do not fit run {run.uuid}, which has {run.num_tasks} tasks: is "
            "it the right file?"
        )
    known = _read(_path(run.uuid))
    if known is None:
        return
    if inputs is None and known[1].inputs_sha256 is not None:
        raise UsageError(
            f"run {run.uuid} was made for inputs, as {_path(run.uuid)} says: give them with "
            "--inputs"
        )
    if inputs is not None and known[1].inputs_sha256 != items.digest(inputs):
        raise UsageError(
            f"these inputs are not those that run {run.uuid} was made for, as {_path(run.uuid)} "
            "says: have they changed?"
        )


def unleased_after_s(run: Run, asked: float | None) -> UnleasedAfter:
    """Return after how long a task is taken over that showed no sign of life, for a worker.

    Args:
        run: the run.
        asked: what the user asked for.
    """
    if asked is not None:
        return asked
    known = _read(_path(run.uuid))
    # Whoever works on a run that workTF made is most likely a workTF, which sends heartbeats.
    return "stale_after_s" if known is not None and known[0] == run.uuid else "auto"


def unfinished(farm: Farm, work: Work) -> str | None:
    """Return the UUID of an unfinished run of the same work that was made here, if there is one."""
    from taskfarm_sdk import RunNotFound

    for uuid, known in _all_here():
        if known == work:
            with suppress(RunNotFound):
                if not farm.get_run(uuid).status().finished:
                    return uuid
    return None


def _path(uuid: str) -> Path:
    return Path(f"taskfarm-{uuid}.json")


def _all_here() -> Iterator[tuple[str, Work]]:
    for path in sorted(Path().glob("taskfarm-*.json")):
        found = _read(path)
        if found is not None:
            yield found


def _read(path: Path) -> tuple[str, Work] | None:
    """Return what a file tells, or None if it is not there or not one of ours."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = [facts[name] for name in Work._fields]
        url, command, *rest = known
        return str(facts["run"]), Work(url, tuple(command), *rest)
    except (OSError, ValueError, KeyError, TypeError):
        return None

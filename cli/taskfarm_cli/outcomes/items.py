"""Folders of results, of `farm.map` or of workTF: which one it is, and of which run."""

from __future__ import annotations

import json
from pathlib import Path

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.outcomes.item_facts import ItemsFolder
from taskfarm_cli.work.commands.kept_items import read_identity

_ORDER = "order.json"
_MOST_ORDER_BYTES = 1 << 20


def open_items(folder: Path) -> ItemsFolder:
    """Open a folder of results, of either kind.

    Raises:
        UsageError: it is none.
        ConfigurationError: a folder of `farm.map` may not be trusted.
        OSError: it cannot be read.
    """
    check_results(folder)
    if (folder / _ORDER).exists():
        from taskfarm_cli.outcomes.functions import FunctionItems

        return FunctionItems(folder)
    from taskfarm_cli.outcomes.commands import CommandItems

    return CommandItems(folder)


def check_results(folder: Path, run_uuid: str | None = None) -> None:
    """Check that a folder holds results of `farm.map` or of workTF, and of this run.

    Args:
        folder: the folder.
        run_uuid: the run's UUID; None to leave it unchecked.

    Raises:
        UsageError: it does not.
    """
    if not folder.is_dir():
        raise UsageError(f"--results: there is no folder {str(folder)!r}")
    its_run = _run_of(folder)
    if its_run is None:
        raise UsageError(
            f"--results: {str(folder)!r} does not say of which run it holds results: name the "
            "folder of `farm.map`, or of `workTF --results` or `--log`"
        )
    if run_uuid is not None and its_run != run_uuid:
        raise UsageError(
            f"--results: {str(folder)!r} holds the results of run {its_run}, not of {run_uuid}"
        )


def _run_of(folder: Path) -> str | None:
    try:
        if not (folder / _ORDER).exists():
            identity = read_identity(folder)
            return None if identity is None else identity.run
        with (folder / _ORDER).open("rb") as file:
            document = json.loads(file.read(_MOST_ORDER_BYTES))
        run_uuid = document["run_uuid"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return run_uuid if isinstance(run_uuid, str) else None

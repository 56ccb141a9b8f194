"""Read a results folder while work goes on: which items have values, and why others failed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from taskfarm_cli.view.facts import MOST_FAILURES, Failure, Picture, State
from taskfarm_cli.view.journals import shortened

if TYPE_CHECKING:
    from taskfarm_sdk import Results

_MOST_ORDER_BYTES = 1_000_000


class ResultsFolder:
    """The results of the one run that a folder belongs to.

    Args:
        folder: the folder.

    Raises:
        ConfigurationError: it is no results folder, or may not be trusted.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        import taskfarm_sdk

        self._results: Results[Any] = taskfarm_sdk.results(folder)
        self._run = _run_of(Path(folder))

    def picture(self, uuid: str) -> Picture | None:
        """Return the states of a run's items; None if the folder is another run's."""
        from taskfarm_sdk import TaskfarmError

        if uuid != self._run:
            return None
        try:
            return self._picture()
        except (TaskfarmError, OSError) as error:
            return Picture(
                origin="results folder",
                noun="item",
                cells=(),
                failures=(),
                num_failed=None,
                remark=f"It cannot be read: {error}",
            )

    def _picture(self) -> Picture:
        from taskfarm_sdk.charts import cells

        total = len(self._results)
        states: list[State] = ["done"] * total
        failed = self._results.failed
        for number in self._results.missing:
            states[number] = "unknown"
        for number in failed:
            states[number] = "failed"
        return Picture(
            origin="results folder",
            noun="item",
            cells=tuple(cells(((state, 0.0) for state in states), num_tasks=total)),
            failures=tuple(self._failure(number) for number in failed[:MOST_FAILURES]),
            num_failed=len(failed),
            remark="An item without a result waits or is being computed; a failed one may be tried "
            "again.",
        )

    def _failure(self, number: int) -> Failure:
        result = self._results[number]
        return Failure(number=number, attempts=result.attempts, message=_said(result.error))


def _run_of(folder: Path) -> str | None:
    """Return the run of a folder that was found to be trusted; its document is public."""
    with (folder / "order.json").open("rb") as file:
        order: object = json.loads(file.read(_MOST_ORDER_BYTES))
    run = cast("dict[str, object]", order).get("run_uuid") if isinstance(order, dict) else None
    return run if isinstance(run, str) else None


def _said(error: BaseException | None) -> str | None:
    """Return what an exception of the user's function says, whose methods may raise."""
    if error is None:
        return None
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - the user's own class
        return name
    return shortened(said if name == "FunctionFailed" else f"{name}: {said}")

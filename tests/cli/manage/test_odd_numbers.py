"""Other clients' numbers on the command line: each mode shows them, or says what is wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from rich.console import Console

from taskfarm_cli.common.forecast import Forecast, progress
from taskfarm_cli.manage.output.base import Output
from taskfarm_cli.manage.output.documents import Documents
from taskfarm_cli.manage.output.plain import Plain
from taskfarm_cli.manage.output.rich_view import View
from taskfarm_cli.manage.output.wording import Wording
from taskfarm_cli.manage.run_list import RunList
from tests.support.odd_numbers import LARGEST_FLOAT, UUID, Held, farm_of

WORDING = Wording("info", "", "task", "", advises=True)
ODD = [LARGEST_FLOAT, -LARGEST_FLOAT, float("nan"), float("inf"), int("9" * 400), -5, 250, 1e-320]
COLUMNS = 80


def view() -> View:
    shown = View(WORDING)
    shown._console = Console(file=io.StringIO(), width=COLUMNS, force_terminal=True)
    return shown


OUTPUTS: list[Callable[[], Output]] = [Plain, lambda: Documents(WORDING), view]


@pytest.mark.parametrize("make", OUTPUTS, ids=["plain", "json", "terminal"])
@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("status", ["computing", "done"])
def test_every_output_shows_a_run_and_its_tasks(
    capsys: pytest.CaptureFixture[str], make: Callable[[], Output], odd: Any, status: str
) -> None:
    counts = (0, 0, 3) if status == "done" else (0, 3, 0)
    held = Held(3, 1, *counts, percent_done=odd, percent_completed=odd, status=status)
    farm = farm_of(attrs.evolve(held))
    (run,) = farm.runs()
    output = make()
    output.runs(RunList(farm, [run]))
    output.run(run, run.status())
    output.follow(run, iter([run.status(), run.status()]))
    output.tasks(run, run.task_infos())
    if isinstance(output, View):
        text = output._console.file.getvalue()  # type: ignore[attr-defined]
        assert UUID in text
        assert "999999999" not in text
    for line in capsys.readouterr().out.splitlines():
        assert UUID in line or line[0].isdigit() or json.loads(line)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_the_pace_of_a_run_survives_any_percentage(odd: Any) -> None:
    seen = Forecast()
    for second in range(0, 20, 5):
        status = farm_of(Held(percent_done=odd)).get_run(UUID).status()
        assert 0 <= progress(status) <= 3
        seen.add(second, status)
    estimate = seen.estimate()
    assert estimate is None or estimate.left_s.least >= 0

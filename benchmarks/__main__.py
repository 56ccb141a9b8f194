"""`make bench`: measure, print the tables, and write the plots and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
import traceback

import attrs

from benchmarks import machine, plots, report
from benchmarks.peers import FOLDER, Missing, install
from benchmarks.rows import Curve, Result, Row, missing
from benchmarks.setting import Setting
from taskfarm_sdk.errors import TaskfarmError

ROOT = FOLDER.parent
BUILD = ROOT / "build" / "bench"
RESULTS = BUILD / "results.json"
FAILED = "failed:"
# In the order of the report.
MEASURES = (
    "requests_per_task",
    "tasks_per_second",
    "ten_updates_by_clients",
    "own_code",
    "whole_processes",
    "calls_over_mock_transport",
    "commands_at_four",
    "chunks_of_commands",
    "many_items",
    "results_and_grids",
    "ends_amid_items",
    "growing_runs",
    "memory",
)


def main() -> int:
    """Measure what the command line asks for."""
    options = _options()
    setting = Setting(
        options.quick, install(), options.handouts or (3_000 if options.quick else 100_000)
    )
    names = options.only or MEASURES
    results: list[Result] = []
    for name in names:
        results += _measured(name, setting)
    again: list[str] = []
    if options.again:
        earlier = report.from_json(RESULTS.read_text())
        results = report.replaced(earlier.results, results, MEASURES)
        again = sorted({*earlier.again, *names}, key=MEASURES.index)
    facts = machine.facts(setting)
    BUILD.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(report.as_json(facts, results, again) + "\n")
    complete = not options.quick and {one.measure for one in results} == set(MEASURES)
    folder = ROOT / "docs" if complete else BUILD
    curves = [one for one in results if isinstance(one, Curve)]
    pictures = plots.draw(curves, folder / "benchmarks")
    (folder / "benchmarks.md").write_text(report.as_markdown(facts, results, pictures, again))
    print(f"wrote {(folder / 'benchmarks.md').relative_to(ROOT)}, {len(pictures)} plots beside it")
    return int(any(isinstance(one, Row) and one.note.startswith(FAILED) for one in results))


def _measured(name: str, setting: Setting) -> list[Result]:
    begin = time.perf_counter()
    module = importlib.import_module(f"benchmarks.measures.{name}")
    found: list[Result] = []
    try:
        for measured in module.measure(setting):
            result = attrs.evolve(measured, measure=name)
            found.append(result)
            if isinstance(result, Row):
                print(report.line(result), flush=True)
    except (Missing, RuntimeError, OSError, subprocess.SubprocessError, TaskfarmError) as error:
        # The others are still worth their figures; a failure shows in the exit status.
        row = missing(name.replace("_", " "), "", str(error))
        if not isinstance(error, Missing):
            traceback.print_exc()
            row = attrs.evolve(row, reached=False, note=f"{FAILED} {type(error).__name__}: {error}")
        found.append(attrs.evolve(row, measure=name))
        print(report.line(row), flush=True)
    print(f"  [{name}: {time.perf_counter() - begin:.0f} s]", file=sys.stderr, flush=True)
    return found


def _options() -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args()
    if options.again and (options.quick or not options.only or not RESULTS.exists()):
        parser.error(
            "--again takes the names of measures and no --quick, after a whole run, whose results "
            f"are in {RESULTS.relative_to(ROOT)}"
        )
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little work: to see that all runs")
    parser.add_argument(
        "--handouts", type=int, metavar="N", help="hand-outs over which memory is looked at"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="take these measures again, and put them into the results of the last run",
    )
    parser.add_argument("only", nargs="*", choices=[[], *MEASURES], metavar="MEASURE")
    return parser


if __name__ == "__main__":
    sys.exit(main())

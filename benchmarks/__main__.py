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
    options = _parser().parse_args()
    setting = Setting(
        options.quick, install(), options.handouts or (3_000 if options.quick else 100_000)
    )
    names = options.only or MEASURES
    results: list[Result] = []
    for name in names:
        results += _measured(name, setting)
    facts = machine.facts(setting)
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "results.json").write_text(report.as_json(facts, results) + "\n")
    complete = not options.quick and set(names) == set(MEASURES)
    folder = ROOT / "docs" if complete else BUILD
    curves = [one for one in results if isinstance(one, Curve)]
    pictures = plots.draw(curves, folder / "benchmarks")
    (folder / "benchmarks.md").write_text(report.as_markdown(facts, results, pictures))
    print(f"wrote {(folder / 'benchmarks.md').relative_to(ROOT)}, {len(pictures)} plots beside it")
    return int(any(isinstance(one, Row) and one.note.startswith(FAILED) for one in results))


def _measured(name: str, setting: Setting) -> list[Result]:
    begin = time.perf_counter()
    module = importlib.import_module(f"benchmarks.measures.{name}")
    found: list[Result] = []
    try:
        for result in module.measure(setting):
            found.append(result)
            if isinstance(result, Row):
                print(report.line(result), flush=True)
    except (Missing, RuntimeError, OSError, subprocess.SubprocessError, TaskfarmError) as error:
        # The others are still worth their figures; a failure shows in the exit status.
        row = missing(name.replace("_", " "), "", str(error))
        if not isinstance(error, Missing):
            traceback.print_exc()
            row = attrs.evolve(row, reached=False, note=f"{FAILED} {type(error).__name__}: {error}")
        found.append(row)
        print(report.line(row), flush=True)
    print(f"  [{name}: {time.perf_counter() - begin:.0f} s]", file=sys.stderr, flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little work: to see that all runs")
    parser.add_argument(
        "--handouts", type=int, metavar="N", help="hand-outs over which memory is looked at"
    )
    parser.add_argument("only", nargs="*", choices=[[], *MEASURES], metavar="MEASURE")
    return parser


if __name__ == "__main__":
    sys.exit(main())

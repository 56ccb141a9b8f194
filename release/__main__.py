"""Run a tool of a release; see `make help`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release import api, breaks, builds, changelog, installed, licences, steps

ROOT = installed.ROOT
API = ROOT / "api"
LICENCES = ROOT / "docs" / "reference" / "licences.md"


def check_api() -> int:
    """Fail if the sources break the API of the last release, and the changelog does not say so."""
    released = api.read(API)
    last = api.version_of(released)
    if last is None:
        print("no release yet (there is no api/): no API to compare with")
        return 0
    found = breaks.find_breaks(released, api.public_api(steps.version()))
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    missing = breaks.unnamed(found, changelog.entries_since(text, last))
    print(f"breaks of the API since {last}: {len(found)}, of which unnamed: {len(missing)}")
    for each in missing:
        print(f"CHANGELOG.md must name, as code: {each}", file=sys.stderr)
    return 1 if missing else 0


def write_api() -> int:
    """Write `api/`, unless that would hide a break that the changelog does not name."""
    if status := check_api():
        print("api/ is left as it is (of a version that was never released: delete it first)")
        return status
    api.write(API, api.public_api(steps.version()))
    print(f"wrote the API of {steps.version()} to api/: commit it")
    return 0


def write_licences() -> int:
    """Write docs/reference/licences.md."""
    LICENCES.write_text(licences.page(), encoding="utf-8")
    return 0


def test_wheel(versions: installed.Versions, words: Sequence[str]) -> int:
    """Build the wheel, and run the tests against it."""
    with tempfile.TemporaryDirectory(prefix="taskfarm-wheel-") as scratch:
        built = builds.build(ROOT, Path(scratch) / "dist")
        wheel = next(path for path in built if path.suffix == ".whl")
        return installed.check_wheel(wheel, Path(scratch) / "tests", versions=versions, words=words)


def release(*, rehearsal: bool) -> int:
    """Do all steps; stop at the first that finds a problem, but not in a rehearsal."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="taskfarm-release-") as scratch:
        folders = steps.Folders(ROOT / "dist", Path(scratch))
        for step in steps.STEPS:
            print(f"\n=== {step.title}", flush=True)
            found = step.do(folders)
            for each in found:
                print(f"release: {each}", file=sys.stderr, flush=True)
            problems += found
            if found and not rehearsal:
                return 1
        print(f"\n{steps.last_words(folders)}" if not problems else "\nnot ready:")
        print(*(f"  {each}" for each in problems), sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def main() -> int:
    """Return the exit status."""
    given = sys.argv[1:]
    # argparse takes no option of another program before the first of its other words.
    end = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(
        prog="python -m release",
        description=__doc__,
        epilog="What follows -- are arguments of pytest.",
    )
    tools = parser.add_subparsers(dest="tool", required=True)
    tools.add_parser("check-api", help=check_api.__doc__)
    tools.add_parser("write-api", help=write_api.__doc__)
    tools.add_parser("write-licences", help=write_licences.__doc__)
    tester = tools.add_parser("test-wheel", help=test_wheel.__doc__)
    tester.add_argument("--versions", choices=("pinned", "lowest", "newest"), default="pinned")
    whole = tools.add_parser("release", help=release.__doc__)
    whole.add_argument("--rehearsal", action="store_true", help="go on after a problem")
    arguments = parser.parse_args(given[:end])
    try:
        if arguments.tool == "test-wheel":
            return test_wheel(arguments.versions, given[end + 1 :])
        if arguments.tool == "release":
            return release(rehearsal=arguments.rehearsal)
        return {
            "check-api": check_api,
            "write-api": write_api,
            "write-licences": write_licences,
        }[arguments.tool]()
    except subprocess.CalledProcessError as error:
        print(f"release: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return 1
    except (LookupError, RuntimeError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

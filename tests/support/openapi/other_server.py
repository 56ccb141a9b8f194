"""What another release of the server changes: `make contract SERVER=taskfarm==X`.

The release gets an environment of its own, the requests are those of the tests, and what differs
from the contract is compared with what is known of the release that the contract describes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.testing import LocalServer
from tests.support.openapi import random_requests
from tests.support.openapi.api import Api
from tests.support.openapi.contract import OPERATIONS
from tests.support.openapi.known_differences import KNOWN, SQLITE, Known, on
from tests.support.openapi.random_requests import Difference

ROOT = Path(__file__).parents[3]
ROUTES = Path(__file__).with_name("server_routes.py")
_REQUIREMENT = re.compile(r"taskfarm(==[0-9A-Za-z.!+-]+)?")


class NotPossible(Exception):
    """The release cannot be compared; the text says why."""


def environment_of(requirement: str, folder: Path) -> Path:
    """Return the interpreter of an environment with a release of the server.

    Args:
        requirement: `taskfarm==X`, or `taskfarm` for the newest.
        folder: where environments are kept; one that is there is used again.

    Raises:
        NotPossible: it is no such requirement, or there is no such release.
    """
    if _REQUIREMENT.fullmatch(requirement) is None:
        raise NotPossible(f"SERVER is taskfarm==X, or taskfarm for the newest, not {requirement!r}")
    home = folder / requirement.replace("==", "-")
    python = home / "bin" / "python"
    if (home / "ready").exists():
        return python
    venv.create(home, with_pip=True, clear=True)
    # Importing an older release may want what newer setuptools lack.
    wanted = [requirement, *others_of_server(), "setuptools<81"]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotPossible(
            f"{requirement} cannot be installed (`pip index versions taskfarm` lists the "
            f"releases): {(done.stderr.strip().splitlines() or ['pip gives no reason'])[-1]}"
        )
    (home / "ready").touch()
    return python


def others_of_server() -> list[str]:
    """Return what the extra `server` requires beside the server."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed: list[str] = project["optional-dependencies"]["server"]
    return [requirement for requirement in listed if not requirement.startswith("taskfarm")]


def routes_of(python: Path) -> set[str]:
    """Return method, path, parameters and body of what a server routes, a text for each.

    Raises:
        NotPossible: it cannot be imported, as with newer packages than it was made for.
    """
    done = subprocess.run(
        [python, "-W", "ignore", ROUTES],
        env={**os.environ, "DATABASE_URL": "sqlite://"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotPossible(f"the server cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    return {
        f"{method} {route['rule']} query={sorted(route['query'])} body={route['body']}"
        for route in json.loads(done.stdout)
        for method in route["methods"]
    }


def compared(known: Iterable[Difference], found: Iterable[Difference]) -> list[str]:
    """Return a line for each difference that only one of two releases shows.

    Args:
        known: those of the release that the contract describes.
        found: those of the other one.
    """
    before, after = set(known), set(found)
    return [
        *(f"+ {difference}" for difference in sorted(after - before)),
        *(f"- {difference}" for difference in sorted(before - after)),
    ]


def _shows(known: Known, api: Api) -> bool:
    try:
        return known.still_shows(api)
    except AssertionError:  # a reply that the contract does not have
        return False


def main(words: list[str]) -> int:
    """Print what a release changes; return 0, or 2 if it cannot be compared."""
    [requirement] = words
    try:
        python = environment_of(requirement, ROOT / "build" / "servers")
        described, other = routes_of(Path(sys.executable)), routes_of(python)
        with LocalServer(python=python) as server:
            found = random_requests.differences(server)
            with random_requests.api_of(server) as api:
                gone = [
                    one.difference
                    for one in KNOWN
                    if SQLITE in one.databases and not _shows(one, api)
                ]
    except (NotPossible, TaskfarmError) as error:
        print(f"make contract: {error}", file=sys.stderr)
        return 2
    lines = [
        *(f"+ route {route}" for route in sorted(other - described)),
        *(f"- route {route}" for route in sorted(described - other)),
        *compared(gone, set(found.shown) - on(SQLITE)),
    ]
    print(f"{requirement} beside taskfarm {version('taskfarm')}, on SQLite:")
    print("\n".join(f"  {line}" for line in lines or ["nothing differs"]))
    print(f"({found.sent} random requests to {len(OPERATIONS)} operations)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

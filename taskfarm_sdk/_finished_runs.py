"""The runs that were seen finished, so that a search for unfinished ones need not ask for them all.

One file of JSON for each server, of mode 0600, in a folder of mode 0700 of the user's state folder.
Machines may share that folder, and the server of a loopback URL is another one on each of them: its
file is for this machine.

A reset undoes a finish, and the server tells nobody: what is noted here never says how a run is
doing, only that it was finished when it was read last.

Writers lock one file. When a run was forgotten is kept for a while, because another process may
have read it before its reset, and note that later.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, cast

from taskfarm_sdk import _secrets
from taskfarm_sdk._machines import machine_of, server_digest
from taskfarm_sdk.hidden import Hidden

# More are forgotten, those read longest ago first: 2 MB.
MOST_RUNS = 50_000
# Not *.json, as the files of servers are called.
_FORGOTTEN, _LOCK = "forgotten", "lock"
# Machines that share a home folder may differ in time by so much.
_CLOCKS_DIFFER_S = 60
# No list takes longer.
_FORGOTTEN_FOR_S = 24 * 3600


class _Server(NamedTuple):
    """A server, as this machine reaches it; see `machine_of`."""

    url: str
    machine: str | None

    @property
    def path(self) -> Path:
        """Its file."""
        return _folder() / f"{server_digest(*self)}.json"


def seen(url: str) -> dict[str, int]:
    """Return when each run of a server was read last that was finished then.

    Args:
        url: the API's URL.

    Returns:
        Seconds since 1970, by the run's UUID.
    """
    return _read(_Server(url, machine_of(url)))


def update(
    url: str, finished: Mapping[str, int], unfinished: Collection[str], there: Collection[str]
) -> str | None:
    """Note what was read.

    Args:
        url: the API's URL.
        finished: when the reading of runs began that are finished, in seconds since 1970.
        unfinished: the runs that are not, by their UUIDs.
        there: all runs of the server.

    Returns:
        Where nothing could be noted, and why; None if all was.
    """
    try:
        with _locked():
            _update(_Server(url, machine_of(url)), finished, unfinished, there)
    except OSError as error:
        return _fault(error)
    return None


def _update(
    server: _Server,
    finished: Mapping[str, int],
    unfinished: Collection[str],
    there: Collection[str],
) -> None:
    forgotten = _forgotten()
    read_since = {
        run: at
        for run, at in finished.items()
        if run not in forgotten or at > forgotten[run] + _CLOCKS_DIFFER_S
    }
    # Read again, because another process may have written since.
    before = _read(server)
    known = {**before, **read_since}
    kept = {run: at for run, at in known.items() if run in there and run not in unfinished}
    if kept != before:
        _write(server, kept)


def forget(run: str) -> str | None:
    """Forget that a run was finished, because it was reset or deleted.

    Where nothing can be written, all that is noted of its server is removed.

    Returns:
        Where it is still noted as finished, and why; None if it is not.
    """
    try:
        with _locked():
            _forget(run)
    except OSError as error:
        return _removed_with_all(run, error)
    return None


def _forget(run: str) -> None:
    now = int(time.time())
    kept = {one: at for one, at in _forgotten().items() if at > now - _FORGOTTEN_FOR_S}
    text = json.dumps({"forgotten": {**kept, run: now}})
    _secrets.write(_folder() / _FORGOTTEN, Hidden(text))
    for path in _files():
        server = _server_in(path)
        known = {} if server is None else _read(server)
        if server is not None and known.pop(run, None) is not None:
            _write(server, known)


def _removed_with_all(run: str, error: OSError) -> str | None:
    """Remove each file with a run, which also a full disk allows; return why one is still there."""
    for path in _files():
        if run in _times(_document(path).get("finished")):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return _fault(error)
    return None


def _fault(error: OSError) -> str:
    return f"{_folder()} ({error.strerror or error})"


@contextmanager
def _locked() -> Generator[None]:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("a", encoding="utf-8") as lock:
        with suppress(OSError):  # some file systems have no locks
            _secrets.lock(lock.fileno())
        yield


def _forgotten() -> dict[str, int]:
    return _times(_document(_folder() / _FORGOTTEN).get("forgotten"))


def _write(server: _Server, finished: Mapping[str, int]) -> None:
    newest = sorted(finished.items(), key=lambda item: -item[1])[:MOST_RUNS]
    text = json.dumps({**server._asdict(), "finished": dict(newest)})
    _secrets.write(server.path, Hidden(text))


def _read(server: _Server) -> dict[str, int]:
    document = _document(server.path)
    is_its_own = _server_of(document) == server
    return _times(document.get("finished")) if is_its_own else {}


def _times(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        return {}
    times = cast("dict[str, object]", found)
    return {run: at for run, at in times.items() if type(at) is int}


def _server_in(path: Path) -> _Server | None:
    """Return the server of a file; None if it is in the place of another one's."""
    server = _server_of(_document(path))
    return server if server is not None and server.path == path else None


def _server_of(document: Mapping[str, object]) -> _Server | None:
    url, machine = document.get("url"), document.get("machine")
    if isinstance(url, str) and (machine is None or isinstance(machine, str)):
        return _Server(url, machine)
    return None


def _document(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _files() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(_folder().glob("*.json"))


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "finished"

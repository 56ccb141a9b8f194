"""The runs that were seen finished, so that a search for unfinished ones need not ask for them all.

One file of JSON for each server, of mode 0600, in a folder of mode 0700 of the user's state folder.
A reset undoes a finish, and the server tells nobody: what is noted here never says how a run is
doing, only that it was finished when it was read last.

Writers lock one file. When a run was forgotten is kept for a while, because another process may
have read it before its reset, and note that later.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from taskfarm_sdk import _secrets
from taskfarm_sdk.hidden import Hidden

# More are forgotten, those read longest ago first: 2 MB.
MOST_RUNS = 50_000
# Not *.json, as the files of servers are called.
_FORGOTTEN, _LOCK = "forgotten", "lock"
# Machines that share a home folder may differ in time by so much.
_CLOCKS_DIFFER_S = 60
# No list takes longer.
_FORGOTTEN_FOR_S = 24 * 3600


def seen(url: str) -> dict[str, int]:
    """Return when each run of a server was read last that was finished then.

    Args:
        url: the API's URL.

    Returns:
        Seconds since 1970, by the run's UUID.
    """
    return _read(_path(url), url)


def update(
    url: str, finished: Mapping[str, int], unfinished: Collection[str], there: Collection[str]
) -> None:
    """Note what was read; nothing is noted if the file cannot be written.

    Args:
        url: the API's URL.
        finished: when the reading of runs began that are finished, in seconds since 1970.
        unfinished: the runs that are not, by their UUIDs.
        there: all runs of the server.
    """
    with suppress(OSError), _locked():
        forgotten = _forgotten()
        read_since = {
            run: at
            for run, at in finished.items()
            if run not in forgotten or at > forgotten[run] + _CLOCKS_DIFFER_S
        }
        # Read again, because another process may have written since.
        before = seen(url)
        known = {**before, **read_since}
        kept = {run: at for run, at in known.items() if run in there and run not in unfinished}
        if kept != before:
            _write(_path(url), url, kept)


def forget(run: str) -> None:
    """Forget that a run was finished, because it was reset or deleted."""
    now = int(time.time())
    with suppress(OSError), _locked():
        kept = {one: at for one, at in _forgotten().items() if at > now - _FORGOTTEN_FOR_S}
        text = json.dumps({"forgotten": {**kept, run: now}})
        _secrets.write(_folder() / _FORGOTTEN, Hidden(text))
        for path in _files():
            url = _url_in(path)
            known = _read(path, url)
            if known.pop(run, None) is not None:
                _write(path, url, known)


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


def _write(path: Path, url: str, finished: Mapping[str, int]) -> None:
    newest = sorted(finished.items(), key=lambda item: -item[1])[:MOST_RUNS]
    text = json.dumps({"url": url, "finished": dict(newest)})
    _secrets.write(path, Hidden(text))


def _read(path: Path, url: str) -> dict[str, int]:
    document = _document(path)
    return _times(document.get("finished")) if document.get("url") == url else {}


def _times(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        return {}
    times = cast("dict[str, object]", found)
    return {run: at for run, at in times.items() if type(at) is int}


def _url_in(path: Path) -> str:
    url = _document(path).get("url")
    return url if isinstance(url, str) else ""


def _document(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _path(url: str) -> Path:
    return _folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"


def _files() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(_folder().glob("*.json"))


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "finished"

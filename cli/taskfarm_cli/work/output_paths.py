"""Check the paths that workTF will write to, before a run is created."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import UsageError

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options


@contextmanager
def checked(options: Options) -> Generator[None]:
    """Create what output is written to, and check that it can be; then run the block.

    If the block raises an error, as for a run that does not exist, what was created and is still
    empty is removed.

    Raises:
        UsageError: one cannot; the text names the option and the path.
    """
    new: list[Path] = []
    try:
        _check(options, new)
        yield
    except Exception:
        for path in new:
            _remove_empty(path)
        raise


def _check(options: Options, new: list[Path]) -> None:
    for option, folder in (
        ("--results", options.results),
        ("--log", options.log),
        ("--journal", options.journal),
    ):
        if folder is not None:
            _try_folder(option, Path(folder), new)
    if options.joblog is not None:
        _try_file("--joblog", Path(options.joblog), new)
    _try_temporary()


def _remove_empty(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            path.rmdir()
        elif not path.stat().st_size:
            path.unlink()


def _try_folder(option: str, folder: Path, new: list[Path]) -> None:
    try:
        new += [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _refused(option, folder, error) from error


def _try_file(option: str, path: Path, new: list[Path]) -> None:
    try:
        # Not opened for writing if it is there: a pipe would wait for its reader.
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666))
            new.append(path)
        elif path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        elif not os.access(path, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise _refused(option, path, error) from error


def _try_temporary() -> None:
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        raise UsageError(
            f"cannot write temporary files: {error.strerror} (TMPDIR names their folder)"
        ) from error


def _refused(option: str, path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write to {path}, which {option} names: {error.strerror or error}; no run was "
        "created and no task claimed"
    )

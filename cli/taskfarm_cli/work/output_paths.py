"""Check the paths that workTF will write to, before a run is created."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import UsageError

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options


def check(options: Options) -> None:
    """Create the folders for output, and check that each can be written to.

    Raises:
        UsageError: one cannot; the text names the option and the path.
    """
    for option, folder in (
        ("--results", options.results),
        ("--log", options.log),
        ("--journal", options.journal),
    ):
        if folder is not None:
            _try_folder(option, folder)
    if options.joblog is not None:
        _try_file("--joblog", options.joblog)
    _try_temporary()


def _try_folder(option: str, folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _refused(option, folder, error) from error


def _try_file(option: str, path: str) -> None:
    try:
        # Not opened for writing if it is there: a pipe would wait for its reader.
        if not Path(path).exists():
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666))
        elif Path(path).is_dir():
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


def _refused(option: str, path: str, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write to {path}, which {option} names: {error.strerror or error}; no run was "
        "created and no task claimed"
    )

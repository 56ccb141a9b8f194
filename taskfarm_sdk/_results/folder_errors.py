"""The errors of a results folder that the operating system refuses something."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

from taskfarm_sdk.errors import ConfigurationError, TaskfarmError


def cannot_write(path: Path, error: OSError) -> TaskfarmError:
    """Return the error of a results folder that cannot be written."""
    what = error.strerror or str(error)
    advice = "check its disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        advice = "free some space or raise the limit"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = f"make it writable (chmod 700 {shlex.quote(str(path))})"
    elif error.errno in (errno.EMFILE, errno.ENFILE):
        advice = "raise the limit of open files (ulimit -n)"
    elif error.errno in (errno.ENOENT, errno.ESTALE):
        advice = "put back what was removed"
    return TaskfarmError(
        f"results cannot be written to '{path}' ({what}): {advice}, and start the work again; the "
        "results that are there are kept",
        detail=what,
    )


def cannot(verb: str, path: Path, error: OSError) -> ConfigurationError:
    """Return the error of a folder that cannot be used as a verb says."""
    why = error.strerror or str(error)
    return ConfigurationError(f"cannot {verb} '{path}' ({why}): check the path and your rights")

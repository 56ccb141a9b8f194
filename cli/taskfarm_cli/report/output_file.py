"""A file that is written in one step: whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from taskfarm_cli.common.exit_status import CommandError, UsageError


class OutputFile:
    """A new file beside its place, which `replace` moves there; else it is removed at the end.

    Args:
        path: the place. A link is followed.

    Raises:
        CommandError: no file can be written there.
    """

    def __init__(self, path: str) -> None:
        if not path:
            raise UsageError("--report: the name of the file is empty: is a shell variable unset?")
        self._shown = path
        try:
            self._check(Path(path))
            self._path = Path(path).resolve()
            name = f".{self._path.name[:80]}.{os.urandom(6).hex()}.tmp"
            self._temporary: Path | None = self._path.with_name(name)
            # The umask takes its bits from this mode, as for any new file.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self._temporary, flags, 0o666)
        except (OSError, ValueError, RuntimeError) as error:
            raise self._fault(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._temporary is not None:
            # What ended the block is told, and not that its remains cannot be removed.
            with suppress(OSError):
                os.close(self._descriptor)
            with suppress(OSError):
                self._temporary.unlink()

    def replace(self, content: str) -> None:
        """Write the content, and move the file to its place.

        Raises:
            CommandError: it cannot be written.
        """
        assert self._temporary is not None
        left = memoryview(content.encode(errors="backslashreplace"))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
            # Network file systems report a full disk only here, and a file that was there is whole.
            os.fsync(self._descriptor)
            self._temporary.replace(self._path)
        except OSError as error:
            raise self._fault(error) from error
        os.close(self._descriptor)
        self._temporary = None

    def _check(self, path: Path) -> None:
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            return
        # As root, a device would be replaced by the file.
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise UsageError(f"--report: {self._shown!r} is {kind}: name a file")
        if not os.access(path, os.W_OK):
            raise UsageError(f"--report: {self._shown!r} is write-protected: name another file")

    def _fault(self, error: Exception) -> CommandError:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return CommandError(
            f"the report cannot be written to {self._shown!r} ({why}): name a file in a folder "
            "that you can write to"
        )

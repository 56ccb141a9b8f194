"""The file to which a command writes its progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class ProgressFile:
    """The file to which a command writes its progress: a number from 0 to 100, in any form.

    Args:
        path: the file; an earlier command's file is removed.
        update: called with each new number.
    """

    def __init__(self, path: Path, update: Callable[[float], None]) -> None:
        self.path = path
        self._update = update
        self._seen = ""
        path.unlink(missing_ok=True)

    def look(self) -> None:
        """Read the file if it changed; ignore content that is not a number from 0 to 100."""
        with suppress(OSError, ValueError):
            text = self.path.read_text(encoding="utf-8").strip()
            if text and text != self._seen:
                self._seen = text
                percent = float(text.removesuffix("%").split()[-1])
                if 0 <= percent <= 100:
                    self._update(percent)

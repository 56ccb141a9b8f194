"""The file in which a command tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class ProgressFile:
    """The file in which a command tells how far it is: a number from 0 to 100, in any form.

    Args:
        path: the file; one that is there is an earlier command's, and goes.
        update: is told of each new number.
    """

    def __init__(self, path: Path, update: Callable[[float], None]) -> None:
        self.path = path
        self._update = update
        self._seen = ""
        path.unlink(missing_ok=True)

    def look(self) -> None:
        """See whether there is news; what is no number, or half of one, is passed over."""
        with suppress(OSError, ValueError):
            text = self.path.read_text(encoding="utf-8").strip()
            if text and text != self._seen:
                self._seen = text
                percent = float(text.removesuffix("%").split()[-1])
                if 0 <= percent <= 100:
                    self._update(percent)

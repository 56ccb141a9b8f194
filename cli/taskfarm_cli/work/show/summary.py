"""The last words of `workTF --show`: what failed and what is missing, and the exit status."""

from __future__ import annotations

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import command, counted
from taskfarm_cli.work.command_line.arguments import PROGRAM

# Of more items a message names so many.
NAMED_MOST = 20


class Summary:
    """Counts items as they are shown, and names the first without success.

    Args:
        folder: the folder that they are from, as the user named it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._all = 0
        self._failed = _Some()
        self._missing = _Some()

    def succeeded(self) -> None:
        """Count an item that succeeded."""
        self._all += 1

    def failed(self, item: int) -> None:
        """Count an item whose attempts failed."""
        self._all += 1
        self._failed.add(item)

    def missing(self, item: int) -> None:
        """Count an item that nothing is known of."""
        self._all += 1
        self._missing.add(item)

    def end(self, *, has_listed: bool = False) -> ExitStatus:
        """Return the exit status.

        Args:
            has_listed: whether the failed items are what was asked for.

        Raises:
            CommandError: items failed or are missing; the message names them.
        """
        if has_listed and not self._missing.number:
            return ExitStatus.OK
        parts: list[str] = []
        if self._failed.number and not has_listed:
            listing = command(PROGRAM, "--show", self._folder, "--failed")
            parts.append(f"{self._failed.named('failed')} ({listing} says how)")
        if self._missing.number:
            parts.append(self._missing.named("not there, because no attempt has ended"))
        if not parts:
            return ExitStatus.OK
        status = ExitStatus.TASKS_FAILED if self._failed.number else ExitStatus.NOT_FINISHED
        said = "; ".join(parts)
        raise CommandError(
            f"{self._folder}: of {counted(self._all, 'item')}, {said}",
            ExitStatus.NOT_FINISHED if has_listed else status,
        )


class _Some:
    """Numbers of items, of which only the first are kept."""

    def __init__(self) -> None:
        self.number = 0
        self._first: list[int] = []

    def add(self, item: int) -> None:
        self.number += 1
        if len(self._first) < NAMED_MOST:
            self._first.append(item)

    def named(self, how: str) -> str:
        more = self.number - len(self._first)
        names = ", ".join(map(str, self._first)) + (f" and {more:,} more" if more else "")
        return f"{self.number:,} {how}: {names}"

"""Starts `map_script.py` as often as it takes, for tests that end it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.programs import map_script
from tests.support import programs
from tests.support.maps import calls_in
from tests.support.processes import NET_S, alive, wait_until


@attrs.frozen(kw_only=True)
class MapScript:
    """A script that maps, started as often as it takes.

    Attributes:
        server: what the script is told to log in.
        folder: the results folder.
        calls: a folder, which is there, for notes of the calls of its function.
        items: how many.
        chunk: how many items a task has.
        item_s: how long one takes.
    """

    server: Mapping[str, object]
    folder: Path
    calls: Path
    items: int
    chunk: int
    item_s: float

    @property
    def values(self) -> list[int]:
        """What the function returns."""
        return [2 * item for item in range(self.items)]

    def told(self, **more: object) -> dict[str, object]:
        """Return what the script is told."""
        return {
            **self.server,
            "folder": str(self.folder),
            "calls": str(self.calls),
            "items": self.items,
            "chunk": self.chunk,
            "item_s": self.item_s,
            **more,
        }

    @contextmanager
    def script(
        self, *, by: Sequence[str | Path] = programs.PYTHON, **more: object
    ) -> Iterator[subprocess.Popen[str]]:
        """Start the script for the time of a block; see `map_script.Told` for what it is told."""
        with programs.running(
            map_script.__file__,
            told=self.told(**more),
            by=by,
            stderr=subprocess.PIPE,
            new_session=True,
        ) as process:
            yield process

    def wait_for_calls(self, more: int) -> None:
        """Wait until the function was called so many times more."""
        wanted = self.num_calls() + more
        wait_until(lambda: self.num_calls() >= wanted)

    def num_calls(self) -> int:
        """Return how often the function was called."""
        return sum(calls_in(self.calls).values())

    def children(self) -> list[int]:
        """Return the processes that called the function."""
        return [int(file.name) for file in self.calls.iterdir()]

    def living_children(self) -> list[int]:
        """Return those of them that live."""
        return alive(self.children())

    def finish(self, **more: object) -> None:
        """Start the script once more, and let it work to the end."""
        with self.script(**more) as process:  # type: ignore[arg-type]
            self.has_finished(process)

    def has_finished(self, process: subprocess.Popen[str]) -> None:
        """Wait until a script has worked to the end."""
        # An item takes longer on a busy machine.
        out, err = process.communicate(timeout=NET_S + 10 * self.items * self.item_s)
        assert (process.returncode, out.split()) == (0, [str(sum(self.values))]), err

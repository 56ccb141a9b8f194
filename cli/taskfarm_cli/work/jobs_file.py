"""The file of `--jobs-file`: how many commands run at a time, read again during the work."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import counted
from taskfarm_sdk.errors import TaskfarmError

if TYPE_CHECKING:
    from taskfarm_sdk.execution.parts import Jobs

# How often the file is read. Its time of change is not asked for: network file systems may show an
# old one, and two changes within its resolution look like one.
LOOK_EVERY_S = 1.0
# More than any number of jobs needs, and little of a file that was named by mistake.
MOST_BYTES = 64
_NUMBER = re.compile(rb"\s*([0-9]{1,6})(\s*)")
_NO_NUMBER = "holds no number of jobs (0, 1, 2, …)"


class Reading(NamedTuple):
    """What a look at the file found.

    Attributes:
        number: how many jobs it says; None if it says nothing.
        is_whole: whether nothing can be missing at its end, where more digits might follow.
        fault: why it says nothing.
    """

    number: int | None
    is_whole: bool = True
    fault: str = ""


def parsed(content: bytes) -> Reading:
    """Return what a file with this content says."""
    if not content.strip():
        return Reading(None, fault="is empty")
    found = _NUMBER.fullmatch(content)
    if found is None:
        return Reading(None, fault=_NO_NUMBER)
    return Reading(int(found[1]), is_whole=b"\n" in found[2])


def read(path: str) -> Reading:
    """Return what the file says now; a file that cannot be read says nothing."""
    try:
        # A pipe without a writer would make the opening wait.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return Reading(None, fault="is no regular file")
            content = os.read(file, MOST_BYTES + 1)
        finally:
            os.close(file)
    except FileNotFoundError:
        return Reading(None, fault="is not there")
    except OSError as error:
        return Reading(None, fault=f"cannot be read ({error.strerror})")
    return parsed(content) if len(content) <= MOST_BYTES else Reading(None, fault=_NO_NUMBER)


def check(path: str) -> None:
    """Refuse a path at which there can be no such file.

    Raises:
        UsageError: it is a folder, a pipe or a device, or no path.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - an empty path is a fault, not this folder
    except FileNotFoundError:
        if path.strip():
            return
        raise UsageError("--jobs-file needs a file (is a shell variable unset?)") from None
    except OSError as error:
        raise UsageError(f"--jobs-file: cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"--jobs-file: {path} is no regular file: write the number into one")


class JobsFile:
    """The number of jobs that a file says, or said last.

    Editors replace a file or write it anew, so for a moment it may be missing, empty or half
    there: a number without a line end and a fault count when they are seen twice in a row.

    Args:
        path: the file.
        say: shows a message.
    """

    def __init__(self, path: str, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._last: Reading | None = None
        self._is_told = False
        self.number: int = 0

    def first(self, otherwise: Callable[[], int]) -> int:
        """Return the first number, and say it.

        Args:
            otherwise: returns the number if the file does not say one.
        """
        self._last = reading = read(self._path)
        if reading.number is None:
            self.number = otherwise()
            self._tell(reading)
        else:
            self._change(reading.number)
        return self.number

    def look(self) -> int:
        """Read the file, say what has changed, and return the number."""
        reading, before = read(self._path), self._last
        self._last = reading
        if reading != before and (reading.number is None or not reading.is_whole):
            return self.number
        if reading.number is None:
            self._tell(reading)
            return self.number
        self._is_told = False
        if reading.number != self.number:
            self._change(reading.number)
        return self.number

    def _change(self, number: int) -> None:
        self.number = number
        said = f"{self._described()}, as {self._path} says"
        self._say(said if number else f"{said}: running commands go on, and no task is claimed")

    def _tell(self, reading: Reading) -> None:
        """Say once that the file says nothing, until it says something again."""
        if not self._is_told:
            self._is_told = True
            self._say(f"{self._path} {reading.fault}: {self._described()} until it says a number")

    def _described(self) -> str:
        return f"{counted(self.number, 'job')} at a time" if self.number else "paused"


@contextmanager
def followed(
    file: JobsFile | None,
    jobs: Jobs,
    say: Callable[[str], None],
    *,
    paused: Callable[[], None] = lambda: None,
) -> Generator[None]:
    """Have a number of jobs follow a file inside the `with` block.

    Args:
        file: the file; None for a number that does not change.
        jobs: the number.
        say: shows a message.
        paused: called after each look that found 0.
    """
    if file is None:
        yield
        return
    over = threading.Event()

    def follow() -> None:
        while not over.wait(LOOK_EVERY_S):
            try:
                jobs.change(file.look())
            except TaskfarmError as error:
                say(str(error))
            if not jobs.number:
                paused()

    # A daemon: a file system that is away must not hold up the end.
    thread = threading.Thread(target=follow, name="workTF-jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LOOK_EVERY_S)

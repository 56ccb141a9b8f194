"""Engines' processes and folders, which go with the tests that made them, killed ones too.

Nothing tidies up after `kill -9`. So the kernel ends an engine's processes with the tests'. These
hold a lock on the engine's folder, which the kernel frees then too: whoever starts such an engine
next clears the unlocked folders away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def ending_with_tests(words: Sequence[str], how: signal.Signals = signal.SIGKILL) -> Sequence[str]:
    """Return a command that runs another, which gets a signal when the tests' process is gone.

    Args:
        words: the other command.
        how: the signal; where children are to end too, one by which they do.
    """
    setpriv = shutil.which("setpriv")  # Linux alone has it
    if setpriv is None:
        return words
    return [setpriv, "--pdeathsig", how.name.removeprefix("SIG"), *words]


@contextmanager
def engine_folder(
    engine: str, clear_away: Callable[[Path], object] = lambda _: None
) -> Generator[Path]:
    """Make a folder for an engine, which is gone when the block ends.

    Args:
        engine: its name.
        clear_away: ends what is left running of a folder's engine after its tests were killed.
    """
    # Not below pytest's own folder, which the users that some engines run as may not enter.
    root = Path(tempfile.gettempdir())
    prefix = f"taskfarm-tests-{engine}-"
    for left in root.glob(f"{prefix}*"):
        with _lock(left) as is_left:
            if is_left:
                clear_away(left)
                shutil.rmtree(left, ignore_errors=True)
    # It has its name only once it is locked, so that nobody takes it for one that was left.
    new = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=root))
    with _lock(new):
        folder = new.rename(root / new.name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Lock a folder for the block; yield whether that went, and not if it is another user's."""
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(held)

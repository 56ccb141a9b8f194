"""A place to run the commands in with any words: nothing is sent, started or written elsewhere."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

import attrs
import pytest

import taskfarm_sdk.server
from taskfarm_cli.serve import main as serving
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from tests.support.secrecy import PASSWORD, TOKEN

PIPED = "piped-Kd3Wz-of-nobody"
"""The first line of stdin, which is a password."""
SECRETS = (PASSWORD, TOKEN, PIPED)
_HANDLED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Acted(BaseException):
    """A command has passed its checks, and its action begins: it sends, serves or changes users."""


@attrs.frozen
class Ended:
    """How a command ended.

    Attributes:
        status: its exit status; None where its action began.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
    """

    status: int | None
    out: str
    err: str


_times: list[None] = []


def act(*_: object, **__: object) -> NoReturn:
    """Stand in for an action."""
    _times.append(None)
    raise Acted


def times_acted() -> int:
    """Return how often an action has begun in this process."""
    return len(_times)


class _Users:
    """Stands in for what changes the users of a server's database."""

    names = add_user = set_password = remove_user = rotate_key = staticmethod(act)

    def __init__(self, *_: object) -> None:
        pass

    def check_exists(self, *_: object, **__: object) -> None:
        """Let any user be there and not be there."""


@contextmanager
def stubbed(folder: Path) -> Iterator[None]:
    """Let commands and the SDK act only in a folder, and end where they would send a request.

    Args:
        folder: an empty folder; the current folder and the home folder become ones in it.
    """
    here = _filled(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "perform", act)
        patch.setattr(AsyncHttpTransport, "perform", act)
        patch.setattr(serving, "_serve_from", act)
        patch.setattr(taskfarm_sdk.server, "Administration", _Users)
        patch.setenv("TASKFARM_TOKEN", TOKEN)
        patch.setenv("TASKFARM_PASSWORD", PASSWORD)
        patch.setenv("HOME", str(folder / "home"))
        # Neither Slurm's commands nor a browser.
        patch.setenv("PATH", str(folder / "bin"))
        patch.chdir(here)
        handlers = {number: signal.getsignal(number) for number in _HANDLED}
        yield
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _filled(folder: Path) -> Path:
    here = folder / "here"
    for path in (here, folder / "home", folder / "bin", here / "folder"):
        path.mkdir(parents=True)
    (folder / "bin" / "true").symlink_to("/bin/true")
    (here / "inputs.txt").write_text("one\ntwo words\n$(three)\n")
    (here / "bytes.bin").write_bytes(b"\xff\xfe\0\n\r\x1b[2J")
    (here / "items.json").write_text(json.dumps([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]))
    (here / "table.csv").write_text('x,y\n1,"a\nb"\n2,c\n')
    (here / "empty").touch()
    return here


def run(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> Ended:
    """Run a command with words in this process, and return how it ended.

    Args:
        main: the command's main function.
        words: the words after the program's name.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    log = logging.getLogger("taskfarm_sdk")
    before = list(log.handlers)
    status: int | None = None
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(f"{PIPED}\nanother line\n"))
        try:
            status = main(words)
        except Acted:
            pass
        finally:
            log.handlers[:] = before
    return Ended(status, *(_written(stream) for stream in (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer: Any = stream.buffer
    return os.fsdecode(buffer.getvalue())

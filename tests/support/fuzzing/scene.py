"""A place to run the commands in with any words: nothing is sent, started or written elsewhere."""

from __future__ import annotations

import io
import ipaddress
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from email.message import Message
from pathlib import Path
from typing import Any, NoReturn

import attrs
import httpx
import pytest

import taskfarm_sdk.server
from taskfarm_cli.serve import main as serving
from taskfarm_sdk._sansio.clock import SystemClock
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from taskfarm_sdk.server import _listener, _process
from tests.support import journals
from tests.support.fuzzing.words import UUID
from tests.support.results_folders import new_folder, write, write_failure
from tests.support.secrecy import PASSWORD, TOKEN
from tests.support.stub_farm import PREFIX, StubRun
from tests.support.stub_server import Request

PIPED = "piped-Kd3Wz-of-nobody"
"""The first line of stdin, which is a password."""
SECRETS = (PASSWORD, TOKEN, PIPED)
CREATED = "c" * 32
"""The UUID of the run that the server of an answered scene makes."""
_PERFORM = HttpTransport.perform
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


class _NoSubprocess:
    """Stands in for the module, where a server's process would be started."""

    Popen = staticmethod(act)
    DEVNULL = subprocess.DEVNULL


def _loopback_only(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Return a lookup that asks no name server, and finds no address but those of this machine."""

    def found(host: object, port: object, *more: Any, flags: int = 0, **named: Any) -> Any:
        known = lookup(host, port, *more, flags=flags | socket.AI_NUMERICHOST, **named)
        if not all(ipaddress.ip_address(one[4][0]).is_loopback for one in known):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known

    return found


@contextmanager
def answered() -> Iterator[None]:
    """Let a server answer in a `stubbed` scene: it has a finished run, and makes others.

    The commands then end where their work or their page begins.
    """
    there, created = StubRun(uuid=UUID), StubRun(uuid=CREATED)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        creates = request.method == "POST" and path == f"{PREFIX}run"
        if creates:
            created.num_tasks = created.done = json.loads(request.content)["numTasks"]
        run = created if creates or CREATED in path else there
        reply = run.reply(Request("", request.method, path, Message(), request.content))
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    def client(transport: HttpTransport) -> httpx.Client:
        del transport
        return httpx.Client(
            base_url=f"http://h.invalid{PREFIX}", transport=httpx.MockTransport(answer)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "perform", _PERFORM)
        patch.setattr(HttpTransport, "_new", client)
        patch.setattr("taskfarm_cli.work.work_off.work_off", act)
        patch.setattr("taskfarm_sdk._join.joined", act)
        patch.setattr("taskfarm_cli.view.serve._Server.run", act)
        patch.setattr("taskfarm_cli.view.opening.Opening.show", lambda _: True)
        yield


def _wait(_: SystemClock, seconds: float) -> None:
    """Wait for no time, but raise what the system raises for one that it cannot wait for."""
    if not 0 <= seconds <= threading.TIMEOUT_MAX:
        raise OverflowError(f"no system waits for {seconds} s")


def files(folder: Path) -> frozenset[str]:
    """Return the paths of all that is in a folder."""
    return frozenset(
        os.path.join(place, name)  # noqa: PTH118 - for each of thousands of cases
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )


def restore(before: frozenset[str], now: frozenset[str]) -> None:
    """Remove what is new, so that no case meets what another one left."""
    for path in sorted(now - before):
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - as above
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)  # noqa: PTH108 - as above


@contextmanager
def stubbed(folder: Path) -> Iterator[None]:
    """Let commands and the SDK act only in a folder, and end where they would send a request.

    Args:
        folder: an empty folder; the current folder and the home folder become ones in it.
    """
    here = _filled(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "wait", _wait)
        patch.setattr(HttpTransport, "perform", act)
        patch.setattr(AsyncHttpTransport, "perform", act)
        patch.setattr(serving, "_serve_from", act)
        patch.setattr(taskfarm_sdk.server, "Administration", _Users)
        # Neither a query to a name server nor a bound port nor a server's process.
        patch.setattr(socket, "getaddrinfo", _loopback_only(socket.getaddrinfo))
        patch.setattr(_listener, "_bound", act)
        patch.setattr(_process, "subprocess", _NoSubprocess)
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
    (here / "jobs").write_text("2\n")
    with closing(new_folder(here / "results", 2, [1, 2])) as results:
        write(results, {0: "one"})
        write_failure(results, 1, ValueError("no"))
    (here / "journal").mkdir()
    (here / "journal" / "host-1.jsonl").write_text(json.dumps(journals.facts()) + "\n[]\n{")
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
        piped = io.BytesIO(f"{PIPED}\nanother line\n".encode())
        patch.setattr(sys, "stdin", io.TextIOWrapper(piped, "utf-8", "surrogateescape"))
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

"""Hosts for tests: network namespaces on this machine, each with a cable to one switch.

All of it lives in namespaces of its own, so nothing shows in the machine's own network, and tests
that run at the same time have the same addresses without meeting.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.support.daemons import engine_folder
from tests.support.engines import is_missing
from tests.support.processes import NET_S, wait_until


class Host:
    """A machine of its own, as far as the network goes. `hosts` makes them.

    Attributes:
        name: its namespace.
        address: where the others reach it.
    """

    def __init__(self, name: str, address: str, switch: str, port: str) -> None:
        self.name = name
        self.address = address
        self._switch = switch
        self._port = port
        self._started: list[subprocess.Popen[str]] = []

    def start(
        self,
        words: Sequence[object],
        env: Mapping[str, str],
        *,
        stdout: IO[str] | int = subprocess.DEVNULL,
        stderr: IO[str] | int = subprocess.DEVNULL,
        stdin: IO[str] | int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start a program on the host; `env` is what its environment has besides this one's."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *map(str, words)],
            env={**os.environ, **env},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, words: Sequence[object], env: Mapping[str, str]) -> str:
        """Run a program on the host to its end, which is to be a good one; return its output."""
        process = self.start(words, env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=NET_S)
        assert process.returncode == 0, err
        return out

    def cut_off(self) -> None:
        """Pull its cable at the switch: what it sends is lost, and nobody tells it so."""
        self._set_cable("down")

    def join(self) -> None:
        """Plug its cable in again."""
        self._set_cable("up")

    def power_off(self) -> None:
        """Kill everything on it, with no word to anybody: not even closed connections show."""
        self.cut_off()
        self.kill_all()

    def kill_all(self) -> None:
        """Kill all its processes, and return when there are none."""
        _kill_all_in(self.name)
        for process in self._started:
            process.wait(NET_S)
        self._started.clear()

    def unsent(self) -> int:
        """Return how many bytes its kernel still means to send, of closed connections too."""
        listed = _ip("netns", "exec", self.name, "ss", "-Htna").splitlines()
        return sum(int(line.split()[2]) for line in listed if not line.startswith("LISTEN"))

    def _set_cable(self, state: str) -> None:
        _ip("-n", self._switch, "link", "set", self._port, state)


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """Make hosts on one switch; whatever runs on them, and they, are gone when the block ends.

    Skips the test where iproute2 or the right is missing, or fails it where engines must be there.
    """
    if shutil.which("ip") is None or shutil.which("ss") is None:
        is_missing("iproute2", "apt-get install iproute2")
    with ExitStack() as undo:
        # It keeps nothing, but the namespaces have its name, and so go with it.
        prefix = undo.enter_context(engine_folder("netns", _remove_namespaces)).name
        switch = _namespace(undo, f"{prefix}-switch")
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        made = [_host(undo, prefix, switch, number) for number in range(1, count + 1)]
        for host in made:
            undo.callback(host.kill_all)
        yield made


def _host(undo: ExitStack, prefix: str, switch: str, number: int) -> Host:
    name = _namespace(undo, f"{prefix}-host{number}")
    port, address = f"port{number}", f"10.9.8.{number}"
    cable = ("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", port)
    _ip(*cable, "netns", switch)
    _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
    _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", name, "link", "set", device, "up")
    return Host(name, address, switch, port)


def _namespace(undo: ExitStack, name: str) -> str:
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        is_missing("network namespaces", f"none can be made here: {made.stderr.strip()}")
    undo.callback(_ip, "netns", "delete", name)
    return name


def _remove_namespaces(folder: Path) -> None:
    """Remove the namespaces of a folder whose tests were killed before they could."""
    # A line may go on after the name.
    names = [line.split()[0] for line in _ip("netns", "list").splitlines()]
    for name in names:
        if name.startswith(f"{folder.name}-"):
            _kill_all_in(name)
            _ip("netns", "delete", name)


def _kill_all_in(namespace: str) -> None:
    """Kill all processes in a namespace, and return when there are none."""

    def none_is_left() -> bool:
        living = _ip("netns", "pids", namespace).split()
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        return not living

    wait_until(none_is_left)


def _ip(*words: str) -> str:
    done = subprocess.run(
        ["ip", *words], capture_output=True, text=True, check=False, timeout=NET_S
    )
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
    return done.stdout

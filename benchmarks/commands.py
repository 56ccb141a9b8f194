"""Commands worked off by workTF and by those a user would take in its place."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

import attrs

from benchmarks.peers import Peers, debian
from benchmarks.servers import Place

# Runs a command so many times.
Run = Callable[[int, str], None]


@attrs.frozen
class WorkTF:
    """workTF at a server, with a run that it makes itself.

    Attributes:
        peers: where it is installed as users have it.
        place: the server.
        jobs: how many commands at a time.
        chunk: how many commands make a task; None where each is one.
    """

    peers: Peers
    place: Place
    jobs: int
    chunk: int | None = None

    def __call__(self, tasks: int, command: str, *options: str) -> None:
        """Run a command so many times."""
        with (
            tempfile.TemporaryDirectory() as folder,
            self.started(tasks, command, *options, folder=folder) as process,
        ):
            if process.wait() != 0:
                raise RuntimeError(f"workTF ended with {process.returncode}")
        # The server is the benchmark's own, and nobody else uses it meanwhile.
        for run in self.place.farm.runs():
            run.delete()

    def started(
        self, tasks: int, command: str, *options: str, folder: str
    ) -> subprocess.Popen[bytes]:
        """Start it on a command so many times, in a folder."""
        program = self.peers.program("sdk", "workTF")
        number = [f"--num-tasks={tasks}"] if self.chunk is None else self._chunked(tasks, folder)
        words = ["--create", *number, f"--jobs={self.jobs}", *options, "--"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TASKFARM_")}
        return subprocess.Popen(
            [program, *words, *command.split()],
            cwd=folder,
            env=clean | {"TASKFARM_URL": self.place.url, "TASKFARM_TOKEN": self.place.token},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _chunked(self, commands: int, folder: str) -> list[str]:
        inputs = Path(folder) / "inputs"
        inputs.write_text(_numbers(commands))
        return [f"--inputs={inputs}", f"--chunk={self.chunk}"]


def _numbers(count: int) -> str:
    return "".join(f"{number}\n" for number in range(count))


@attrs.frozen
class HyperShell:
    """HyperShell's cluster on this machine, started for the commands as its users do."""

    peers: Peers
    jobs: int
    database: bool

    def __call__(self, tasks: int, command: str) -> None:
        """Run a command so many times."""
        program = self.peers.program("hypershell", "hs")
        with tempfile.TemporaryDirectory() as folder:
            commands = Path(folder) / "commands"
            commands.write_text(f"{command}\n" * tasks)
            database = "--initdb" if self.database else "--no-db"
            subprocess.run(
                # Its port is its own choice; the flush of a bundle is its shortest.
                [program, "cluster", str(commands), f"-N{self.jobs}", database, "--bundlewait=1"],
                env={**os.environ, "HYPERSHELL_SITE": folder, "HYPERSHELL_LOGGING_LEVEL": "ERROR"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )


@attrs.frozen
class GNUParallel:
    """GNU parallel."""

    jobs: int

    def __call__(self, tasks: int, command: str) -> None:
        """Run a command so many times."""
        # -n0: the numbers are no arguments.
        subprocess.run(
            [debian("parallel"), "--will-cite", f"-j{self.jobs}", "-n0", *command.split()],
            input=_numbers(tasks).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )


@attrs.frozen
class Xargs:
    """xargs, which every system has."""

    jobs: int

    def __call__(self, tasks: int, command: str) -> None:
        """Run a command so many times, each with its number behind it."""
        subprocess.run(
            [debian("xargs"), f"-P{self.jobs}", "-n1", *command.split()],
            input=_numbers(tasks).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )


class HyperQueue:
    """HyperQueue, whose server and worker run already, as our server does.

    Use it in a `with`.
    """

    def __init__(self, peers: Peers, jobs: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        program = Path(__file__).with_name("hyperqueue_host.py")
        self._process = subprocess.Popen(
            [peers.program("hyperqueue"), str(program), self._folder.name, str(jobs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, tasks: int, command: str) -> None:
        """Run a command so many times."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{tasks} {command}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("HyperQueue did not run the commands")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
        self._folder.cleanup()

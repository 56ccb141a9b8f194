"""A Slurm of our own on this machine: munged, slurmctld and a slurmd for each node.

`with Cluster() as cluster:` starts it in a temporary folder, on free ports and with a key of its
own, so that several may run at once; leaving ends it with all that it started. It runs as whoever
runs the tests, and needs no root. By hand: `python -m tests.support.slurm_cluster` keeps one until
Ctrl-C.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.daemons import ending_with_tests, engine_folder
from tests.support.ports import kept_ports
from tests.support.processes import NET_S, everybody, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
MUNGE_USER = "munge"
CPUS = 8
CONFIGURATION_FILE = "slurm.conf"
# The same, but commands soon give up on a controller that is away.
IMPATIENT_FILE = "impatient.conf"

# What takes minutes on a real cluster takes seconds here; but a job's processes have long to end
# after SIGTERM, and nodes to answer, for on a busy machine both are slow.
CONFIGURATION = """\
ClusterName=taskfarm
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1,\
default_queue_depth=1000
KillWait=60
MessageTimeout=30
SlurmdTimeout=300
MinJobAge=300
InactiveLimit=0
Waittime=0
UnkillableStepTimeout=60
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} \
CoresPerSocket={cpus} RealMemory=2000\n"


def missing() -> str | None:
    """Return why there can be no cluster here, or None."""
    if sys.platform != "linux":
        return "Slurm's daemons need Linux"
    gone = [program for program in PROGRAMS if _found(program) is None]
    if gone:
        return f"there is no {gone[0]}: apt-get install --no-install-recommends " + " ".join(
            PACKAGES
        )
    return None


def _found(program: str) -> str | None:
    """Return where a program is; those of administrators are not on everybody's PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


class Cluster:
    """Slurm on this machine, for the time of a `with`.

    Args:
        nodes: how many nodes it has, each with `CPUS` CPUs to give.
    """

    def __init__(self, nodes: int = 2) -> None:
        self.nodes: tuple[str, ...] = tuple(f"node{number}" for number in range(1, nodes + 1))
        self.folder = Path()
        self._undo = ExitStack()
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes Slurm's commands ask this cluster."""
        return {"SLURM_CONF": self._configuration}

    @property
    def impatient_environment(self) -> Mapping[str, str]:
        """What makes them ask it, and soon give up where the controller is away."""
        return {"SLURM_CONF": str(self.folder / IMPATIENT_FILE)}

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.folder = undo.enter_context(engine_folder("slurm", end_all_of))
            ports = undo.enter_context(kept_ports(1 + len(self.nodes)))
            undo.callback(self._end)
            self._configure(ports)
            self._start_munge()
            self._start_controller()
            for node in self.nodes:
                self.start_node(node)
            wait_until(self._are_idle)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo.close()

    def run(self, *words: str) -> str:
        """Run one of Slurm's commands, and return what it prints."""
        done = subprocess.run(
            words,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}"
        return done.stdout

    def states(self) -> Mapping[str, str]:
        """Return the state of each node, as sinfo has it."""
        lines = self.run("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        return {line.split()[0]: line.split()[1] for line in lines}

    def jobs(self, job: str | None = None) -> list[tuple[str, str]]:
        """Return index and state of each element of an array (of all arrays), ended ones too."""
        words = ["squeue", "--noheader", "--array", "--states=all", "--format=%F %K %T"]
        rows = [line.split() for line in self.run(*words).splitlines()]
        return sorted((index, state) for of, index, state in rows if job in (None, of))

    def raw_id(self, element: str) -> str:
        """Return the id that an element of an array has as a job of its own."""
        words = ("squeue", "--noheader", "--states=all", f"--jobs={element}", "--format=%A")
        return self.run(*words).strip()

    def start_now(self, element: str) -> None:
        """Have a requeued job start, for which Slurm waits two minutes otherwise."""
        wait_until(lambda: self._state(element) == "PENDING")
        # A node refuses a job that begins in the very second in which it was killed there, by the
        # controller's clock or its own; the two minutes keep real clusters clear of that.
        killed_by = int(time.time()) + 1
        wait_until(lambda: time.time() > killed_by + 1)
        self.run("scontrol", "update", f"JobId={element}", "StartTime=now")

    def _state(self, element: str) -> str:
        words = ("squeue", "--noheader", "--states=all", f"--jobs={element}", "--format=%T")
        return self.run(*words).strip()

    def clear(self) -> None:
        """Cancel all jobs, and return when they are gone and all nodes are idle."""
        for node in self.nodes:
            if f"slurmd {node}" not in self._daemons:
                self.start_node(node)
        self.run("scancel", f"--user={os.getuid()}")
        wait_until(lambda: not self.run("squeue", "--noheader"))
        wait_until(self._are_idle)

    def _are_idle(self) -> bool:
        states = self.states()
        for node in [node for node, state in states.items() if state.startswith("down")]:
            with suppress(AssertionError):  # it may have come back by itself meanwhile
                self.run("scontrol", "update", f"NodeName={node}", "State=RESUME")
        return set(states.values()) == {"idle"}

    def start_node(self, name: str) -> None:
        """Start a node's slurmd."""
        self._start(f"slurmd {name}", "slurmd", "-D", "-N", name, "-f", self._configuration)

    def kill_daemon(self, name: str) -> None:
        """Kill a node's slurmd; what it has started goes on."""
        self._kill(f"slurmd {name}")

    def kill_node(self, name: str) -> None:
        """Kill a node's slurmd and all that it runs, as if the machine had lost its power."""
        self.kill_daemon(name)
        parents = {process.pid: process.parent for process in everybody()}
        mark = f"SLURMD_NODENAME={name}\0"
        # Another cluster may have a node of this name.
        marked = {
            pid: parents[pid]
            for pid in self._ours()
            if pid in parents and mark in _environment(pid)
        }
        # The steps' own processes first, which would report what becomes of the rest.
        steps = [parent for parent in marked.values() if b"slurmstepd" in _command_line(parent)]
        for pid in (*steps, *marked):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop_controller(self) -> None:
        """Stop the controller, whose state stays.

        A killed one might not have written down yet which jobs have begun, and kill them later.
        """
        self._daemons["slurmctld"].terminate()
        self._daemons.pop("slurmctld").wait(NET_S)

    def start_controller(self) -> None:
        """Start the controller again."""
        self._start_controller()

    @property
    def _configuration(self) -> str:
        return str(self.folder / CONFIGURATION_FILE)

    def _configure(self, ports: Sequence[int]) -> None:
        self.folder.chmod(0o711)
        (self.folder / "state").mkdir()
        for node in self.nodes:
            (self.folder / f"spool-{node}").mkdir()
        host = socket.gethostname()
        nodes = "".join(
            NODE.format(name=name, host=host, port=port, cpus=CPUS)
            for name, port in zip(self.nodes, ports[1:], strict=True)
        )
        user = pwd.getpwuid(os.geteuid()).pw_name
        text = CONFIGURATION.format(host=host, user=user, ctld_port=ports[0], folder=self.folder)
        head, _, partition = text.rpartition("PartitionName")
        whole = f"{head}{nodes}PartitionName{partition}"
        Path(self._configuration).write_text(whole)
        impatient = re.sub("MessageTimeout=.*", "MessageTimeout=2", whole)
        (self.folder / IMPATIENT_FILE).write_text(impatient)

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        folder.mkdir(0o755)
        key = folder / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        # It refuses to be root's.
        user = MUNGE_USER if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(folder, user, user)
            shutil.chown(key, user, user)
        names = ("socket", "key-file", "pid-file", "log-file", "seed-file")
        files = [f"--{name}={folder / name.removesuffix('-file')}" for name in names]
        self._start("munged", "munged", "--foreground", *files, user=user)
        wait_until((folder / "socket").exists)

    def _start_controller(self) -> None:
        self._start("slurmctld", "slurmctld", "-D", "-f", self._configuration)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._daemons["slurmctld"].poll() is None, self._said("slurmctld.log")
        done = subprocess.run(
            ["scontrol", "ping"],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return "is UP" in done.stdout

    def _said(self, log: str) -> str:
        path = self.folder / log
        return path.read_text(errors="replace")[-2000:] if path.exists() else "nothing"

    def _start(self, name: str, *words: str, user: str | None = None) -> None:
        output = (self.folder / f"{name.replace(' ', '-')}.out").open("ab")
        with output:
            self._daemons[name] = subprocess.Popen(
                ending_with_tests([_found(words[0]) or words[0], *words[1:]]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd="/",
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is not None:
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()

    def _end(self) -> None:
        for name in list(self._daemons):
            self._kill(name)
        end_all_of(self.folder)

    def _ours(self) -> list[int]:
        """Return the processes of this cluster: daemons, and jobs with all that they started."""
        return _all_of(self.folder)


def end_all_of(folder: Path) -> None:
    """Kill all processes of a folder's cluster, and return when there are none."""

    # Steps are no children of slurmd, and commands none of theirs that died.
    def none_is_left() -> bool:
        left = _all_of(folder)
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return not left

    wait_until(none_is_left)


def _all_of(folder: Path) -> list[int]:
    mark = f"\0SLURM_CONF={folder}/"
    return [p.pid for p in everybody() if mark in _environment(p.pid) and _is_of_slurm(p.pid)]


def _is_of_slurm(pid: int) -> bool:
    """Return whether a process is no other one of somebody whose shell has SLURM_CONF set."""
    words = _command_line(pid).split(b"\0")
    name = Path(words[0].decode(errors="replace")).name
    is_daemon = name in PROGRAMS or name.startswith("slurmstepd")
    return is_daemon or b"--slurm" in words or "\0SLURM_JOB_ID=" in _environment(pid)


def _environment(pid: int) -> str:
    """Return a process's variables, each with a zero byte before and after it."""
    try:
        return "\0" + Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def main() -> None:
    """Keep a cluster until Ctrl-C."""
    with Cluster() as cluster:
        print(*(f"export {name}={value}" for name, value in cluster.environment.items()), sep="\n")
        print(f"# {len(cluster.nodes)} nodes; Ctrl-C ends it", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()

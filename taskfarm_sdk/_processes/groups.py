"""A child process and its descendants, as one process group that is killed as a whole."""

from __future__ import annotations

import atexit
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from taskfarm_sdk._logging import log
from taskfarm_sdk._processes import guardian, limits
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, Veil

# How long to wait for a killed process group to end; a process can hang in the kernel.
GONE_AFTER_S = 5.0
LOOK_EVERY_S = 0.01

# Credentials are not passed to processes that only compute.
SECRETS = ("TASKFARM_PASSWORD", "TASKFARM_TOKEN")

Stream = int | IO[bytes] | None


def plain_environment() -> Hidden[Mapping[str, str]]:
    """Return this process's environment without the credentials for the farm.

    It is hidden, because it may contain a proxy's or a database's password.
    """
    return Hidden({name: text for name, text in os.environ.items() if name not in SECRETS})


class Group:
    """A child process that leads its own process group.

    Signals of the terminal do not reach it; the caller forwards them. If this process ends, even by
    SIGKILL, the whole group is killed.

    Args:
        argv: the program and its arguments.
        env: its environment; None is this process's own.
        cwd: its working directory; None is this process's own.
        stdin: its standard input; empty by default.
        stdout: its standard output; None is this process's own.
        stderr: its standard error; None is this process's own.
        pass_fds: further descriptors that it inherits.
        open_files: its soft limit of open files; None is this process's own.

    Raises:
        OSError: the program does not exist or cannot be executed.
        ConfigurationError: this operating system has no process groups.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Hidden[Mapping[str, str]] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
        pass_fds: Sequence[int] = (),
        open_files: int | None = None,
    ) -> None:
        self._guard = _guard()
        self._lock = threading.Lock()
        self._refused = False
        given = Hidden(os.environ) if env is None else env
        with Veil():
            self._popen = subprocess.Popen(  # noqa: S603 - the caller chooses the program
                argv,
                env={**given.reveal(), guardian.MARK: self._guard.mark},
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
                process_group=0,
                preexec_fn=None if open_files is None else limits.lowering(open_files),  # noqa: PLW1509
            )
        self.pid: int = self._popen.pid
        self._guard.tell("+", self.pid)

    def poll(self) -> int | None:
        """Return the exit status as `wait` does, or None while the process runs."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None, readable: Sequence[int] = ()) -> int | None:
        """Wait until the process has ended, then kill the rest of its group.

        Args:
            timeout_s: the time limit in seconds; None waits for ever.
            readable: return also once one of these descriptors can be read.

        Returns:
            Its exit status, the negative number of the signal that ended it, or None while it
            runs.
        """
        if self._popen.returncode is None and not _has_ended(
            self.pid, self._popen, timeout_s, readable
        ):
            return None
        with self._lock:
            if self._popen.returncode is None:
                # Before `wait` reaps it: until then no other group can get its number, so no
                # other group is killed.
                self._kill()
                self._popen.wait()
        return self._popen.returncode

    def signal(self, number: int) -> None:
        """Send signal `number` to the whole group, if the process still runs.

        Stopped processes are continued, because they would not notice the signal before.
        """
        with self._lock:
            if self._popen.returncode is None:
                self._send(number)
                if number != signal.SIGKILL:
                    self._send(signal.SIGCONT)

    def stopped_by(self) -> int | None:
        """Return the signal that the process is stopped by, or None if it is not stopped."""
        if not hasattr(os, "waitid"):
            return None
        with self._lock, suppress(ChildProcessError):
            if self._popen.returncode is None:
                flags = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
                seen = os.waitid(os.P_PID, self.pid, flags)
                return None if seen is None else seen.si_status
        return None

    def kill(self) -> int:
        """Kill the whole group, and return when all its processes are dead.

        Returns:
            The exit status, as `wait` returns it.
        """
        self.signal(signal.SIGKILL)
        status = self.wait()
        assert status is not None
        wait_until_gone(self.pid)
        self._guard.tell("-", self.pid)
        return status

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _send(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            if not self._refused:
                self._refused = True
                log.warning(
                    "process group %d may not be signalled (a setuid program?): only its own end "
                    "ends it",
                    self.pid,
                )


def _has_ended(
    pid: int, popen: subprocess.Popen[bytes], timeout_s: float | None, readable: Sequence[int]
) -> bool:
    poller = select.poll()
    for descriptor in readable:
        poller.register(descriptor, select.POLLIN)
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            return _has_ended_by_pidfd(pid, poller, timeout_s)
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    while not _is_waitable(pid, popen):
        if ends_at is not None and time.monotonic() >= ends_at:
            return False
        if poller.poll(LOOK_EVERY_S * 1000):
            return _is_waitable(pid, popen)
    return True


def _has_ended_by_pidfd(pid: int, poller: select.poll, timeout_s: float | None) -> bool:
    descriptor = os.pidfd_open(pid)
    try:
        poller.register(descriptor, select.POLLIN)
        ready = poller.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)
        return any(there == descriptor for there, _ in ready)
    finally:
        poller.unregister(descriptor)
        os.close(descriptor)


def _is_waitable(pid: int, popen: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):
        return popen.poll() is not None
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True  # another thread has reaped it


def wait_until_gone(group: int) -> None:
    """Return when no process of a killed group is left, or after `GONE_AFTER_S`."""
    ends_at = time.monotonic() + GONE_AFTER_S
    while _lives(group):
        if time.monotonic() > ends_at:
            log.warning("process group %d was killed but has not ended", group)
            return
        time.sleep(LOOK_EVERY_S)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the number was reused for another user's group
    # killpg counts zombies, which in a container may never be reaped.
    try:
        pids = [name for name in os.listdir(guardian.PROC) if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return True  # no such folder, or no descriptor left to look into it
    return any(_is_member(guardian.PROC / pid / "stat", group) for pid in pids)


def _is_member(stat: Path, group: int) -> bool:
    try:
        # The name, in brackets, may itself contain spaces and brackets.
        state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False
    return int(of_group) == group and state not in "ZX"


class _Guard:
    """The guardian process of this process."""

    def __init__(self) -> None:
        self.of = os.getpid()
        self.mark = secrets.token_hex(8)
        self._lock = threading.Lock()
        with Veil():
            self._process = subprocess.Popen(  # noqa: S603 - the SDK's own program
                [sys.executable, "-I", "-S", guardian.__file__, self.mark],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=plain_environment().reveal(),
                cwd="/",
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End the guardian, after it has killed the groups that are left."""
        stdin = self._process.stdin
        if self.of != os.getpid() or stdin is None or stdin.closed:
            return
        with suppress(OSError):
            os.write(stdin.fileno(), guardian.ENDED.encode())
        stdin.close()
        self._process.wait()

    def tell(self, what: str, group: int) -> None:
        """Report a group that was started ("+") or has ended ("-")."""
        stdin = self._process.stdin
        assert stdin is not None
        with self._lock, suppress(BrokenPipeError):
            os.write(stdin.fileno(), f"{what}{group}\n".encode())


_guarding = threading.Lock()
_guard_there: _Guard | None = None


def _guard() -> _Guard:
    global _guard_there  # noqa: PLW0603 - one guardian for the whole process
    if sys.platform == "win32":
        raise ConfigurationError(
            "child processes of workers need Linux or macOS: pass an executor to run.work, or use "
            "run.worker()"
        )
    with _guarding:
        if _guard_there is None or _guard_there.of != os.getpid():
            _guard_there = _Guard()
        return _guard_there

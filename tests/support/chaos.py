"""A proxy that lets many requests go wrong, drawn by a seed, and watches what it passes on."""

from __future__ import annotations

import json
import random
import re
import threading

import attrs

from tests.support.fault_proxy import Fault, FaultProxy, Seen

FAULTS = {
    Fault.LOST_BEFORE: 0.10,
    Fault.LOST_AFTER: 0.10,
    Fault.UNAVAILABLE: 0.10,
    Fault.STALLED: 0.05,
}
TASK = re.compile(r"/tasks/(\d+)$")
HAND_OUT = re.compile(r"^POST .*/task$")


@attrs.define(eq=False)
class Passed:
    """A request that was passed on to the server.

    Attributes:
        seen: the request.
        begun: its place in the order of all beginnings and ends.
        ended: the same for its answer; 0 until there is one.
        number: the task that it is about, or that was handed out.
    """

    seen: Seen
    begun: int
    ended: int = 0
    number: int | None = None

    @property
    def status(self) -> object:
        """The task's status that it sets, if it sets one."""
        body = self.seen.body
        return body.get("status") if self.seen.method == "PUT" and isinstance(body, dict) else None

    @property
    def completes(self) -> bool:
        """Whether the server was told by it, and said yes, that a task succeeded."""
        body = self.seen.body
        return self.status == "done" and isinstance(body, dict) and body["percentCompleted"] == 100


class Watched(FaultProxy):
    """A proxy that watches what becomes of the tasks.

    Attributes:
        passed: what was passed on to the server.
        failed: what of it the server answered by an error of its own.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.passed: list[Passed] = []
        self.failed: list[Passed] = []
        self._moment = 0
        self._watching = threading.Lock()
        self._open: dict[int, Passed] = {}
        self.before_passing_on = self._begin
        self.after_passing_on = self._end

    def reopened(self) -> list[str]:
        """Return what set a task to anything but done, or handed it out, once it was completed."""
        with self._watching:
            passed = list(self.passed)
        done: dict[int, int] = {}
        for one in passed:
            if one.completes and one.number is not None and one.ended:
                done[one.number] = min(done.get(one.number, one.ended), one.ended)
        return [
            f"task {one.number}: {one.seen.line} {one.seen.body}"
            for one in passed
            if one.number in done
            and one.begun > done[one.number]
            and (one.status in {"waiting", "computing"} or HAND_OUT.search(one.seen.line))
        ]

    def _begin(self, seen: Seen) -> None:
        found = TASK.search(seen.path)
        with self._watching:
            self._moment += 1
            one = Passed(seen, self._moment, number=int(found[1]) if found else None)
            self.passed.append(one)
            self._open[id(seen)] = one

    def _end(self, seen: Seen, status: int, content: bytes) -> None:
        with self._watching:
            self._moment += 1
            one = self._open.pop(id(seen))
            if status < 300:
                one.ended = self._moment
            if status >= 500:
                self.failed.append(one)
            if status == 201 and HAND_OUT.search(seen.line):
                one.number = json.loads(content)["task"]


class ChaosProxy(Watched):
    """Lets requests go wrong as often as `FAULTS` says.

    Args:
        upstream: the URL of the real server's API.
        seed: of the draws; which request meets which is a matter of the requests' order.
    """

    def __init__(self, upstream: str, seed: int) -> None:
        super().__init__(upstream)
        self._chance = random.Random(seed)

    def take_fault(self, seen: Seen) -> tuple[Fault | None, dict[str, str]]:
        """Note a request, and draw what is to become of it."""
        with self._watching:
            drawn = self._chance.random()
        super().take_fault(seen)
        for fault, share in FAULTS.items():
            if drawn < share:
                return fault, {}
            drawn -= share
        return None, {}

"""Clients that wait long for each reply but the one that the fault proxy holds back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from taskfarm_sdk._transport import senders
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import wait_until

READ_TIMEOUT_S = 0.01


def time_out_where_stalled(monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy) -> None:
    """Let the time for a reply be over once the proxy stalls the request, and no other's.

    A short timeout of the farm would do on a quiet machine: on a busy one it is too short for
    requests that are answered, and over before the proxy has read the one to stall.
    """
    make = senders._request
    stalled = 0

    def limit(*words: Any) -> httpx.Request:
        nonlocal stalled
        request = make(*words)
        line = f"{request.method} {request.url.raw_path.decode()}"
        if proxy.next_fault(line) is not Fault.STALLED:
            return request
        stalled += 1
        number, traced = stalled, request.extensions["trace"]

        def trace(event: str, info: dict[str, Any]) -> None:
            traced(event, info)
            if event.endswith("receive_response_headers.started"):
                wait_until(lambda: proxy.stalled == number)

        request.extensions["trace"] = trace
        request.extensions["timeout"] = {**request.extensions["timeout"], "read": READ_TIMEOUT_S}
        return request

    monkeypatch.setattr(senders, "_request", limit)

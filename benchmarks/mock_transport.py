"""A farm of this SDK, and a bare httpx client, whose requests never leave the process."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from taskfarm_sdk import Farm

URL = "http://127.0.0.1:9/api/"
Answer = Callable[[httpx.Request], httpx.Response]


def farm_answered_by(answer: Answer) -> Farm:
    """Return a Farm with a transport that answers by itself."""
    farm = Farm(URL, token="token")  # noqa: S106 - there is no server
    client = farm._link.wire._get()
    client._transport = httpx.MockTransport(answer)
    client._mounts = {}
    return farm


def bare_answered_by(answer: Answer) -> httpx.Client:
    """Return a bare client with such a transport."""
    return httpx.Client(base_url=URL, auth=("token", ""), transport=httpx.MockTransport(answer))

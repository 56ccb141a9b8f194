"""Have the kernel drop data that could not be sent in time.

What a cut network holds up goes on waiting in the kernel, for minutes, and that of connections
closed meanwhile too. A report of a task that lands so late overwrites what others made of it.
"""

from __future__ import annotations

import socket
from typing import Any

# As httpx's transport names the moment.
CONNECTED = "connection.connect_tcp.complete"
UNACKNOWLEDGED_MOST_S = 10.0


class TcpUserTimeout:
    """Sees to it for a client's connections, of which it is told what happens to them.

    Args:
        timeout_s: after how long a client gives up a request.
    """

    def __init__(self, timeout_s: float) -> None:
        self._most_ms = max(1, int(min(timeout_s, UNACKNOWLEDGED_MOST_S) * 1000))

    def on_event(self, event: str, facts: dict[str, Any]) -> None:
        """Take note of what happens to a connection."""
        if event == CONNECTED:
            self.limit(facts["return_value"].get_extra_info("socket"))

    def limit(self, connection: socket.socket | None) -> None:
        """Have the kernel drop what the server does not acknowledge, and the connection with it."""
        option: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux alone has it
        if connection is not None and option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, self._most_ms)

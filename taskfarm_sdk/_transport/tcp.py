"""Let the kernel drop data that could not be sent in time.

After a network failure, unsent data waits in the kernel for minutes, even that of connections
closed since. A report that arrives this late overwrites the work of other workers.
"""

from __future__ import annotations

import socket
from typing import Any

# The name of httpcore's trace event.
CONNECTED = "connection.connect_tcp.complete"
UNACKNOWLEDGED_MOST_S = 10.0


class TcpUserTimeout:
    """Set the limit on a client's connections, from their trace events.

    Args:
        timeout_s: the time limit of the client's requests, in seconds.
    """

    def __init__(self, timeout_s: float) -> None:
        self._most_ms = max(1, int(min(timeout_s, UNACKNOWLEDGED_MOST_S) * 1000))

    def on_event(self, event: str, facts: dict[str, Any]) -> None:
        """Set the limit on a connection that was opened."""
        if event == CONNECTED:
            self.limit(facts["return_value"].get_extra_info("socket"))

    def limit(self, connection: socket.socket | None) -> None:
        """Let the kernel drop unacknowledged data, together with the connection."""
        option: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)  # only on Linux
        if connection is not None and option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, self._most_ms)

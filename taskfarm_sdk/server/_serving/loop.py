"""A WSGI server that calls the application with whole requests only, one at a time.

waitress reads requests and writes replies in one loop, and hands whole requests to threads. Here
there are no threads: the loop itself calls the application, so that no client can hold up the
others by sending slowly, or not at all. `Limits` bounds how long and how large a request may be.
"""

from __future__ import annotations

import collections
import socket
import time
from typing import TYPE_CHECKING, Any

from .access_log import line
from .connections import Channel, Settings
from .waitress_parts import BaseWSGIServer, Task, TcpWSGIServer, UnixWSGIServer, close_all, poll2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .limits import Limits

BACKLOG = 1024
# So many are accepted before the others are read again.
ACCEPTED_AT_ONCE = 64
# Never reached: these would write to a file, or wait for a thread that is not there.
UNREACHABLE = 1 << 40
# How long a stopping server waits for the rest of a request.
STOPPING_READ_S = 1.0


class _Server(BaseWSGIServer):
    """What servers of both kinds do beside waitress's."""

    channel_class = Channel
    active_channels: dict[int, Channel]

    def pull_trigger(self) -> None:
        """Wake up no loop: the one that waitress means called the application itself."""

    def maintenance(self, now: float) -> None:
        """Leave this to the loop."""

    def handle_accept(self) -> None:
        """Accept some of the connections that wait."""
        self.accept_waiting(ACCEPTED_AT_ONCE)

    def handle_error(self) -> None:
        """Go on listening, whatever went wrong with one connection."""

    def accept_waiting(self, most: int) -> None:
        """Accept at most so many connections."""
        for _ in range(most):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return


class TcpServer(_Server, TcpWSGIServer):
    """A listener of TCP."""


class UnixServer(_Server, UnixWSGIServer):
    """A listener in the file system."""


class Loop:
    """The loop that reads, answers and writes; it listens as soon as it is made.

    Args:
        application: the WSGI application.
        listeners: bound sockets.
        limits: what clients may take.
        log: writes a line of the access log; None writes none.
        clock: the time in seconds.

    Raises:
        OSError: a socket cannot listen, such as `EADDRINUSE`.
    """

    def __init__(
        self,
        application: object,
        listeners: Iterable[socket.socket],
        limits: Limits,
        *,
        log: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.stopping = False
        self._log = log
        self._sockets: dict[int, Any] = {}
        self._whole: collections.deque[Channel] = collections.deque()
        self._looked_at = clock()
        settings = _settings(limits, clock)
        self._servers = [
            _listen(application, listener, settings, self._sockets, self) for listener in listeners
        ]

    @property
    def channels(self) -> list[Channel]:
        """All connections."""
        return [one for server in self._servers for one in server.active_channels.values()]

    def add_task(self, channel: Channel) -> None:
        """Let a connection's next request be answered; waitress calls this."""
        self._whole.append(channel)

    def run(self) -> None:
        """Serve until `stop` is called."""
        while not self.stopping:
            self.step(1.0)

    def stop(self) -> None:
        """Let `run` return; a signal's handler may call this, and more than once."""
        if not self.stopping:
            self.stopping = True
            self._servers[0].trigger.pull_trigger()

    def step(self, timeout_s: float) -> None:
        """Read and write what can be, and answer each connection's next whole request.

        Args:
            timeout_s: how long to wait for something to do.
        """
        ready = any(not channel.total_outbufs_len for channel in self._whole)
        poll2(0 if ready else timeout_s, self._sockets)
        for _ in range(len(self._whole)):
            channel = self._whole.popleft()
            if channel.total_outbufs_len and channel.connected:
                self._whole.append(channel)  # its last reply first, or replies would pile up
            else:
                channel.service()
        self._keep_limits()

    def drain(self, grace_s: float) -> None:
        """Accept who has connected already, answer all requests, and close everything.

        Args:
            grace_s: the most seconds that this may take.
        """
        self.stopping = True
        for server in self._servers:
            server.accept_waiting(2 * BACKLOG)
            server.del_channel()
            server.socket.close()
        began_at = self.clock()
        self.step(0)
        while self.channels and self.clock() - began_at < grace_s:
            patient = self.clock() - began_at < STOPPING_READ_S
            for channel in self.channels:
                if channel.quiet and not (patient and _may_ask(channel)):
                    channel.close_now()
            if self.channels:
                self.step(0.1)
        close_all(self._sockets, ignore_all=True)

    def log(self, task: Task, took_s: float) -> None:
        """Write a line about one request."""
        if self._log is None:
            return
        asked = task.request
        method, target = getattr(asked, "command", "-"), getattr(asked, "request_uri", "-")
        request = (method, target, f"HTTP/{asked.version}")
        host = str(task.channel.addr[0])
        self._log(line(host, request, task.status, task.content_bytes_written, took_s))

    def _keep_limits(self) -> None:
        """Close the connections that exceed a limit."""
        channels = self.channels
        if (surplus := len(channels) - self.limits.connections) > 0:
            quiet = sorted((one for one in channels if one.quiet), key=lambda one: one.moved_at)
            _close(quiet[:surplus])
        unread = sum(channel.held_bytes for channel in channels)
        if unread > self.limits.unread_bytes:
            _close([max(channels, key=lambda one: one.held_bytes)])
        now = self.clock()
        if now - self._looked_at >= 1.0:
            self._looked_at = now
            _close([channel for channel in channels if channel.overdue(now)])


def _may_ask(channel: Channel) -> bool:
    """Return whether the rest of a request is to be expected of a quiet connection."""
    return not channel.dropping and (channel.request is not None or not channel.answered)


def _close(channels: Sequence[Channel]) -> None:
    for channel in channels:
        if channel.connected:
            channel.close_now()


def _settings(limits: Limits, clock: Callable[[], float]) -> Settings:
    return Settings(
        clock,
        backlog=BACKLOG,
        # Reached only if more than the surplus cannot be closed, because all are being answered.
        connection_limit=limits.connections + 2 * ACCEPTED_AT_ONCE,
        # waitress counts from the first byte that is too many.
        max_request_body_size=limits.body_bytes + 1,
        max_request_header_size=limits.header_bytes,
        inbuf_overflow=UNREACHABLE,
        outbuf_overflow=UNREACHABLE,
        outbuf_high_watermark=UNREACHABLE,
        log_socket_errors=False,
        # The application reads no header of a proxy.
        clear_untrusted_proxy_headers=False,
        ident="taskfarm",
    )


def _listen(
    application: object,
    listener: socket.socket,
    settings: Settings,
    sockets: dict[int, Any],
    loop: Loop,
) -> _Server:
    kind: type[_Server] = UnixServer if listener.family == socket.AF_UNIX else TcpServer
    return kind(
        application,
        sockets,
        _sock=listener,
        dispatcher=loop,
        adj=settings,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        bind_socket=False,
    )

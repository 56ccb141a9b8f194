"""Connections of a server that reads requests whole, their requests and their replies."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Protocol

from .waitress_parts import (
    Adjustments,
    ErrorTask,
    HTTPChannel,
    HTTPRequestParser,
    ParsingError,
    Task,
    WSGITask,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .limits import Limits

DROPPED_AT_ONCE = 65536
SENT_AT_ONCE = 262_144


class Settings(Adjustments):
    """waitress's settings, with a clock.

    Args:
        clock: the time in seconds.
        settings: those of waitress.
    """

    def __init__(self, clock: Callable[[], float], **settings: object) -> None:
        super().__init__(**settings)
        self.clock = clock


class Host(Protocol):
    """The loop, as a connection sees it."""

    limits: Limits
    clock: Callable[[], float]
    stopping: bool

    def log(self, task: Task, took_s: float) -> None:
        """Write a line about one request."""


class Request(HTTPRequestParser):
    """A request that is being read."""

    def __init__(self, adj: Settings) -> None:
        super().__init__(adj)
        self.began_at = adj.clock()

    @property
    def held_bytes(self) -> int:
        """How much memory its parts take."""
        return len(self.header_plus) + self.body_bytes_received

    def received(self, data: bytes) -> int:
        """Read a part, and return how much of it belongs to this request."""
        used = super().received(data)
        if self.error is not None:
            self.expect_continue = False  # waitress would ask for the body of a refused request
            if self.error.code == 413:
                most = self.adj.max_request_body_size - 1
                self.error.body = f"the body of a request may have {most} bytes"
        return used

    def parse_header(self, header_plus: bytes) -> None:
        """Parse a header; whatever is wrong with it is the client's error."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # such as a length of 5,000 digits, or a port that is a word
            raise ParsingError("the header is invalid") from error


class _Told(Task):
    """What replies of both kinds do beside waitress's."""

    channel: Channel

    def start(self) -> None:
        """Begin a reply, which is the connection's last one if the server is stopping."""
        super().start()
        if self.channel.loop.stopping:
            self.set_close_on_finish()

    def service(self) -> None:
        """Make the reply, and write a line about it to the access log."""
        loop = self.channel.loop
        began_at = loop.clock()
        super().service()
        loop.log(self, loop.clock() - began_at)


class Answer(_Told, WSGITask):
    """The application's reply to a request."""

    def set_close_on_finish(self) -> None:
        """Close the connection after the reply, unless it only lacks a length that it needs not.

        A reply that cannot have a body ends with its header. waitress would close after each, and
        a worker, whose completions are answered so, would connect again for each task.
        """
        closes = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or self.version != "1.1" or closes:
            super().set_close_on_finish()


class Refusal(_Told, ErrorTask):
    """The reply to a request that was refused before it was whole."""

    def start(self) -> None:
        """Begin the reply, after which the rest of the request is dropped."""
        super().start()
        self.channel.lingers = True


class Channel(HTTPChannel):
    """A connection.

    Attributes:
        loop: the loop that it belongs to.
        moved_at: when it was accepted, last answered, or last took a part of its reply.
        answered: whether any of its requests was.
        lingers: whether what it still sends is to be dropped once its reply is sent.
        dropping: whether it now is.
    """

    task_class = Answer
    error_task_class = Refusal
    parser_class = Request

    def __init__(self, server: Any, *rest: Any, **named: Any) -> None:
        self.loop: Host = server.task_dispatcher
        self.moved_at: float = self.loop.clock()
        self.answered = self.lingers = self.dropping = False
        super().__init__(server, *rest, **named)
        # As much is copied for each part that is sent, however small that is.
        self.sendbuf_len = min(self.sendbuf_len, SENT_AT_ONCE)

    @property
    def quiet(self) -> bool:
        """Whether no request is being answered, and no reply is being sent."""
        return not self.requests and not self.total_outbufs_len

    @property
    def held_bytes(self) -> int:
        """How much memory an unfinished request takes."""
        return 0 if self.request is None else self.request.held_bytes

    def overdue(self, now: float) -> bool:
        """Return whether a limit is exceeded."""
        limits = self.loop.limits
        idle_s: float = now - self.moved_at
        if self.dropping:
            return idle_s > limits.linger_s
        if self.total_outbufs_len:
            return idle_s > limits.reply_s
        if self.requests:
            return False
        if self.request is None:
            return idle_s > limits.keepalive_s
        # Both, because blank lines before a request begin it anew.
        whole_s: float = now - self.request.began_at
        return whole_s > limits.request_s or idle_s > limits.keepalive_s + limits.request_s

    def readable(self) -> bool:
        """Return whether what the client sends is wanted."""
        return self.dropping or super().readable()

    def writable(self) -> bool:
        """Return whether there is something to send."""
        return not self.dropping and super().writable()

    def handle_read(self) -> None:
        """Read what the client sent."""
        if self.dropping:
            self.recv(DROPPED_AT_ONCE)  # closes the channel at the end of what is sent
        else:
            super().handle_read()

    def handle_expt(self) -> None:
        """Close a connection with urgent data, which would never be read."""
        self.close_now()

    def handle_error(self) -> None:
        """Close a connection in which something went wrong; its client may have caused it."""
        self.close_now()

    def handle_close(self) -> None:
        """Close the connection, or first read what a refused client still sends."""
        if self.will_close and self.lingers and not self.dropping and self.connected:
            self._drop_the_rest()
        else:
            self.close_now()

    def close_now(self) -> None:
        """Close the connection."""
        super().handle_close()

    def service(self) -> None:
        """Answer a request."""
        super().service()
        self.answered = True
        self.moved_at = self.loop.clock()

    def _flush_some(self, do_close: bool = True) -> bool:
        sent = super()._flush_some(do_close)
        if sent:
            self.moved_at = self.loop.clock()
        return sent

    def _drop_the_rest(self) -> None:
        # Closed with data unread, the connection would be reset, and the reply lost.
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close_now()
            return
        self.will_close = False
        self.dropping = True
        self.moved_at = self.loop.clock()

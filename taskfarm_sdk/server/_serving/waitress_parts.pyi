# Types of the parts of waitress that are used, which it has none of.

import socket as network
from typing import Any

class Adjustments:
    max_request_body_size: int

    def __init__(self, **settings: Any) -> None: ...

class ParsingError(Exception): ...

class RequestError:
    code: int
    body: str

class HTTPRequestParser:
    adj: Adjustments
    body_bytes_received: int
    error: RequestError | None
    expect_continue: bool
    header_plus: bytes
    headers: dict[str, str]
    version: str

    def __init__(self, adj: Adjustments) -> None: ...
    def received(self, data: bytes) -> int: ...
    def parse_header(self, header_plus: bytes) -> None: ...

class Task:
    channel: Any
    content_bytes_written: int
    request: HTTPRequestParser
    status: str
    version: str

    @property
    def has_body(self) -> bool: ...
    def service(self) -> None: ...
    def start(self) -> None: ...
    def set_close_on_finish(self) -> None: ...

class WSGITask(Task): ...
class ErrorTask(Task): ...

class HTTPChannel:
    addr: tuple[object, ...]
    connected: bool
    request: Any
    requests: list[Any]
    sendbuf_len: int
    socket: network.socket
    total_outbufs_len: int
    will_close: bool

    def __init__(
        self,
        server: Any,
        sock: network.socket,
        addr: object,
        adj: Adjustments,
        /,
        **rest: Any,
    ) -> None: ...
    def readable(self) -> bool: ...
    def writable(self) -> bool: ...
    def handle_read(self) -> None: ...
    def handle_close(self) -> None: ...
    def recv(self, buffer_size: int) -> bytes: ...
    def service(self) -> None: ...
    def _flush_some(self, do_close: bool = True) -> bool: ...

class Trigger:
    def pull_trigger(self) -> None: ...

class BaseWSGIServer:
    active_channels: dict[int, Any]
    socket: network.socket
    trigger: Trigger

    def __init__(
        self,
        application: object,
        sockets: dict[int, Any],
        /,
        *,
        _sock: network.socket,
        dispatcher: object,
        adj: Adjustments,
        sockinfo: tuple[object, ...],
        bind_socket: bool,
    ) -> None: ...
    def handle_accept(self) -> None: ...
    def del_channel(self) -> None: ...

class TcpWSGIServer(BaseWSGIServer): ...
class UnixWSGIServer(BaseWSGIServer): ...

def poll2(timeout: float, sockets: dict[int, Any], /) -> None: ...
def close_all(sockets: dict[int, Any], /, ignore_all: bool = False) -> None: ...

"""A server that answers at once, and keeps nothing: for counts that the real one takes hours for.

It speaks just enough HTTP for the SDK. It prints its port, and ends when stdin does.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading

RUN_UUID = "0" * 32
TASK = re.compile(rb"^GET \S*/tasks/(\d+)[ ?]")


class Stub:
    """Answers as a server with one run of so many tasks would, all of them done already.

    Args:
        tasks: how many tasks the run has.
    """

    def __init__(self, tasks: int) -> None:
        self._tasks = tasks
        self._handed_out = 0

    def serve(self, connection: socket.socket) -> None:
        """Answer one connection's requests until it is closed."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
            while (end := _end(data)) is not None:
                connection.sendall(self._answer(data[:end]))
                data = data[end:]

    def _answer(self, request: bytes) -> bytes:
        if request.startswith(b"PUT "):
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if request.startswith(b"POST ") and b"/task " in request.partition(b"\r\n")[0]:
            if self._handed_out == self._tasks:
                return b"HTTP/1.1 204 No Content\r\n\r\n"
            self._handed_out += 1
            return _reply(201, _task(self._handed_out - 1, 0.0, "computing"))
        if request.startswith(b"POST "):
            body = json.loads(request.partition(b"\r\n\r\n")[2])
            return _reply(201, {"uuid": body["uuid"], "id": 1})
        if (found := TASK.match(request)) is not None:
            return _reply(200, _task(int(found[1]), 100.0, "done"))
        return _reply(200, self._run())

    def _run(self) -> dict[str, object]:
        facts = {"id": 1, "uuid": RUN_UUID, "numTasks": self._tasks, "percentDone": 100.0}
        return facts | {"numWaiting": 0, "numComputing": 0, "numDone": self._tasks}


def _task(number: int, percent: float, status: str) -> dict[str, object]:
    return {"id": number + 1, "task": number, "percentCompleted": percent, "status": status}


def _end(data: bytes) -> int | None:
    """Return where the first request ends, if it is all there."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = re.search(rb"(?i)content-length: *(\d+)", data[:head])
    end = head + 4 + (int(length[1]) if length else 0)
    return end if len(data) >= end else None


def _reply(status: int, body: dict[str, object]) -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    return f"{head}\r\n\r\n".encode() + text


def main() -> None:
    """Serve until stdin ends."""
    stub = Stub(int(sys.argv[1]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=stub.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main()

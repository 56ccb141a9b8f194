"""The log of a LocalServer, and tokens signed by hand to make it write."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

from taskfarm_sdk.testing import LocalServer


class ServerLog:
    """What a server has logged, read piece by piece."""

    def __init__(self, server: LocalServer) -> None:
        assert server._folder is not None
        self._path: Path = server._folder / "server.log"
        self._read = self._path.stat().st_size

    def new_lines(self) -> list[str]:
        """Return the lines since the last call; a request's is written before its reply is sent."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        return text.decode().splitlines()


def sign_token(payload: object, key: str, algorithm: str = "HS256") -> str:
    """Return a token with this content, signed by this key whatever the algorithm's name is."""
    signed = f"{_encode(_json({'alg': algorithm}))}.{_encode(_json(payload))}"
    mark = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encode(mark)}"


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

"""A server's text as a part of a message: one short line, without control characters or secrets.

A server, or what answers in its place, can send anything: escape sequences that change a terminal,
lines without end, and the credentials of the request itself, as debug pages do.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import NamedTuple

from taskfarm_sdk._text import one_line
from taskfarm_sdk.hidden import Hidden

QUOTE_MOST = 200
HIDDEN = "***"
# A shorter secret is a part of too many words.
SECRET_LEAST = 6


class Asked(NamedTuple):
    """A request, as messages name it.

    Attributes:
        method: its method, such as "GET".
        url: its URL.
        authorization: its Authorization header, whose secrets no message contains.
    """

    method: str
    url: str
    authorization: Hidden[str] = Hidden("")

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    def quoted(self, text: str) -> str:
        """Return a part of the reply for a message."""
        return quoted(text, secrets_of(self.authorization))

    def reveals(self, text: str) -> bool:
        """Return whether a text contains the request's credentials."""
        return hidden(text, secrets_of(self.authorization)) != text


def quoted(text: str, secrets: Iterable[str] = (), most: int = QUOTE_MOST) -> str:
    """Return a text for a message.

    Args:
        text: what came from the server.
        secrets: what it must not contain.
        most: how many characters are kept.
    """
    # Hidden before the cut, which could leave the beginning of a secret.
    line = one_line(hidden(text, secrets))
    return line if len(line) <= most else line[: most - 1] + "…"


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def secrets_of(authorization: Hidden[str]) -> tuple[str, ...]:
    """Return what an Authorization header of a farm keeps secret, in all forms, the longest first.

    A token is the user's name of a header without a password.
    """
    _, _, packed = authorization.reveal().partition(" ")
    user, _, password = base64.b64decode(packed).decode("utf-8", "replace").partition(":")
    return _forms_of(packed, password or user)


def _forms_of(*secrets: str) -> tuple[str, ...]:
    """Return secrets as pages, URLs and the errors of httpx write them."""
    from urllib.parse import quote

    forms = {
        form
        for secret in secrets
        for form in (secret, quote(secret, safe=""), repr(secret.encode())[2:-1])
        if len(secret) >= SECRET_LEAST
    }
    return tuple(sorted(forms, key=len, reverse=True))

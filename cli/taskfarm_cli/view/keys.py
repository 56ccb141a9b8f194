"""The secrets of one viewTF: the address's token, the browsers' cookies, the forms' secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from taskfarm_sdk.hidden import Hidden

# 128 bits for what names a place, 256 for what opens it.
_PLACE_BYTES = 16
_SECRET_BYTES = 32
# A browser that was let in longer ago than so many others needs a new address.
MOST_SESSIONS = 100


class Keys:
    """The secrets of one process; none of them outlives it.

    Attributes:
        place: the first part of the path of all pages. A browser sends the cookie to this path
            alone, so that other servers on the host do not get it: all its ports share cookies.
    """

    def __init__(self) -> None:
        self.place = secrets.token_urlsafe(_PLACE_BYTES)
        self._token = _new()
        self._form_key = _new()
        self._sessions: list[Hidden[str]] = []

    @property
    def token(self) -> Hidden[str]:
        """The token that lets one browser in."""
        return self._token

    def admit(self, token: Hidden[str]) -> Hidden[str] | None:
        """Return a cookie's value for a token that was not used before, or None.

        The token is then used: the next browser needs a new one, which `token` is from now on.
        """
        if not _same(self._token, token.reveal()):
            return None
        self._token = _new()
        session = _new()
        self._sessions = [*self._sessions[-(MOST_SESSIONS - 1) :], session]
        return session

    def knows(self, session: str) -> bool:
        """Return whether a cookie's value is one that was given out."""
        # Each is compared, so that the time does not tell which one it resembles.
        return sum(_same(known, session) for known in self._sessions) > 0

    def form_secret(self, session: str) -> Hidden[str]:
        """Return the secret of the forms in the pages of one browser."""
        text = session.encode("utf-8", "replace")
        return Hidden(hmac.new(self._form_key.reveal().encode(), text, hashlib.sha256).hexdigest())

    def is_form_secret(self, session: str, given: Hidden[str]) -> bool:
        """Return whether a form came from a page that was made for this browser."""
        return _same(self.form_secret(session), given.reveal())


def _new() -> Hidden[str]:
    return Hidden(secrets.token_urlsafe(_SECRET_BYTES))


def _same(known: Hidden[str], given: str) -> bool:
    # As bytes, for compare_digest refuses text beyond ASCII.
    return hmac.compare_digest(known.reveal().encode(), given.encode("utf-8", "replace"))

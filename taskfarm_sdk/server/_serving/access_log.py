"""Lines of the access log, the same for both kinds of servers."""

from __future__ import annotations

import re
import time

GUNICORN_FORMAT = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)sms'  # no %(u)s: the Basic user is the token
_USER = re.compile(r"(?<=://)[^/?#@]*@")


def line(
    host: str, request: tuple[str, str, str], status: str, reply_bytes: int, took_s: float
) -> str:
    """Return the line for one request, without its user, who may be named by a token.

    Args:
        host: the client's address.
        request: its method, its target as it was sent, and the version of HTTP.
        status: the reply's status, with or without its reason.
        reply_bytes: the length of the reply's body.
        took_s: how long the application took.
    """
    method, target, version = request
    said = _printable(f"{method} {_USER.sub('', target)} {version}")
    now = time.strftime("[%d/%b/%Y:%H:%M:%S %z]")
    code = status.partition(" ")[0]
    return f'{host} {now} "{said}" {code} {reply_bytes} {int(took_s * 1000)}ms'


def _printable(text: str) -> str:
    """Return what a client sent without control characters, and without an end of the quotes."""
    if not (text.isascii() and text.isprintable()):
        text = text.encode("unicode_escape").decode("ascii")
    return text.replace('"', '\\"')

"""What messages quote of a server's text: one short line, without controls and credentials."""

from __future__ import annotations

import base64
import html
from urllib.parse import quote

import pytest

from taskfarm_sdk._transport import replies
from taskfarm_sdk._transport.quotes import HIDDEN, QUOTE_MOST, Asked, quoted, secrets_of
from taskfarm_sdk.hidden import Hidden

PASSWORD = "p\u00e4ss: 'word"
PACKED = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
HEADER = Hidden(f"Basic {PACKED}")
URL = "http://farm.invalid/api/runs"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred",
        "a\r\nb",
        "\x00\x07\x7f",
        "\x9b2J",
        "\u202eabc",
        "\u2028",
        "\ud800",
        "\U000e0001",
    ],
)
def test_a_quote_is_one_printable_line(text: str) -> None:
    assert quoted(text).isprintable()


def test_a_quote_is_cut() -> None:
    assert len(quoted("a" * 9_999)) == QUOTE_MOST
    assert quoted("a" * 9_999).endswith("\u2026")


FORMS = {
    "as it is": PASSWORD,
    "packed": PACKED,
    "in a URL": quote(PASSWORD, safe=""),
    "as bytes": repr(PASSWORD.encode())[2:-1],
    "at the cut": "x" * (QUOTE_MOST - 4) + PASSWORD,
}


@pytest.mark.parametrize("told", FORMS.values(), ids=FORMS.keys())
def test_credentials_are_hidden_in_every_form(told: str) -> None:
    asked = Asked("GET", URL, HEADER)
    assert asked.reveals(told)
    for secret in secrets_of(HEADER):
        assert secret not in asked.quoted(told)
    assert asked.quoted(told).rstrip("\u2026").endswith(HIDDEN[:1])


def test_a_token_is_hidden_and_a_short_word_is_not() -> None:
    packed = base64.b64encode(b"a-long-token:").decode()
    asked = Asked("GET", URL, Hidden(f"Basic {packed}"))
    assert asked.quoted("is a-long-token") == f"is {HIDDEN}"
    assert Asked("GET", URL, Hidden("Basic dDo=")).quoted("the token t") == "the token t"


@pytest.mark.parametrize("before", ["", " " * (replies.READ_MOST - 3)], ids=["short", "at the cut"])
def test_a_page_that_repeats_the_credentials_is_quoted_without(before: str) -> None:
    for told in (PASSWORD, html.escape(PASSWORD), "".join(f"&#{ord(c)};" for c in PASSWORD)):
        page = f"{before}{told} no".encode()
        error = replies.error_of("GET", 500, "odd", URL, {}, page, authorization=HEADER)
        assert PASSWORD[:4] not in str(error)


@pytest.mark.parametrize("status", [300, 304, 305, 301])
def test_only_a_redirection_with_a_place_is_said_to_redirect(status: int) -> None:
    error = replies.error_of("GET", status, "odd", URL, {}, b"")
    assert "redirects" not in str(error)
    assert f"GET {URL} was answered {status} (odd)" in str(error)

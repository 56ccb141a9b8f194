"""Certificates that are trusted, and what is said of others and of a way without any."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError, Farm
from taskfarm_sdk._transport import tls


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_told_of", set())
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "taskfarm_sdk")
    return caplog


def test_an_open_way_is_told_of_once_for_each_server(told: pytest.LogCaptureFixture) -> None:
    for path in ("api/", "other/api/"):
        tls.tell_of_open_way(f"http://farm.example/{path}")
    tls.tell_of_open_way("http://farm.example:8000/api/")
    assert [record.args for record in told.records] == [
        ("http://farm.example",),
        ("http://farm.example:8000",),
    ]
    assert "unencrypted" in told.messages[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://farm.example/api/",
        "http://localhost:5000/api/",
        "http://127.0.0.2/api/",
        "http://[::1]:5000/api/",
    ],
)
def test_tls_and_this_very_machine_are_no_open_way(
    told: pytest.LogCaptureFixture, url: str
) -> None:
    tls.tell_of_open_way(url)
    assert told.records == []


@pytest.mark.parametrize(
    ("password", "token"), [("secret", None), (None, "secret")], ids=["password", "token"]
)
def test_who_asks_over_an_open_way_is_told_before_it_is_sent(
    told: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    password: str | None,
    token: str | None,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # where nobody listens
    with Farm(
        "http://farm.example/api/", user="me", password=password, token=token, give_up_after_s=0
    ) as farm:
        assert told.records == []
        with pytest.raises(Exception, match="no taskfarm server answers"):
            farm.runs()
    assert [record.name for record in told.records] == ["taskfarm_sdk.security"]
    assert "secret" not in told.text


def test_no_authority_is_loaded_where_no_tls_is_on_the_way() -> None:
    context = tls.context("http://farm.example/api/")
    assert isinstance(context, ssl.SSLContext)
    assert context.cert_store_stats()["x509_ca"] == 0
    assert tls.context("https://farm.example/api/") is True


def test_a_proxy_that_is_asked_over_tls_needs_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "https://proxy.example")
    assert tls.context("http://farm.example/api/") is True


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, "No such file"), ("no certificate", "it has no certificates")],
    ids=["missing", "no_certificate"],
)
def test_a_file_of_authorities_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, text: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with (
        Farm("https://farm.example/api/", token="t") as farm,
        pytest.raises(ConfigurationError) as raised,
    ):
        farm.runs()
    assert f"SSL_CERT_FILE names '{file}'" in str(raised.value)
    assert text in str(raised.value)


def refusal(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("x")
    error.verify_code, error.verify_message = code, "what OpenSSL says"
    return error


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (62, "is for another name"),
        (64, "is for another name"),
        (10, "renew it"),
        (9, "this machine's clock"),
        (18, "SSL_CERT_FILE"),
        (20, "SSL_CERT_FILE"),
    ],
)
def test_each_fault_of_a_certificate_has_its_own_way_out(code: int, text: str) -> None:
    said = tls.explained("https://farm.example/api/", refusal(code))
    assert text in said
    assert "what OpenSSL says" in said


def test_a_fault_of_a_certificate_is_found_beneath_other_errors() -> None:
    cause, error = refusal(20), OSError("above")
    error.__cause__ = cause
    assert tls.distrust(error) is cause
    assert tls.distrust(OSError("alone")) is None

"""Which requests the page answers."""

from __future__ import annotations

import pytest

from taskfarm_cli.view.rules import (
    SECURITY_HEADERS,
    cookie_name,
    cookies_of,
    hosts_of,
    is_loopback,
    origin_fault,
    set_cookie,
)

LOCAL = hosts_of("127.0.0.1", "node7")
HOST = "127.0.0.1:8000"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]:8000", "[::1]"]
)
def test_this_machine_is_reached_by_the_names_of_loopback_on_any_port(host: str) -> None:
    assert LOCAL.accept(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.invalid", "evil.invalid:8000", "localhost.evil.invalid", "node7", "127.0.0.2"),
        *("127.0.0.1@evil.invalid", "127.0.0.1:8000:1", "127.0.0.1:", "127.0.0.1 ", "[::1", "::1"),
        *("127.0.0.1\nlocalhost", "127.0.0.1:123456", "0x7f.1", "localhost.", "10.0.0.1"),
    ],
)
def test_any_other_name_is_refused_as_dns_rebinding_would_bring_it(host: str) -> None:
    assert not LOCAL.accept(host)


def test_a_page_on_all_networks_is_reached_by_addresses_and_its_own_name_only() -> None:
    everywhere = hosts_of("0.0.0.0", "Node7")
    assert everywhere.accept("10.0.0.5:80")
    assert everywhere.accept("[fe80::1]:80")
    assert everywhere.accept("node7:80")
    assert not everywhere.accept("evil.invalid:80")


def test_a_page_on_one_network_is_not_reached_by_another_address() -> None:
    one = hosts_of("10.0.0.5", "node7")
    assert one.accept("10.0.0.5:80")
    assert not one.accept("10.0.0.6:80")


def test_a_name_that_was_allowed_is_accepted() -> None:
    assert hosts_of("127.0.0.1", "node7", ["Tunnel.invalid"]).accept("tunnel.invalid:443")


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True)),
        *(("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("127.evil.invalid", False)),
    ],
)
def test_loopback_is_known_from_other_addresses(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it


@pytest.mark.parametrize("site", ["", "none", "same-origin"])
def test_a_form_of_an_own_page_is_accepted(site: str) -> None:
    assert origin_fault("POST", HOST, f"http://{HOST}", site) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("site", ["", "none", "same-origin", "same-site", "cross-site"])
def test_a_link_from_anywhere_may_be_followed(method: str, site: str) -> None:
    assert origin_fault(method, HOST, None, site) is None


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "http://evil.invalid", "http://127.0.0.1", "http://127.0.0.1:8001"),
        *("https://127.0.0.1:8000", "http://localhost:8000", f"http://{HOST}.evil.invalid"),
    ],
)
def test_a_page_of_another_origin_is_refused_also_one_of_another_port(
    method: str, origin: str
) -> None:
    assert origin_fault(method, HOST, origin, "same-origin")


def test_a_form_that_tells_no_origin_is_refused() -> None:
    assert origin_fault("POST", HOST, None, "same-origin")


@pytest.mark.parametrize("site", ["same-site", "cross-site", "new-kind"])
def test_a_form_from_another_site_is_refused_whatever_its_origin_says(site: str) -> None:
    assert origin_fault("POST", HOST, f"http://{HOST}", site)


def test_the_cookie_is_kept_from_scripts_other_sites_and_other_paths() -> None:
    assert set_cookie("viewtf-8000", "abc", "place") == (
        "viewtf-8000=abc; Path=/place/; HttpOnly; SameSite=Strict"
    )


def test_two_pages_on_one_host_have_two_cookies() -> None:
    assert cookie_name(8000) != cookie_name(8001)


@pytest.mark.parametrize(
    ("headers", "values"),
    [
        (["a=1; viewtf-8000=abc; b=2"], ["abc"]),
        # Other programs' cookies, in forms that no rule allows.
        (["theme; viewtf-8000=abc"], ["abc"]),
        (['x="a;b\\"; [y]={"z": 1}; ,=,; =; viewtf-8000=abc'], ["abc"]),
        (["\xe4\xff=\x80; viewtf-8000=abc;"], ["abc"]),
        (["; ;viewtf-8000=abc\t"], ["abc"]),
        (["session=a=b==; viewtf-8000=a=b"], ["a=b"]),
        # A program of another path may use the same name; the order says nothing.
        (["viewtf-8000=evil; viewtf-8000=abc; viewtf-8000="], ["evil", "abc", ""]),
        (["viewtf-8000=abc", "viewtf-8000=def"], ["abc", "def"]),
        *(
            ([""], []),
            ([], []),
            (["viewtf-8001=abc"], []),
            (["viewtf-80001=abc; xviewtf-8000=abc"], []),
        ),
        *((["VIEWTF-8000=abc"], []), (["viewtf-8000"], [""]), (["=viewtf-8000"], [])),
    ],
)
def test_the_cookie_is_found_whatever_the_others_are(headers: list[str], values: list[str]) -> None:
    assert cookies_of(headers, "viewtf-8000") == values


def test_the_policy_lets_nothing_in_but_own_files() -> None:
    policy = SECURITY_HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(
        policy.split("; ")
    )

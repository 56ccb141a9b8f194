"""Arguments that a caller may pass, and what the errors say about the rest."""

from __future__ import annotations

import math

import pytest

from taskfarm_sdk import ConfigurationError, _validation
from tests.support.secrecy import PASSWORD, told_by


@pytest.mark.parametrize(
    ("given", "one_spelling"),
    [
        pytest.param("http://h/api/", "http://h/api/", id="as-it-should-be"),
        pytest.param("http://h/api", "http://h/api/", id="no-slash"),
        pytest.param("http://h/api//", "http://h/api/", id="two-slashes"),
        pytest.param("http://h", "http://h/", id="no-path"),
        pytest.param("http://h/a/b", "http://h/a/b/", id="deep-path"),
        pytest.param("  http://h/api \n", "http://h/api/", id="blanks-around"),
        pytest.param("HTTP://Farm.Example.ORG/Api", "http://farm.example.org/Api/", id="case"),
        pytest.param("http://h:80/api", "http://h/api/", id="default-port"),
        pytest.param("https://h:443/api", "https://h/api/", id="default-port-of-https"),
        pytest.param("http://h:443/api", "http://h:443/api/", id="another-scheme's-port"),
        pytest.param("http://h:5000/api", "http://h:5000/api/", id="port"),
        pytest.param("http://h:/api", "http://h/api/", id="empty-port"),
        pytest.param("http://[::1]:5000/api", "http://[::1]:5000/api/", id="ipv6"),
        pytest.param("http://[FE80::A]/api", "http://[fe80::a]/api/", id="ipv6-case"),
        pytest.param("http://h/api?", "http://h/api/", id="empty-query"),
        pytest.param("http://h/api#", "http://h/api/", id="empty-fragment"),
    ],
)
def test_a_url_gets_one_spelling(given: str, one_spelling: str) -> None:
    assert _validation.base_url(given) == one_spelling
    assert _validation.base_url(one_spelling) == one_spelling


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("localhost:5000/api/", id="no-scheme"),
        pytest.param("//h/api/", id="nothing-before-the-slashes"),
        pytest.param("ftp://h/api/", id="another-scheme"),
        pytest.param("file:///api/", id="a-file"),
        pytest.param("http:///api/", id="no-host"),
        pytest.param("http://:5000/api/", id="port-alone"),
        pytest.param("http://h:0/api/", id="port-0"),
        pytest.param("http://h:65536/api/", id="port-too-high"),
        pytest.param("http://h:-1/api/", id="port-below-0"),
        pytest.param("http://h:5OOO/api/", id="port-in-letters"),
        pytest.param("http://[::1/api/", id="open-bracket"),
        pytest.param("http://a host/api/", id="blank-in-the-host"),
        pytest.param("http://h/an api/", id="blank-in-the-path"),
        pytest.param("http://ho\tst/api/", id="tab-in-the-host"),
        pytest.param("http://ho\nst/api/", id="line-end-in-the-host"),
        pytest.param("http://h/\x00", id="null"),
        pytest.param("http://h\\api/", id="backslash"),
    ],
)
def test_what_is_not_a_url_is_refused_with_an_example_of_one(given: str) -> None:
    with pytest.raises(ConfigurationError, match="http://localhost:5000/api/"):
        _validation.base_url(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("http://h/api/?info=", id="query"),
        pytest.param("http://h/api/#top", id="fragment"),
        pytest.param(f"http://h/api/?token={PASSWORD}", id="secret-in-the-query"),
    ],
)
def test_a_query_is_refused_with_the_url_to_give(given: str) -> None:
    with pytest.raises(ConfigurationError, match=r"use 'http://h/api/'$") as caught:
        _validation.base_url(given)
    assert PASSWORD not in told_by(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(f"http://me:{PASSWORD}@h/api/", id="plain"),
        pytest.param(f"http://{PASSWORD}@h/api/", id="token-as-user"),
        pytest.param(f"http://:{PASSWORD}@h/api/", id="no-user"),
        pytest.param(f"http://me:a@{PASSWORD}@h/api/", id="at-in-it"),
        pytest.param(f"http://me:a/{PASSWORD}@h/api/", id="slash-in-it"),
        pytest.param(f"http://me:{PASSWORD}/b@h/api/", id="slash-after-it"),
        pytest.param(f"http://me:12/{PASSWORD}@h/api/", id="slash-after-digits"),
        pytest.param(f"http://me:12/{PASSWORD}@h/api/?info=", id="slash-and-query"),
        pytest.param(f"http://me:a?{PASSWORD}@h/api/", id="question-mark-in-it"),
        pytest.param(f"http://me:{PASSWORD}#b@h/api/", id="hash-in-it"),
        pytest.param(f"http://me:[{PASSWORD}@h/api/", id="bracket-in-it"),
        pytest.param(f"http://me:a b {PASSWORD}@h/api/", id="blank-in-it"),
        pytest.param(f"http://me:a\n{PASSWORD}@h/api/", id="line-end-in-it"),
        pytest.param(f"http://me:{PASSWORD}@h:0/api/", id="port-0"),
        pytest.param(f"http://me:{PASSWORD}@h:99999/api/", id="port-too-high"),
        pytest.param(f"ftp://me:{PASSWORD}@h/api/", id="another-scheme"),
        pytest.param(f"me:{PASSWORD}@h/api/", id="no-scheme"),
        pytest.param(f"//me:{PASSWORD}@h/api/", id="nothing-before-the-slashes"),
    ],
)
def test_a_url_with_a_password_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _validation.base_url(given)
    told = told_by(caught.value)
    assert PASSWORD not in told
    assert PASSWORD.partition("-")[0] not in told


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        pytest.param("http://h/api/", "http://h", id="no-port"),
        pytest.param("http://H:80/other?x#y", "http://h", id="default-port"),
        pytest.param("https://h:443/", "https://h", id="default-port-of-https"),
        pytest.param("https://h:80/", "https://h:80", id="another-scheme's-port"),
        pytest.param("http://h:5000/api/", "http://h:5000", id="port"),
        pytest.param("http://[::1]:5000/api/", "http://[::1]:5000", id="ipv6"),
        pytest.param("http://[::1]/api/", "http://[::1]", id="ipv6-without-port"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert _validation.origin(url) == origin


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("localhost", id="name"),
        pytest.param("LocalHost", id="case"),
        pytest.param("localhost.", id="rooted-name"),
        pytest.param("farm.localhost", id="name-under-it"),
        pytest.param("127.0.0.1", id="ipv4"),
        pytest.param("127.8.9.10", id="ipv4-another"),
        pytest.param("[::1]", id="ipv6"),
        pytest.param("[0:0:0:0:0:0:0:1]", id="ipv6-in-full"),
        pytest.param("0.0.0.0", id="any-address"),
        pytest.param("[::]", id="any-ipv6-address"),
    ],
)
def test_this_machine_by_any_of_its_names_is_loopback(host: str) -> None:
    assert _validation.is_loopback(f"http://{host}:5000/api/")


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("localhost.example.org", id="localhost-as-a-part"),
        pytest.param("notlocalhost", id="longer-name"),
        pytest.param("localhost4", id="name-and-digit"),
        pytest.param("127.0.0.1.example.org", id="address-as-a-part"),
        pytest.param("128.0.0.1", id="another-network"),
        pytest.param("10.127.0.1", id="127-elsewhere"),
        pytest.param("[::2]", id="ipv6"),
        pytest.param("[fe80::1]", id="link-local"),
        pytest.param("example.org", id="name"),
    ],
)
def test_another_machine_is_not_loopback(host: str) -> None:
    assert not _validation.is_loopback(f"http://{host}:5000/localhost/")


PLAIN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(PLAIN, id="as-the-server-spells-it"),
        pytest.param("01234567-89ab-cdef-0123-456789abcdef", id="dashes"),
        pytest.param(PLAIN.upper(), id="upper-case"),
        pytest.param(f" {PLAIN}\n", id="blanks-around"),
    ],
)
def test_a_uuid_is_spelt_without_dashes(given: str) -> None:
    assert _validation.run_uuid(given) == PLAIN


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="empty"),
        pytest.param(PLAIN[:-1], id="short"),
        pytest.param(PLAIN + "0", id="long"),
        pytest.param("-" * 32, id="dashes-alone"),
        pytest.param("g" * 32, id="no-hex"),
        pytest.param("../" + PLAIN, id="path"),
        pytest.param(f"{PLAIN[:16]}\n{PLAIN[16:]}", id="line-end-in-it"),
        pytest.param("\u0660" * 32, id="digits-of-another-script"),
    ],
)
def test_what_is_not_a_whole_uuid_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError, match="32 hexadecimal digits"):
        _validation.run_uuid(given)


@pytest.mark.parametrize("value", [1, 2, 1_000_000, 2**31 - 1])
def test_a_run_may_have_1_to_2147483647_tasks(value: int) -> None:
    assert _validation.number_of_tasks(value) == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(0, id="none"),
        pytest.param(-1, id="negative"),
        pytest.param(2**31, id="too-many"),
        pytest.param(True, id="bool"),
        pytest.param(10.0, id="whole-float"),
        pytest.param(1.5, id="float"),
        pytest.param(math.nan, id="nan"),
        pytest.param("10", id="text"),
        pytest.param(None, id="nothing"),
    ],
)
def test_another_number_of_tasks_is_refused(value: int) -> None:
    with pytest.raises(ConfigurationError, match="from 1 to 2,147,483,647") as caught:
        _validation.number_of_tasks(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [0, 9])
def test_a_task_number_is_one_of_the_run(value: int) -> None:
    assert _validation.task_number(value, 10) == value


@pytest.mark.parametrize("value", [-1, 10, True, 1.0, None])
def test_another_task_number_is_refused(value: int) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 9"):
        _validation.task_number(value, 10)


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        pytest.param(0, 0.0, id="zero"),
        pytest.param(-0.0, 0.0, id="negative-zero"),
        pytest.param(50, 50.0, id="int"),
        pytest.param(37.500217, 37.500217, id="float"),
        pytest.param(100, 100.0, id="hundred"),
        pytest.param(5e-324, 5e-324, id="tiny"),
    ],
)
def test_a_percentage_is_kept_as_a_float(value: float, percent: float) -> None:
    found = _validation.percentage(value)
    assert (type(found), found) == (float, percent)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.nan, id="nan"),
        pytest.param(math.inf, id="inf"),
        pytest.param(-math.inf, id="minus-inf"),
        pytest.param(-1e-9, id="negative"),
        pytest.param(100.0001, id="a-little-too-much"),
        pytest.param(250, id="too-much"),
        pytest.param(True, id="bool"),
    ],
)
def test_another_percentage_is_refused(value: float) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 100"):
        _validation.percentage(value)


@pytest.mark.parametrize(
    ("value", "zero", "endless"),
    [
        pytest.param(0.5, False, False, id="positive"),
        pytest.param(30, False, False, id="int"),
        pytest.param(0, True, False, id="zero-where-allowed"),
        pytest.param(math.inf, False, True, id="for-ever-where-allowed"),
    ],
)
def test_a_time_is_a_float_of_seconds(value: float, *, zero: bool, endless: bool) -> None:
    found = _validation.seconds("timeout_s", value, zero=zero, endless=endless)
    assert (type(found), found) == (float, value)


@pytest.mark.parametrize(
    ("value", "zero", "endless", "told"),
    [
        pytest.param(0, False, True, "more than 0", id="zero"),
        pytest.param(-1, False, False, "more than 0", id="negative"),
        pytest.param(-1, True, True, "0 or more", id="negative-where-zero-is-allowed"),
        pytest.param(math.inf, True, False, "0 or more", id="for-ever"),
        pytest.param(-math.inf, True, True, "0 or more", id="minus-for-ever"),
        pytest.param(math.nan, True, True, "0 or more", id="nan"),
        pytest.param(True, True, True, "0 or more", id="bool"),
    ],
)
def test_another_time_is_refused_by_its_name(
    value: float, *, zero: bool, endless: bool, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^poll_s must be a number of seconds, {told}"):
        _validation.seconds("poll_s", value, zero=zero, endless=endless)

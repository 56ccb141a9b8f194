"""Settings from arguments, environment and saved logins, and to whom credentials go."""

from __future__ import annotations

import socket

import attrs
import pytest

from taskfarm_sdk import AuthenticationError, ConfigurationError, Farm, logins
from taskfarm_sdk._session.settings import Settings, settle
from taskfarm_sdk.hidden import Hidden, hide
from tests.support.secrecy import PASSWORD, TOKEN, told_by

DEFAULT = "http://localhost:5000/api/"
ARGUED = "http://argued.example.org/api/"
ENV = "http://env.example.org/api/"
SAVED = "http://saved.example.org/api/"
OTHER = "http://other.example.org/api/"
BY_PASSWORD = {"TASKFARM_USER": "env-user", "TASKFARM_PASSWORD": PASSWORD}


@attrs.frozen
class Given:
    """A world: what is in the environment, and whose login is saved as the default."""

    env: dict[str, str] = attrs.field(factory=dict)
    saved: str | None = None


@attrs.frozen(kw_only=True)
class Asked:
    """What is given as arguments."""

    url: str | None = None
    user: str | None = None
    password: str | None = None
    token: str | None = None


def settled(given: Given, asked: Asked) -> Settings:
    if given.saved is not None:
        logins.save_login(given.saved, "saved-user", "token-saved")
    url, password, token = hide(asked.url), hide(asked.password), hide(asked.token)
    return settle(url, asked.user, password, token, Hidden(given.env))


@pytest.mark.parametrize(
    ("given", "asked", "url"),
    [
        pytest.param(
            Given({"TASKFARM_URL": ENV}, SAVED), Asked(url=ARGUED), ARGUED, id="argument-first"
        ),
        pytest.param(Given({"TASKFARM_URL": ENV}, SAVED), Asked(), ENV, id="then-environment"),
        pytest.param(Given({}, SAVED), Asked(), SAVED, id="then-saved-login"),
        pytest.param(Given(), Asked(), DEFAULT, id="then-default"),
        pytest.param(Given({"TASKFARM_URL": ""}, SAVED), Asked(), SAVED, id="empty-is-not-set"),
        pytest.param(
            Given({"TASKFARM_URL": ENV.rstrip("/").upper()}), Asked(),
            "http://env.example.org/API/", id="one-spelling",
        ),
    ],
)  # fmt: skip
def test_where_the_farm_is(given: Given, asked: Asked, url: str) -> None:
    assert settled(given, attrs.evolve(asked, token=TOKEN)).url == url


@pytest.mark.parametrize(
    ("given", "asked", "user", "secret", "source"),
    [
        pytest.param(
            Given({"TASKFARM_TOKEN": "token-env"}, DEFAULT), Asked(token=TOKEN),
            None, TOKEN, "argument", id="token-argued",
        ),
        pytest.param(
            Given({**BY_PASSWORD}, DEFAULT), Asked(user="me", password="pass-1"),
            "me", "pass-1", "argument", id="password-argued",
        ),
        pytest.param(
            Given({**BY_PASSWORD}, DEFAULT), Asked(password="pass-1"),
            "env-user", "pass-1", "argument", id="password-argued-its-user-in-the-environment",
        ),
        pytest.param(
            Given({}, DEFAULT), Asked(password="pass-1"),
            "saved-user", "pass-1", "argument", id="password-argued-its-user-saved",
        ),
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_TOKEN": "token-env"}, DEFAULT), Asked(),
            "env-user", "token-env", "environment", id="token-of-the-environment",
        ),
        pytest.param(
            Given({**BY_PASSWORD}, DEFAULT), Asked(),
            "env-user", PASSWORD, "environment", id="password-of-the-environment",
        ),
        pytest.param(
            Given({"TASKFARM_PASSWORD": PASSWORD}, DEFAULT), Asked(user="me"),
            "me", PASSWORD, "environment", id="password-of-the-environment-its-user-argued",
        ),
        pytest.param(
            Given({"TASKFARM_PASSWORD": "", "TASKFARM_TOKEN": ""}, DEFAULT), Asked(),
            "saved-user", "token-saved", "saved login", id="saved",
        ),
    ],
)  # fmt: skip
def test_who_asks(given: Given, asked: Asked, user: str | None, secret: str, source: str) -> None:
    found = settled(given, asked)
    assert found.url == DEFAULT
    assert (found.user, found.source) == (user, source)
    known = [kept for kept in (found.password, found.token) if kept is not None]
    assert known == [Hidden(secret)]


@pytest.mark.parametrize(
    ("given", "asked", "source"),
    [
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_URL": ENV}), Asked(url=f"{ENV}deeper"),
            "environment", id="environment-same-origin",
        ),
        pytest.param(
            Given({**BY_PASSWORD}), Asked(url=OTHER),
            "environment", id="environment-without-a-url",
        ),
        pytest.param(
            Given({}, SAVED), Asked(url=f"{SAVED}deeper"),
            "saved login", id="saved-login-same-origin",
        ),
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_URL": ENV}, SAVED), Asked(url=SAVED),
            "saved login", id="saved-login-past-another-servers-environment",
        ),
        pytest.param(
            Given({**BY_PASSWORD}, DEFAULT), Asked(user="saved-user"),
            "saved login", id="saved-login-of-the-user-asked-for",
        ),
        pytest.param(
            Given({**BY_PASSWORD}, DEFAULT), Asked(user="env-user"),
            "environment", id="environment-of-the-user-asked-for",
        ),
    ],
)  # fmt: skip
def test_credentials_go_to_their_own_server(given: Given, asked: Asked, source: str) -> None:
    assert settled(given, asked).source == source


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_URL": ENV}), Asked(url=OTHER),
            id="environment's-password",
        ),
        pytest.param(
            Given({"TASKFARM_TOKEN": TOKEN, "TASKFARM_URL": ENV}), Asked(url=OTHER),
            id="environment's-token",
        ),
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_URL": ENV}), Asked(url=ENV.replace("http", "https", 1)),
            id="environment's-over-another-scheme",
        ),
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_URL": ENV}), Asked(url=ENV.replace("org", "org:81")),
            id="environment's-to-another-port",
        ),
        pytest.param(Given({}, SAVED), Asked(url=OTHER), id="saved-login's"),
        pytest.param(
            Given({"TASKFARM_URL": OTHER}, SAVED), Asked(), id="saved-login's-to-the-environment's"
        ),
        pytest.param(Given({}, SAVED), Asked(user="me"), id="saved-login's-of-another-user"),
        pytest.param(Given({**BY_PASSWORD}), Asked(user="me"), id="environment's-of-another-user"),
        pytest.param(
            Given({**BY_PASSWORD, "TASKFARM_TOKEN": TOKEN}), Asked(user="me"),
            id="environment's-token-of-another-user",
        ),
    ],
)  # fmt: skip
def test_credentials_go_nowhere_else(given: Given, asked: Asked) -> None:
    with pytest.raises(AuthenticationError, match="no password or token") as caught:
        settled(given, asked)
    told = told_by(caught.value)
    assert PASSWORD not in told
    assert TOKEN not in told


@pytest.mark.parametrize(("url", "is_told"), [(None, True), (OTHER, False)])
def test_who_names_no_server_is_told_how_to_start_one(url: str | None, is_told: bool) -> None:
    with pytest.raises(AuthenticationError, match="no password or token") as caught:
        settled(Given(), Asked(url=url))
    assert ("`serveTF` starts a server" in str(caught.value)) == is_told


def test_the_environments_user_does_not_go_with_a_password_for_another_server() -> None:
    env = {"TASKFARM_URL": ENV, "TASKFARM_USER": "env-user"}
    with pytest.raises(ConfigurationError, match="needs a user"):
        settle(Hidden(OTHER), password=Hidden(PASSWORD), environ=Hidden(env))
    logins.save_login(OTHER, "saved-user", TOKEN)
    assert (
        settle(Hidden(OTHER), password=Hidden(PASSWORD), environ=Hidden(env)).user == "saved-user"
    )


def test_a_loopback_login_of_another_machine_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "there")
    logins.save_login("http://localhost:6000/api/", "me", TOKEN)
    assert settle(environ=Hidden({})).url == "http://localhost:6000/api/"
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    with pytest.raises(AuthenticationError):
        settle(environ=Hidden({}))
    with pytest.raises(AuthenticationError):
        settle(Hidden("http://localhost:6000/api/"), environ=Hidden({}))
    with pytest.raises(ConfigurationError, match="needs a user"):
        settle(Hidden("http://localhost:6000/api/"), password=Hidden(PASSWORD), environ=Hidden({}))


def test_there_is_no_default_user_or_password() -> None:
    with pytest.raises(AuthenticationError):
        settle(environ=Hidden({}))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param(Asked(), f"for {DEFAULT}: log in once with `manageTF --login -b {DEFAULT} "
                     "-u USER`", id="nobody"),
        pytest.param(Asked(url=OTHER, user="me"), f"of user 'me' for {OTHER}: log in once with "
                     f"`manageTF --login -b {OTHER} -u me`", id="somebody"),
        pytest.param(Asked(), "set TASKFARM_USER and TASKFARM_PASSWORD", id="environment"),
        pytest.param(Asked(), "no default user or password", id="what-is-gone"),
    ],
)  # fmt: skip
def test_the_error_of_missing_credentials_tells_what_to_do(asked: Asked, told: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        settled(Given(), asked)
    assert told in str(caught.value)
    assert caught.value.url == (asked.url or DEFAULT)


@pytest.mark.parametrize(
    ("given", "asked", "told"),
    [
        pytest.param(
            Given(), Asked(user="me", password=PASSWORD, token=TOKEN),
            "a token or a password, not both", id="both",
        ),
        pytest.param(Given(), Asked(password=PASSWORD), "set TASKFARM_USER", id="no-user"),
        pytest.param(
            Given({"TASKFARM_PASSWORD": PASSWORD}), Asked(), "set TASKFARM_USER",
            id="no-user-in-the-environment",
        ),
        pytest.param(Given(), Asked(user="me", password=""), "password is empty", id="empty"),
        pytest.param(Given(), Asked(token=""), "token is empty", id="empty-token"),
        pytest.param(
            Given(), Asked(user="m:e", password=PASSWORD), "must not contain ':', as 'm:e' does",
            id="colon",
        ),
        pytest.param(
            Given({"TASKFARM_PASSWORD": PASSWORD, "TASKFARM_USER": "m:e"}), Asked(),
            "must not contain ':', as 'm:e' does", id="colon-in-the-environment",
        ),
        pytest.param(
            Given(), Asked(url=f"http://me:{PASSWORD}@h/api/"), "give user and password "
            "separately", id="password-in-the-url",
        ),
        pytest.param(
            Given({"TASKFARM_URL": f"http://me:{PASSWORD}@h/api/"}), Asked(token=TOKEN),
            "give user and password separately", id="password-in-the-environment's-url",
        ),
        pytest.param(
            Given({"TASKFARM_URL": "nowhere"}), Asked(token=TOKEN), "'nowhere'", id="odd-url"
        ),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_without_its_secrets(given: Given, asked: Asked, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settled(given, asked)
    assert told in str(caught.value)
    assert PASSWORD not in told_by(caught.value)
    assert TOKEN not in told_by(caught.value)


def test_damaged_logins_do_not_matter_to_who_brings_url_and_credentials() -> None:
    logins.login_file().parent.mkdir(parents=True)
    logins.login_file().touch(mode=0o600)
    assert settle(Hidden(ARGUED), token=Hidden(TOKEN), environ=Hidden({})).token == Hidden(TOKEN)
    by_password = settle(Hidden(ARGUED), "me", Hidden(PASSWORD), environ=Hidden({}))
    assert by_password.password == Hidden(PASSWORD)
    assert settle(environ=Hidden({"TASKFARM_URL": ENV, **BY_PASSWORD})).url == ENV
    with pytest.raises(ConfigurationError, match="damaged"):
        settle(Hidden(ARGUED), environ=Hidden({}))


def test_a_farm_takes_its_settings_from_the_process_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**BY_PASSWORD, "TASKFARM_URL": ENV}.items():
        monkeypatch.setenv(name, value)
    with Farm() as farm:
        assert (farm.url, farm.user, farm.credentials_from) == (ENV, "env-user", "environment")


@pytest.mark.parametrize(
    ("env", "secret"),
    [
        pytest.param({"TASKFARM_TOKEN": f" \t{TOKEN}\r\n"}, TOKEN, id="token"),
        pytest.param({"TASKFARM_PASSWORD": " a b \n\r\n"}, " a b ", id="password"),
        pytest.param({"TASKFARM_PASSWORD": " a\tb "}, " a\tb ", id="blanks-of-a-password"),
    ],
)
def test_blanks_and_line_ends_that_an_editor_leaves_are_no_part_of_a_setting(
    env: dict[str, str], secret: str
) -> None:
    around = {"TASKFARM_URL": f" {ENV}\n", "TASKFARM_USER": "me \r\n", **env}
    found = settle(environ=Hidden(around))
    assert (found.url, found.user, found.source) == (ENV, "me", "environment")
    assert (found.token or found.password) == Hidden(secret)


@pytest.mark.parametrize("name", ["URL", "USER", "TOKEN", "PASSWORD"])
def test_a_variable_that_is_only_a_line_end_is_not_set(name: str) -> None:
    logins.save_login(DEFAULT, "saved-user", "token-saved")
    found = settle(environ=Hidden({f"TASKFARM_{name}": "\n"}))
    assert (found.url, found.source) == (DEFAULT, "saved login")


def test_what_surrounds_an_argument_is_no_part_of_it() -> None:
    found = settle(Hidden(ARGUED), token=Hidden(f"{TOKEN}\n"), environ=Hidden({}))
    assert found.token == Hidden(TOKEN)
    found = settle(Hidden(ARGUED), "me", Hidden(f" {PASSWORD} \n"), environ=Hidden({}))
    assert found.password == Hidden(f" {PASSWORD} ")


@pytest.mark.parametrize("inside", ["\n", "\t", "\x00", "\x7f", "\x9b"])
@pytest.mark.parametrize("source", ["argument", "environment", "saved login"])
def test_a_token_with_a_control_character_is_refused_before_anything_is_sent(
    inside: str, source: str
) -> None:
    bad = f"{TOKEN}{inside}{TOKEN}"
    if source == "saved login":
        logins.save_login(DEFAULT, "me", bad)
    told = "token contains a control character" if source == "argument" else rf"token \({source}\)"
    env = Hidden({"TASKFARM_TOKEN": bad} if source == "environment" else {})
    given = Hidden(bad) if source == "argument" else None
    with pytest.raises(ConfigurationError, match=told) as caught:
        settle(token=given, environ=env)
    assert TOKEN not in told_by(caught.value)

"""Saved logins: what is kept, for which server, and which of them is the default."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import platformdirs
import pytest

from taskfarm_sdk import ConfigurationError, logins
from taskfarm_sdk.logins import Login, find_login, forget_login, save_login, saved_logins
from tests.support.secrecy import PASSWORD, TOKEN, told_by

ONE = "http://one.example.org/api/"
TWO = "http://two.example.org/api/"
HERE = "http://localhost:5000/api/"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("TASKFARM_CONFIG", str(folder))
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    return folder


def on(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to another machine, with the same home folder."""
    monkeypatch.setattr(socket, "gethostname", lambda: host)


def default_url() -> str | None:
    login = logins.default_login()
    return login.url if login else None


def test_nothing_is_saved_at_first() -> None:
    assert saved_logins() == ()
    assert logins.default_login() is None
    assert find_login(ONE) is None


def test_a_saved_login_is_found_by_its_url() -> None:
    saved = save_login(ONE, "me", TOKEN)
    assert saved == Login(ONE, "me", TOKEN, default=True)
    assert find_login(ONE) == saved
    assert saved_logins() == (saved,)


def test_a_url_is_saved_in_its_one_spelling() -> None:
    assert save_login("HTTP://One.Example.org:80/api", "me", TOKEN).url == ONE
    assert find_login("http://one.example.ORG/api") is not None


def test_several_servers_stand_side_by_side() -> None:
    save_login(ONE, "me", "token-1")
    save_login(TWO, "you", "token-2")
    found = [find_login(ONE), find_login(TWO)]
    assert [(o.user, o.token) for o in found if o] == [("me", "token-1"), ("you", "token-2")]


def test_a_login_takes_the_place_of_an_older_one_for_the_same_url() -> None:
    save_login(ONE, "me", "token-1")
    save_login(ONE, "you", "token-2")
    assert [(o.user, o.token) for o in saved_logins()] == [("you", "token-2")]


def test_a_login_is_found_by_its_origin_where_the_path_is_another() -> None:
    save_login("http://one.example.org/a/api/", "me", "token-1")
    save_login("http://one.example.org/b/api/", "me", "token-2")
    by_path = find_login("http://one.example.org/b/api/")
    by_origin = find_login("http://one.example.org/c/api/")
    assert by_path is not None
    assert by_path.token == "token-2"
    assert by_origin is not None
    assert by_origin.token == "token-1"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("https://one.example.org/api/", id="scheme"),
        pytest.param("http://one.example.org:8080/api/", id="port"),
        pytest.param("http://one.example.com/api/", id="host"),
        pytest.param("http://sub.one.example.org/api/", id="host-under-it"),
    ],
)
def test_a_login_is_not_found_for_another_origin(other: str) -> None:
    save_login(ONE, "me", TOKEN)
    assert find_login(other) is None


def test_the_first_login_is_the_default_whatever_is_asked() -> None:
    save_login(ONE, "me", TOKEN, replace_default=False)
    assert default_url() == ONE


def test_a_later_login_becomes_the_default_and_the_only_one() -> None:
    save_login(ONE, "me", TOKEN)
    save_login(TWO, "me", TOKEN)
    assert default_url() == TWO
    assert [login.url for login in saved_logins() if login.default] == [TWO]


def test_a_later_login_leaves_the_default_where_it_is_asked_to() -> None:
    save_login(ONE, "me", TOKEN)
    assert not save_login(TWO, "me", TOKEN, replace_default=False).default
    assert default_url() == ONE


def test_the_default_stays_the_default_when_it_is_saved_again() -> None:
    save_login(TWO, "me", TOKEN)
    save_login(ONE, "me", TOKEN)
    save_login(ONE, "me", "token-2", replace_default=False)
    assert default_url() == ONE


def test_without_the_default_the_next_login_becomes_it() -> None:
    save_login(TWO, "me", TOKEN)
    save_login(ONE, "me", TOKEN)
    forget_login(ONE)
    assert default_url() is None
    save_login(TWO, "me", TOKEN, replace_default=False)
    assert default_url() == TWO


def test_a_loopback_login_is_another_one_on_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert save_login(HERE, "me", "token-here").host == "here"
    on("there", monkeypatch)
    assert find_login(HERE) is None
    assert logins.default_login() is None
    save_login(HERE, "me", "token-there")
    there = find_login(HERE)
    on("here", monkeypatch)
    here = find_login(HERE)
    assert [login and login.token for login in (here, there)] == ["token-here", "token-there"]


def test_each_machine_has_a_loopback_default_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    save_login(HERE, "me", TOKEN)
    on("there", monkeypatch)
    save_login("http://127.0.0.1:5001/api/", "me", TOKEN, replace_default=False)
    assert default_url() == "http://127.0.0.1:5001/api/"
    on("here", monkeypatch)
    assert default_url() == HERE


def test_forgetting_a_loopback_login_leaves_the_other_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_login(HERE, "me", TOKEN)
    on("there", monkeypatch)
    assert forget_login(HERE) is None
    on("here", monkeypatch)
    assert find_login(HERE) is not None


def test_a_login_of_any_other_url_holds_on_all_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    save_login(ONE, "me", TOKEN)
    on("there", monkeypatch)
    assert find_login(ONE) is not None
    assert default_url() == ONE


def test_forgetting_a_login_leaves_the_others_and_returns_it() -> None:
    save_login(ONE, "me", TOKEN)
    save_login(TWO, "me", "token-2")
    forgotten = forget_login("http://ONE.example.org/api")
    assert forgotten is not None
    assert forgotten.token == TOKEN
    assert [login.url for login in saved_logins()] == [TWO]
    assert TOKEN not in logins.login_file().read_text()


def test_forgetting_takes_the_url_itself_and_not_one_of_its_origin() -> None:
    save_login(ONE, "me", TOKEN)
    assert forget_login("http://one.example.org/other/") is None
    assert find_login(ONE) is not None


def test_forgetting_what_was_never_saved_writes_nothing(folder: Path) -> None:
    assert forget_login(ONE) is None
    assert not folder.exists()


def test_the_repr_and_texts_of_a_login_mask_its_token() -> None:
    login = save_login(ONE, "me", TOKEN)
    for text in (repr(login), str(login), f"{login}", repr([login]), repr(saved_logins())):
        assert TOKEN not in text
        assert "'***'" in text


def test_logins_are_kept_where_taskfarm_config_says(folder: Path) -> None:
    save_login(ONE, "me", TOKEN)
    assert logins.login_file() == folder / "logins.json"
    assert logins.login_file().exists()


def test_logins_are_kept_in_the_users_own_folder_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFARM_CONFIG")
    own = Path(platformdirs.user_config_dir("taskfarm", appauthor=False))
    assert own.name == "taskfarm"
    assert logins.login_file() == own / "logins.json"


ROW = {"url": ONE, "user": "me", "token": TOKEN, "host": None, "default": True}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"logins": [{"token": "' + TOKEN, id="cut-off"),
        pytest.param("[]", id="a-list"),
        pytest.param("null", id="null"),
        pytest.param("{}", id="no-logins"),
        pytest.param('{"logins": 3}', id="logins-a-number"),
        pytest.param('{"logins": ["' + TOKEN + '"]}', id="a-login-a-text"),
        pytest.param(json.dumps({"logins": [{**ROW, "url": None}]}), id="no-url"),
        pytest.param(
            json.dumps({"logins": [{**ROW, "url": f"http://me:{PASSWORD}@h/"}]}), id="odd-url"
        ),
        pytest.param(json.dumps({"logins": [{**ROW, "token": 7}]}), id="token-a-number"),
        pytest.param(json.dumps({"logins": [{**ROW, "host": 7}]}), id="host-a-number"),
        pytest.param(json.dumps({"logins": [{"url": ONE, "token": TOKEN}]}), id="no-user"),
        pytest.param(TOKEN + "\udcff", id="not-utf-8"),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(folder: Path, text: str) -> None:
    folder.mkdir()
    file = logins.login_file()
    file.touch(mode=0o600)
    held = text.encode("utf-8", "surrogateescape")
    file.write_bytes(held)
    for use in (saved_logins, lambda: find_login(ONE), lambda: save_login(ONE, "me", "token-2")):
        with pytest.raises(ConfigurationError, match=r"damaged: remove it and log in") as e:
            use()
        assert str(file) in str(e.value)
        assert TOKEN not in told_by(e.value)
        assert PASSWORD not in told_by(e.value)
    assert file.read_bytes() == held


def test_what_a_newer_release_adds_to_the_file_is_passed_over(folder: Path) -> None:
    folder.mkdir()
    logins.login_file().touch(mode=0o600)
    document = {"version": 2, "logins": [{**ROW, "expires": "never"}], "more": []}
    logins.login_file().write_text(json.dumps(document))
    assert saved_logins() == (Login(ONE, "me", TOKEN, default=True),)


def test_a_machines_own_loopback_login_leaves_other_machines_their_shared_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_login(ONE, "me", TOKEN)
    on("another", monkeypatch)
    save_login(HERE, "me", TOKEN)
    assert default_url() == HERE
    on("here", monkeypatch)
    assert default_url() == ONE


def test_a_shared_login_takes_the_default_from_this_machines_loopback_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_login(HERE, "me", TOKEN)
    on("another", monkeypatch)
    save_login(HERE, "me", TOKEN)
    save_login(ONE, "me", TOKEN)
    assert default_url() == ONE
    on("here", monkeypatch)
    assert default_url() == HERE

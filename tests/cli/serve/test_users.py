"""The users of a server, changed by serveTF beside a running one, and what becomes of tokens."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from taskfarm_sdk import AuthenticationError, Farm
from taskfarm_sdk.logins import save_login, saved_logins
from tests.support.pseudo_terminal import CTRL_D, PseudoTerminal
from tests.support.serve_tf import COMMAND, administering, serving, snapshot

pytestmark = [
    pytest.mark.long,
    pytest.mark.live,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes through /proc"),
]

SECRET = "a pass:word with ünïcode "


class Served(NamedTuple):
    """A serveTF that runs as long as this module's tests."""

    url: str
    data: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serving("--data", folder / "d", TASKFARM_CONFIG=str(folder / "config")) as serve:
        yield Served(serve.url, folder / "d")


def administer(served: Served, *options: str, typed: str = SECRET + "\n") -> str:
    """Run a serveTF that succeeds, and return what it said."""
    done = administering("--data", served.data, *options, typed=typed)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def refused(served: Served, *options: str, typed: str = SECRET + "\n") -> str:
    """Run a serveTF that is refused and changes nothing, and return its one line."""
    before = snapshot(served.data)
    done = administering("--data", served.data, *options, typed=typed)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("serveTF: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert without_wal(snapshot(served.data)) == without_wal(before)
    return done.stderr


def without_wal(files: dict[str, tuple[int, bytes | None]]) -> dict[str, tuple[int, bytes | None]]:
    """Leave out what a running SQLite writes when somebody only reads."""
    return {name: content for name, content in files.items() if not name.endswith(("-shm", "-wal"))}


def names(served: Served) -> list[str]:
    done = administering("--data", served.data, "--list-users")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def token_of(served: Served, user: str, password: str = SECRET) -> str:
    with Farm(served.url, user=user, password=password) as farm:
        return farm.login()


def status_for(served: Served, token: str) -> int:
    return httpx.get(served.url + "runs", auth=(token, "")).status_code


def test_a_user_is_added_beside_a_running_server(served: Served) -> None:
    told = administer(served, "--add-user", "anna")
    assert told == "serveTF: the user 'anna' is added\n"
    assert SECRET.strip() not in told
    assert "anna" in names(served)
    assert status_for(served, token_of(served, "anna")) == 200
    assert not (served.data / "password-anna").exists()


def test_a_generated_password_is_kept_and_not_shown(served: Served) -> None:
    told = administer(served, "--add-user", "ben", "--generate-password", typed="")
    file = served.data / "password-ben"
    assert f"its password is in '{file}'" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = file.read_text().strip()
    assert len(password) >= 20
    assert password not in told
    assert status_for(served, token_of(served, "ben", password)) == 200


def test_a_new_password_replaces_the_old_one_and_keeps_the_tokens(served: Served) -> None:
    administer(served, "--add-user", "carl")
    token = token_of(served, "carl")
    told = administer(served, "--set-password", "carl", typed="another\n")
    assert "its tokens stay valid" in told
    assert status_for(served, token) == 200
    assert token_of(served, "carl", "another") == token
    with pytest.raises(AuthenticationError):
        token_of(served, "carl")


def test_a_password_that_was_kept_stays_the_one_that_is_kept(served: Served) -> None:
    administer(served, "--add-user", "dora", "--generate-password")
    told = administer(served, "--set-password", "dora")
    file = served.data / "password-dora"
    assert f"its password is in '{file}'" in told
    assert file.read_text() == f"{SECRET}\n"
    assert status_for(served, token_of(served, "dora")) == 200


def test_a_removed_user_has_no_token_login_or_password_left(served: Served) -> None:
    administer(served, "--add-user", "emil", "--generate-password")
    password = (served.data / "password-emil").read_text().strip()
    token = token_of(served, "emil", password)
    save_login("https://farm.invalid/api/", "emil", token)
    save_login("https://other.invalid/api/", "emil", "not this server's")
    save_login(served.url, "taskfarm", token_of_own_user(served))
    told = administer(served, "--remove-user", "emil")
    assert "emil" not in names(served)
    assert not (served.data / "password-emil").exists()
    assert [login.url for login in saved_logins()] == ["https://other.invalid/api/", served.url]
    assert status_for(served, token) == 401
    with pytest.raises(AuthenticationError):
        token_of(served, "emil", password)
    for text in ("are refused from now on", "password-emil'", "https://farm.invalid/api/"):
        assert text in told


def token_of_own_user(served: Served) -> str:
    password = (served.data / "password-taskfarm").read_text().strip()
    return token_of(served, "taskfarm", password)


def test_a_removed_users_token_is_never_another_users(served: Served) -> None:
    administer(served, "--add-user", "fred")
    token = token_of(served, "fred")
    administer(served, "--remove-user", "fred")
    for again in ("fred", "gina"):
        administer(served, "--add-user", again)
        assert status_for(served, token) == 401
        assert status_for(served, token_of(served, again)) == 200


def test_one_of_two_commands_at_once_adds_a_user(served: Served) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(
            lambda _: administering("--data", served.data, "--add-user", "hans", typed="x\n"),
            range(2),
        )
        assert sorted(done.returncode for done in both) == [0, 1]
    assert names(served).count("hans") == 1


@pytest.mark.parametrize("action", ["--add-user", "--set-password"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("", "1 to 32 characters", id="empty"),
        pytest.param("a:b", "without ':'", id="colon"),
        pytest.param("a\x07b", "control characters", id="control"),
        pytest.param("ü" * 33, "1 to 32 characters", id="too_long"),
    ],
)
def test_a_name_that_the_server_cannot_have_is_refused(
    served: Served, action: str, name: str, text: str
) -> None:
    assert text in refused(served, action, name)


@pytest.mark.parametrize("action", [("--add-user", "new"), ("--set-password", "taskfarm")])
@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param("", "--generate-password", id="nothing"),
        pytest.param("\n", "--generate-password", id="empty"),
        pytest.param("a\x07b\n", "control characters", id="control"),
        pytest.param("p" * 1025 + "\n", "longer than 1024 bytes", id="too_long"),
        pytest.param("ü" * 513 + "\n", "longer than 1024 bytes", id="too_long_in_utf8"),
    ],
)
def test_a_password_that_the_server_cannot_have_is_refused(
    served: Served, action: tuple[str, str], typed: str, text: str
) -> None:
    told = refused(served, *action, typed=typed)
    assert text in told
    assert "pppp" not in told


def test_the_longest_password_works(served: Served) -> None:
    password = "ü" * 512
    administer(served, "--add-user", "n" * 32, typed=password + "\n")
    assert status_for(served, token_of(served, "n" * 32, password)) == 200


def test_a_user_that_exists_already_is_told_how_to_change(served: Served) -> None:
    told = refused(served, "--add-user", "taskfarm")
    assert "already has a user 'taskfarm'" in told
    assert "--set-password" in told


@pytest.mark.parametrize("action", ["--set-password", "--remove-user"])
def test_a_user_that_is_not_there_is_told_who_is(served: Served, action: str) -> None:
    told = refused(served, action, "nobody")
    assert "has no user 'nobody'" in told
    assert "'taskfarm'" in told
    assert "--add-user" in told


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--add-user", "a", "--port", "0"], "--add-user starts no server: omit --port"),
        (["--list-users", "--access-log"], "omit --access-log"),
        (["--list-users", "--user", "taskfarm"], "omit --user"),
        (["--list-users", "--add-user", "a"], "not allowed with"),
        (["--generate-password"], "is for --add-user and --set-password"),
        (["--remove-user", "a", "--generate-password"], "is for --add-user"),
    ],
)
def test_options_that_start_a_server_are_not_for_users(
    served: Served, options: list[str], text: str
) -> None:
    assert text in refused(served, *options)


@pytest.mark.parametrize("action", [["--list-users"], ["--add-user", "a"], ["--rotate-key"]])
def test_a_folder_without_a_database_is_told_how_it_gets_one(
    tmp_path: Path, action: list[str]
) -> None:
    done = administering("--data", tmp_path / "d", *action, typed="x\n")
    assert done.returncode == 1
    assert f"start the server once with `serveTF --data {tmp_path}/d`" in done.stderr
    assert snapshot(tmp_path) == {}


def test_a_person_types_a_password_twice_and_never_sees_it(served: Served) -> None:
    with terminal(served, "--add-user", "ida") as seen:
        seen.expect("New password of ida: ")
        seen.press("typed\n")
        seen.expect("The same again: ")
        seen.press("typed\n")
        assert seen.end() == 0
        assert "typed" not in seen.text
    assert status_for(served, token_of(served, "ida", "typed")) == 200


@pytest.mark.parametrize(
    ("second", "text"),
    [("other\n", "differ; nothing was changed"), (CTRL_D, "nothing was changed")],
)
def test_a_second_password_that_differs_changes_nothing(
    served: Served, second: str, text: str
) -> None:
    before = names(served)
    with terminal(served, "--add-user", "jens") as seen:
        seen.expect("New password of jens: ")
        seen.press("typed\n")
        seen.expect("The same again: ")
        seen.press(second)
        seen.expect(text)
        assert seen.end() == 1
    assert names(served) == before


def test_nobody_types_a_password_for_a_user_that_is_refused(served: Served) -> None:
    with terminal(served, "--set-password", "nobody") as seen:
        seen.expect("has no user")
        assert seen.end() == 1
        assert "New password" not in seen.text


def terminal(served: Served, *options: str) -> PseudoTerminal:
    return PseudoTerminal([*options, "--data", str(served.data)], {}, program=COMMAND, columns=200)


def test_names_that_others_made_are_listed_and_can_be_removed(served: Served) -> None:
    with closing(sqlite3.connect(served.data / "taskfarm.db")) as database, database:
        database.executemany(
            "INSERT INTO users (username) VALUES (?)", [("twice",), ("twice",), (None,), ("a\nb",)]
        )
    assert names(served).count("twice") == 1
    assert "a\\nb" in names(served)
    for name in ("twice", "a\nb"):
        administer(served, "--remove-user", name)
    assert not {"twice", "a\\nb"} & set(names(served))


def test_the_last_user_comes_back_with_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "d"
    with serving("--data", data) as serve:
        served = Served(serve.url, data)
        token = token_of_own_user(served)
        told = administer(served, "--remove-user", "taskfarm")
        assert "creates its own user at each start: 'taskfarm'" in told
        assert names(served) == []
        assert status_for(served, token) == 401
    with serving("--data", data) as serve:
        served = Served(serve.url, data)
        assert names(served) == ["taskfarm"]
        assert status_for(served, token) == 401
        assert status_for(served, token_of_own_user(served)) == 200


def test_a_key_that_is_not_there_leaves_other_logins_alone(served: Served, tmp_path: Path) -> None:
    administer(served, "--add-user", "karl")
    save_login("https://farm.invalid/api/", "karl", token_of(served, "karl"))
    (served.data / "secret-key").rename(tmp_path / "away")
    administer(served, "--remove-user", "karl")
    (tmp_path / "away").rename(served.data / "secret-key")
    assert [login.user for login in saved_logins()] == ["karl"]

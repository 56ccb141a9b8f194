"""Users and the key of servers on PostgreSQL, and starts that are refused there."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from taskfarm_sdk import AuthenticationError, Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.plain_taskfarm import make_plain_database, write_secret
from tests.support.postgresql import PostgreSQL
from tests.support.serve_tf import administering, failing, serving, snapshot

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.timeout(400)]

SECRET = "a pass:word"


class Administered:
    """A database and the data folders of its servers.

    Attributes:
        folders: the folder that contains them.
        options: what each serveTF is given beside its folder.
    """

    def __init__(self, postgres: PostgreSQL, database: str, folders: Path) -> None:
        self._postgres, self._database, self.folders = postgres, database, folders
        self.options = ("--database-url", postgres.url(database, password=""))

    @property
    def url(self) -> str:
        return self._postgres.url(self._database)

    def run(self, statement: str) -> list[tuple[object, ...]]:
        return self._postgres.run(statement, self._database)

    def administer(self, *options: str, folder: str = "one") -> tuple[int, str]:
        done = administering(
            *options, "--data", self.folders / folder, *self.options, typed=SECRET + "\n"
        )
        return done.returncode, done.stdout + done.stderr

    def contents(self) -> dict[str, object]:
        """Return all tables with their rows, all indexes, and the data folders."""
        tables = self.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {
            "folders": snapshot(self.folders),
            "indexes": self.run("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"),
            **{str(name): self.run(f"SELECT * FROM {name}") for (name,) in tables},
        }

    def refused(self, *options: str, folder: str = "one") -> str:
        """Run a serveTF that is refused, see that it changes nothing, and return what it said."""
        before = self.contents()
        status, line = failing(
            "--port", 0, "--data", self.folders / folder, *self.options, *options
        )
        assert status == 1
        assert self.contents() == before
        return line


@pytest.fixture
def administered(
    postgres: PostgreSQL, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Administered:
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    return Administered(postgres, database, tmp_path)


def token_of(url: str, user: str, password: str = SECRET) -> str:
    with Farm(url, user=user, password=password) as farm:
        return farm.login()


def status_for(url: str, token: str) -> int:
    return httpx.get(url + "runs", auth=(token, "")).status_code


def test_users_are_changed_beside_a_running_server(administered: Administered) -> None:
    with serving(
        "--data", administered.folders / "one", *administered.options,
        "--processes", 2, "--threads", 4,
    ) as serve:  # fmt: skip
        assert administered.administer("--add-user", "anna")[0] == 0
        assert administered.administer("--list-users") == (0, "anna\ntaskfarm\n")
        token = token_of(serve.url, "anna")
        assert [status_for(serve.url, token) for _ in range(8)] == [200] * 8
        assert administered.administer("--set-password", "anna", "--generate-password")[0] == 0
        with pytest.raises(AuthenticationError):
            token_of(serve.url, "anna")
        kept = (administered.folders / "one" / "password-anna").read_text().strip()
        assert token_of(serve.url, "anna", kept) == token
        assert administered.administer("--remove-user", "anna")[0] == 0
        assert [status_for(serve.url, token) for _ in range(8)] == [401] * 8
        assert administered.administer("--add-user", "anna")[0] == 0
        assert status_for(serve.url, token) == 401
        assert status_for(serve.url, token_of(serve.url, "anna")) == 200


def test_one_of_two_commands_at_once_adds_a_user(administered: Administered) -> None:
    with LocalServer(database_url=administered.url), ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: administered.administer("--add-user", "anna"), range(2)))
    assert sorted(status for status, _ in both) == [0, 1]
    assert administered.run("SELECT count(*) FROM users WHERE username = 'anna'") == [(1,)]


def test_a_second_server_needs_the_key_of_the_first(administered: Administered) -> None:
    one, two = (administered.folders / name for name in ("one", "two"))
    with serving("--data", one, *administered.options) as first:
        line = administered.refused("--user", "second", folder="two")
        assert f"to '{two}/secret-key'" in line
        assert not two.exists()
        two.mkdir(mode=0o700)
        shutil.copy(one / "secret-key", two)  # keeps the mode
        with serving("--data", two, *administered.options, "--user", "second") as second:
            password = (two / "password-second").read_text().strip()
            token = token_of(second.url, "second", password)
            assert status_for(first.url, token) == status_for(second.url, token) == 200


def test_a_rotated_key_goes_to_the_second_server_too(administered: Administered) -> None:
    one, two = (administered.folders / name for name in ("one", "two"))
    with serving("--data", one, *administered.options) as serve:
        password = (one / "password-taskfarm").read_text().strip()
        token = token_of(serve.url, "taskfarm", password)
    two.mkdir(mode=0o700)
    for name in ("secret-key", "password-taskfarm"):
        shutil.copy(one / name, two)
    assert administered.administer("--rotate-key")[0] == 0
    assert "signed with another key" in administered.refused(folder="two")
    shutil.copy(one / "secret-key", two)
    with serving("--data", two, *administered.options) as serve:
        assert status_for(serve.url, token) == 500
        assert status_for(serve.url, token_of(serve.url, "taskfarm", password)) == 200


def test_tests_of_ones_own_may_share_a_database(administered: Administered) -> None:
    with serving("--data", administered.folders / "one", *administered.options) as serve:
        password = (administered.folders / "one" / "password-taskfarm").read_text().strip()
        token = token_of(serve.url, "taskfarm", password)
        with LocalServer(database_url=administered.url) as local, local.farm() as farm:
            assert farm.runs() == []
        assert status_for(serve.url, token) == 200


def plain(administered: Administered) -> str:
    """Make the database that of a plain taskfarm."""
    url = administered.url.replace("postgresql:", "postgresql+psycopg:")
    return make_plain_database(url, "me", "pw", "short")


def test_a_database_of_a_plain_taskfarm_is_taken_over(administered: Administered) -> None:
    token = plain(administered)
    data = administered.folders / "one"
    data.mkdir(mode=0o700)
    write_secret(data / "secret-key", "short")
    line = administered.refused("--user", "me")
    assert f"with another password than '{data}/password-me'" in line
    write_secret(data / "password-me", "pw")
    with serving("--data", data, *administered.options, "--user", "me") as serve:
        assert status_for(serve.url, token) == 200
        assert token_of(serve.url, "me", "pw") == token


def test_the_command_that_is_told_mends_a_password_that_nobody_kept(
    administered: Administered,
) -> None:
    plain(administered)
    found = re.search("`serveTF (.*?)`", administered.refused("--user", "me"))
    assert found
    told = found[1].replace("--database-url URL", shlex.join(administered.options))
    assert administering(*shlex.split(told)).returncode == 0
    with serving(
        "--data", administered.folders / "one", *administered.options, "--user", "me"
    ) as serve:
        kept = (administered.folders / "one" / "password-me").read_text().strip()
        assert status_for(serve.url, token_of(serve.url, "me", kept)) == 200


def test_a_database_without_tables_is_told(administered: Administered) -> None:
    status, line = administered.administer("--add-user", "anna")
    assert status == 1
    assert "contains no server's tables yet" in line
    assert list(administered.folders.iterdir()) == []


@pytest.mark.parametrize("prepare", [plain, lambda _: None], ids=["plain", "empty"])
def test_a_role_that_may_not_create_tables_changes_nothing(
    administered: Administered,
    postgres: PostgreSQL,
    prepare: Callable[[Administered], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(administered)
    postgres.run("DROP ROLE IF EXISTS guest")
    postgres.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    monkeypatch.setenv("PGPASSWORD", "guest")
    url = administered.options[1].replace(f"//{postgres.user}@", "//guest@")
    assert "no permission to write" in administered.refused("--database-url", url)

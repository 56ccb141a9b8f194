"""Whose token it is, and the files that a refused change of users leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.hidden import Hidden
from taskfarm_sdk.server import Administration, DataFolder
from taskfarm_sdk.server._administration import _user_id

KEY = "short"
MAKE = """
from authlib.jose import jwt
print(jwt.encode({"alg": "HS256"}, {"id": 7}, "short").decode())
"""


@pytest.fixture(scope="module")
def token() -> str:
    """What the server's library makes of the user 7 and the key."""
    words = [sys.executable, "-W", "ignore", "-c", MAKE]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_a_token_tells_its_user_to_who_has_the_key(token: str) -> None:
    assert _user_id(Hidden(token), Hidden(KEY)) == 7
    assert _user_id(Hidden(token), Hidden("another")) is None
    assert _user_id(Hidden(f"x{token}"), Hidden(KEY)) is None


@pytest.mark.parametrize("other", ["", ".", "..", "a.b.c", "no token", "ü.ü.ü"])
def test_what_is_no_token_of_the_server_is_nobodys(other: str) -> None:
    assert _user_id(Hidden(other), Hidden(KEY)) is None


@pytest.fixture
def users(tmp_path: Path) -> Administration:
    folder = DataFolder(tmp_path / "d")
    return Administration(folder, folder.database)


def test_without_a_database_no_folder_is_made(users: Administration, tmp_path: Path) -> None:
    for change in (users.names, lambda: users.add_user("me"), lambda: users.remove_user("me")):
        with pytest.raises(ConfigurationError, match="start the server once"):
            change()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused_with_the_way_out(
    users: Administration, tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    os.chown(tmp_path / "d", 12345, -1)
    with pytest.raises(ConfigurationError, match="sudo -u '#12345'"):
        users.add_user("me")
    assert list((tmp_path / "d").iterdir()) == []


def test_a_key_is_rotated_by_who_holds_the_folder_alone(users: Administration) -> None:
    with pytest.raises(ConfigurationError, match="`with` block"):
        users.rotate_key()

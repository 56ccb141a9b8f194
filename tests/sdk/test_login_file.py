"""The file of saved logins: its mode, and how it stays whole whatever happens to a writer."""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

from taskfarm_sdk import ConfigurationError, Farm, logins
from taskfarm_sdk.logins import (
    find_login,
    forget_login,
    forget_logins,
    save_login,
    saved_logins,
)
from tests.support.secrecy import TOKEN, told_by

ONE = "http://one.example.org/api/"
TWO = "http://two.example.org/api/"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and locks are POSIX's")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a user's config"
    monkeypatch.setenv("TASKFARM_CONFIG", str(folder))
    return folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_and_its_folder_are_the_users_alone(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        save_login(ONE, "me", TOKEN)
        assert (mode(logins.login_file()), mode(folder)) == (0o600, 0o700)
        save_login(TWO, "me", TOKEN)
        assert mode(logins.login_file()) == 0o600
    finally:
        os.umask(before)


def test_the_file_is_never_open_to_others_not_while_it_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    replace = Path.replace

    def look_and_replace(self: Path, target: Path) -> Path:
        modes.extend(mode(path) for path in folder.glob(".logins-*"))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", look_and_replace)
    save_login(ONE, "me", TOKEN)
    assert modes == [0o600]


@pytest.mark.parametrize("wide", [0o640, 0o620, 0o604, 0o602, 0o660, 0o644, 0o777])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(wide: int) -> None:
    save_login(ONE, "me", TOKEN)
    logins.login_file().chmod(wide)
    commands: set[str] = set()
    for use in (saved_logins, lambda: forget_login(ONE), lambda: save_login(TWO, "me", TOKEN)):
        with pytest.raises(ConfigurationError, match="chmod 600 ") as caught:
            use()
        assert TOKEN not in told_by(caught.value)
        commands.add(str(caught.value).partition(": ")[2])
    (command,) = commands
    subprocess.run(shlex.split(command), check=True)
    assert find_login(ONE) is not None


@pytest.mark.parametrize("narrow", [0o600, 0o400])
def test_a_file_of_the_user_alone_is_read(narrow: int) -> None:
    save_login(ONE, "me", TOKEN)
    logins.login_file().chmod(narrow)
    assert find_login(ONE) is not None


def test_a_writer_that_fails_in_the_middle_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_login(ONE, "me", TOKEN)
    before = logins.login_file().read_bytes(), files_of(folder)

    def fail(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        save_login(TWO, "me", TOKEN)
    assert (logins.login_file().read_bytes(), files_of(folder)) == before


DIES = """
import os
from pathlib import Path
from taskfarm_sdk import logins
Path.replace = lambda self, target: os._exit(9)
logins.save_login("http://two.example.org/api/", "me", "token-2")
"""


def test_a_writer_that_is_killed_in_the_middle_leaves_the_old_file_and_no_lock() -> None:
    save_login(ONE, "me", TOKEN)
    assert subprocess.run([sys.executable, "-c", DIES], check=False).returncode == 9
    assert [login.url for login in saved_logins()] == [ONE]
    save_login(TWO, "me", TOKEN)
    assert [login.url for login in saved_logins()] == [ONE, TWO]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_old_file_and_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_login(ONE, "me", TOKEN)
    before = logins.login_file().read_bytes(), files_of(folder)
    make = tempfile.mkstemp

    def make_on_full_disk(dir: Path, prefix: str, suffix: str) -> tuple[int, str]:
        handle, name = make(suffix, prefix, dir)
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, handle)
        os.close(full)
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", make_on_full_disk)
    with pytest.raises(ConfigurationError, match=os.strerror(errno.ENOSPC)) as caught:
        save_login(TWO, "me", TOKEN)
    assert str(logins.login_file()) in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert (logins.login_file().read_bytes(), files_of(folder)) == before


def test_a_read_only_folder_can_be_read_and_not_saved_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Simulated, for root may write into any folder.
    save_login(ONE, "me", TOKEN)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(folder))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    assert find_login(ONE) is not None
    with Farm() as farm:
        assert farm.url == ONE
    told = f"cannot save logins in '{logins.login_file()}': {os.strerror(errno.EROFS)}"
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        save_login(TWO, "me", TOKEN)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        forget_login(ONE)


def test_only_the_logins_that_are_chosen_are_forgotten() -> None:
    save_login(ONE, "me", TOKEN)
    save_login(TWO, "me", "another token")
    before = logins.login_file().stat()
    assert forget_logins(lambda _: False) == ()
    after = logins.login_file().stat()
    # Reading it may set the time of the last access.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    (gone,) = forget_logins(lambda login: login.token == TOKEN)
    assert gone.url == ONE
    assert [login.url for login in saved_logins()] == [TWO]


@pytest.mark.parametrize("below", [".", "deeper"], ids=["a-file", "below-a-file"])
def test_a_folder_that_cannot_be_reads_as_no_logins_and_is_not_saved_to(
    tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "file" / below))
    assert saved_logins() == ()
    assert forget_login(ONE) is None
    with pytest.raises(ConfigurationError, match="cannot save logins in") as caught:
        save_login(ONE, "me", TOKEN)
    assert str(tmp_path / "file") in str(caught.value)


def test_a_file_that_cannot_be_opened_is_named(folder: Path) -> None:
    (folder / "logins.json").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot read the saved logins") as caught:
        saved_logins()
    assert str(logins.login_file()) in str(caught.value)


SAVES = """
import sys
from taskfarm_sdk import logins
who = sys.argv[1]
print("ready", flush=True)
sys.stdin.readline()
for number in range(5):
    logins.save_login(f"http://{who}.example.org/{number}/", who, f"token-{who}-{number}")
"""


def test_eight_processes_that_save_at_once_lose_no_login(folder: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVES, f"writer{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0] * 8
    found = saved_logins()
    assert {login.token for login in found} == {
        f"token-writer{who}-{number}" for who in range(8) for number in range(5)
    }
    assert sum(login.default for login in found) == 1
    assert files_of(folder) == {"logins.json", "logins.lock"}


@pytest.fixture
def elsewhere(folder: Path, tmp_path: Path) -> Path:
    """The file that the file of logins is a link to."""
    folder.mkdir()
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "my-logins.json"
    (folder / "logins.json").symlink_to(Path("..", "dotfiles", "my-logins.json"))
    return target


def test_a_link_to_the_file_stays_a_link_and_its_target_is_replaced(
    folder: Path, elsewhere: Path
) -> None:
    elsewhere.touch(mode=0o600)
    elsewhere.write_text('{"logins": []}')
    # Who reads the old file meanwhile reads it to its end.
    with elsewhere.open() as reader:
        save_login(ONE, "me", TOKEN)
        save_login(TWO, "me", TOKEN)
        forget_login(TWO)
        assert reader.read() == '{"logins": []}'
    assert (folder / "logins.json").is_symlink()
    assert TOKEN in elsewhere.read_text()
    assert mode(elsewhere) == 0o600
    assert [login.url for login in saved_logins()] == [ONE]
    assert files_of(elsewhere.parent) == {"my-logins.json"}
    assert files_of(folder) == {"logins.json", "logins.lock"}


def test_a_link_to_a_file_that_does_not_exist_yet_creates_it(folder: Path, elsewhere: Path) -> None:
    assert saved_logins() == ()
    save_login(ONE, "me", TOKEN)
    assert (folder / "logins.json").is_symlink()
    assert (elsewhere.is_symlink(), mode(elsewhere)) == (False, 0o600)


def test_a_link_into_a_folder_that_does_not_exist_is_told(folder: Path, elsewhere: Path) -> None:
    elsewhere.parent.rmdir()
    with pytest.raises(
        ConfigurationError, match=r"cannot save logins in .* No such file"
    ) as caught:
        save_login(ONE, "me", TOKEN)
    assert str(elsewhere.parent) in str(caught.value)
    assert (folder / "logins.json").is_symlink()


def test_a_file_behind_a_link_that_others_can_read_is_refused(elsewhere: Path) -> None:
    elsewhere.touch(mode=0o644)
    with pytest.raises(ConfigurationError, match="chmod 600 ") as caught:
        save_login(ONE, "me", TOKEN)
    subprocess.run(shlex.split(str(caught.value).partition(": ")[2]), check=True)
    assert mode(elsewhere) == 0o600


def test_links_in_a_circle_are_told_as_such(folder: Path) -> None:
    folder.mkdir()
    (folder / "logins.json").symlink_to("other.json")
    (folder / "other.json").symlink_to("logins.json")
    for use in (saved_logins, lambda: save_login(ONE, "me", TOKEN), lambda: find_login(ONE)):
        with pytest.raises(ConfigurationError, match="links in a circle") as caught:
            use()
        assert str(folder / "logins.json") in str(caught.value)
    assert files_of(folder) <= {"logins.json", "other.json", "logins.lock"}


def test_a_writer_that_fails_behind_a_link_leaves_nothing(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        save_login(ONE, "me", TOKEN)
    assert files_of(elsewhere.parent) == set()


def test_a_tilde_in_taskfarm_config_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TASKFARM_CONFIG", "~/my config")
    save_login(ONE, "me", TOKEN)
    assert (tmp_path / "my config" / "logins.json").exists()


def test_the_tilde_of_nobody_in_taskfarm_config_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFARM_CONFIG", "~nobody-of-this-name/config")
    with pytest.raises(ConfigurationError, match=r"TASKFARM_CONFIG names .* the whole path"):
        saved_logins()

"""A server's folder: its secrets, its lock, and what can be wrong with them."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.server import DataFolder, _folder, default_data_folder
from tests.support.serve_tf import snapshot


def test_the_default_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert default_data_folder() == tmp_path / "taskfarm"
    assert DataFolder().path == default_data_folder()


def test_secrets_are_made_once_and_for_each_user(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "d") as folder:
        first, other = folder.secrets("me"), folder.secrets("../you")
        assert folder.secrets("me") == first
        assert first.key == other.key
        assert first.password != other.password
        assert folder.password_file("../you").parent == folder.path
    with DataFolder(tmp_path / "d") as folder:
        assert folder.secrets("me") == first


def test_secrets_are_long_and_not_alike(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a") as a, DataFolder(tmp_path / "b") as b:
        assert a.secrets("me").key != b.secrets("me").key
        assert len(a.secrets("me").key) == 64
        assert len(a.secrets("me").password) >= 20
        assert a.secrets("me").key not in repr(a.secrets("me"))
        assert a.secrets("me").password not in repr(a.secrets("me"))


def test_secrets_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with DataFolder(tmp_path / "d") as folder:
            folder.secrets("me")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o620])
def test_a_secret_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    with DataFolder(tmp_path) as folder:
        folder.secrets("me")
        (tmp_path / "secret-key").chmod(mode)
        with pytest.raises(ConfigurationError, match=f"chmod 600 {tmp_path}/secret-key"):
            folder.secrets("me")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_damaged_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    with DataFolder(tmp_path) as folder:
        folder.secrets("me")
        (tmp_path / "secret-key").write_bytes(content)
        with pytest.raises(ConfigurationError, match="is damaged"):
            folder.secrets("me")


@pytest.mark.parametrize("content", [b"s", b"short\n", b" with blanks \r\n"])
def test_a_secret_of_another_server_may_be_short(tmp_path: Path, content: bytes) -> None:
    with DataFolder(tmp_path) as folder:
        folder.secrets("me")
        (tmp_path / "secret-key").write_bytes(content)
        assert folder.secrets("me").key == content.decode().rstrip("\r\n")


def test_no_key_is_written_if_the_password_is_refused(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.password_file("me").write_text("a password")
        folder.password_file("me").chmod(0o644)
        with pytest.raises(ConfigurationError, match="chmod 600"):
            folder.secrets("me")
    assert not folder.key_file.exists()


@pytest.mark.parametrize("is_there", [False, True])
def test_what_was_made_is_undone_and_no_more(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "a" / "b"
    if is_there:
        with DataFolder(path) as folder:
            folder.record({"url": "http://127.0.0.1:1/api/"})
            folder.secrets("other")
    before = snapshot(tmp_path)
    with DataFolder(path) as folder:
        folder.secrets("me")
        folder.record({"url": "http://127.0.0.1:2/api/"})
        folder.undo()
    assert snapshot(tmp_path) == before


def test_a_folder_that_is_used_is_not_undone(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "d") as first:
        first.secrets("me")
        before = snapshot(tmp_path)
        with pytest.raises(ConfigurationError, match="another server"):
            DataFolder(tmp_path / "d").__enter__()
        assert snapshot(tmp_path) == before


def test_a_lock_whose_file_was_undone_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused start removes its lock file while another start waits for the lock."""
    first = DataFolder(tmp_path / "d").__enter__()
    waited = []

    def undo(_: float) -> None:
        waited.append(1)
        first.undo()
        first.__exit__(None, None, None)

    hold(first.lock, 0, os.uname().nodename)
    monkeypatch.setattr(_folder, "_lives", lambda _: False)
    monkeypatch.setattr(time, "sleep", undo)
    with DataFolder(tmp_path / "d") as second:
        assert waited == [1]
        assert os.path.samestat(os.fstat(second.lock), (tmp_path / "d" / "lock").stat())


def test_a_name_too_long_for_a_file_is_told(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path) as folder,
        pytest.raises(ConfigurationError, match="its name is too long for a file"),
    ):
        folder.secrets("\N{GRINNING FACE}" * 32)


def test_a_full_disk_leaves_no_half_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with DataFolder(tmp_path) as folder:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ConfigurationError, match="No space left on device; free space"):
            folder.secrets("me")
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigurationError, match=r"Not a directory.*--data DIR"),
        DataFolder(tmp_path / "file" / "d"),
    ):
        pass


def test_a_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as first:
        first.record({"url": "http://127.0.0.1:5000/api/"})
        with pytest.raises(ConfigurationError) as caught, DataFolder(tmp_path):
            pass
    assert f"at http://127.0.0.1:5000/api/ uses the folder '{tmp_path}'" in str(caught.value)
    assert f"'kill {os.getpid()}'," in str(caught.value)
    with DataFolder(tmp_path):
        pass


def hold(lock: int, pid: int, host: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps({"pid": str(pid), "host": host}).encode(), 0)


def test_a_holder_on_another_machine_is_named(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as first:
        hold(first.lock, 1, "another-machine")
        with pytest.raises(ConfigurationError, match="'kill 1' on another-machine"):
            DataFolder(tmp_path).__enter__()


def test_waits_for_a_server_whose_parent_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    first = DataFolder(tmp_path).__enter__()
    hold(first.lock, dead.pid, os.uname().nodename)
    waited = []

    def end(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            first.__exit__(None, None, None)

    monkeypatch.setattr(time, "sleep", end)
    with DataFolder(tmp_path):
        assert len(waited) == 3


def test_the_lock_is_there_in_a_with_alone(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="`with`"):
        _ = DataFolder(tmp_path).lock

"""Results folders: only what this user alone can write is opened."""

from __future__ import annotations

import errno
import os
import pickle
import pwd
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from taskfarm_sdk import ConfigurationError, TaskfarmError
from taskfarm_sdk._processes import mounts
from taskfarm_sdk._results import folder as folder_module
from taskfarm_sdk._results import trust
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.folder_errors import cannot_write


@pytest.fixture
def another_user(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after which this process seems to run as another user."""
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=f"no-{uid}"))
    other = os.geteuid() + 1
    return lambda: monkeypatch.setattr(os, "geteuid", lambda: other)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "sweep")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_and_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    folder = Folder.create(tmp_path / "above" / "sweep")
    os.close(folder.create_file("results"))
    folder.publish("order", lambda file: file.write(b"{}"))
    folder.replace("claim", b"{}")
    assert mode_of(folder.path) == 0o700
    assert {mode_of(path) for path in folder.path.iterdir()} == {0o600}
    assert folder.names() == ["claim", "order", "results"]


@pytest.mark.parametrize("path", ["sweep", "sweep/", "./sweep", "../{}/sweep"])
def test_a_folder_is_known_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Folder.create(path.format(tmp_path.name)).path == tmp_path / "sweep"
    assert Folder.open(path.format(tmp_path.name)).path == tmp_path / "sweep"


def test_an_own_folder_that_others_can_read_is_taken(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert Folder.create(tmp_path).names() == []


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no folder"):
        Folder.open(tmp_path / "sweep")


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sweep").touch()
    for way in (Folder.open, Folder.create):
        with pytest.raises(ConfigurationError, match="is not a folder"):
            way(tmp_path / "sweep")


def test_a_symbolic_link_to_a_folder_is_refused_with_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "sweep").symlink_to("real")
    for way in (Folder.open, Folder.create):
        with pytest.raises(ConfigurationError, match=f"symbolic link.*'{tmp_path}/real'"):
            way(tmp_path / "sweep")


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused_until_mended(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "my sweep"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="other users can write to") as caught:
        Folder.open(path)
    command = f"chmod 700 '{path}'"
    assert command in str(caught.value)
    assert os.system(command) == 0
    Folder.open(path)


def test_a_folder_of_another_user_is_refused(
    folder: Folder, another_user: Callable[[], None]
) -> None:
    me = os.geteuid()
    another_user()
    text = f"belongs to user no-{me}, not to user no-{me + 1}"
    with pytest.raises(ConfigurationError, match=text):
        Folder.open(folder.path)


def test_the_folder_stays_the_same_when_its_path_is_exchanged(folder: Folder) -> None:
    folder.replace("order", b"mine")
    folder.path.rename(folder.path.with_name("moved"))
    folder.path.mkdir()
    (folder.path / "order").write_bytes(b"another's")
    assert folder.read("order") == b"mine"


def spoil_with_link(path: Path) -> None:
    (path.parent / "target").write_bytes(b"x")
    path.symlink_to("target")


def spoil_with_socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a_link": (spoil_with_link, "is a symbolic link"),
    "a_link_to_nothing": (lambda path: path.symlink_to("missing"), "is a symbolic link"),
    "a_pipe": (os.mkfifo, "is a named pipe"),
    "a_folder": (lambda path: path.mkdir(), "is a folder"),
    "a_socket": (spoil_with_socket, "is a socket"),
}


@pytest.mark.parametrize(("spoil", "text"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_regular_file_is_refused_at_once(
    folder: Folder, spoil: Callable[[Path], object], text: str
) -> None:
    spoil(folder.path / "order")
    for way in (folder.size, folder.open_file, folder.read, folder.exists):
        with pytest.raises(ConfigurationError, match=text) as caught:
            way("order")
        assert f"rm {folder.path}/order" in str(caught.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused_until_mended(folder: Folder, mode: int) -> None:
    folder.replace("order", b"{}")
    (folder.path / "order").chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        folder.read("order")
    command = f"chmod 600 {folder.path}/order"
    assert command in str(caught.value)
    assert os.system(command) == 0
    assert folder.read("order") == b"{}"


def test_a_file_of_another_user_is_refused(
    folder: Folder, another_user: Callable[[], None]
) -> None:
    folder.replace("order", b"{}")
    another_user()
    with pytest.raises(ConfigurationError, match="order' belongs to user"):
        folder.read("order")


def test_a_second_name_of_a_file_gives_nobody_else_a_right(folder: Folder) -> None:
    folder.replace("order", b"{}")
    os.link(folder.path / "order", folder.path.parent / "second")
    assert folder.read("order") == b"{}"


def test_a_file_exchanged_after_a_look_is_checked_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.replace("order", b"{}")
    opened = os.open

    def exchanging(path: str, *rest: int, dir_fd: int | None = None) -> int:
        descriptor = opened(path, *rest, dir_fd=dir_fd)
        os.fchmod(descriptor, 0o666)
        return descriptor

    assert folder.exists("order")
    monkeypatch.setattr(os, "open", exchanging)
    with pytest.raises(ConfigurationError, match="other users can write"):
        folder.open_file("order")


def test_a_file_that_is_there_is_not_created_again(folder: Folder) -> None:
    os.close(folder.create_file("results"))
    with pytest.raises(FileExistsError):
        folder.create_file("results")
    (folder.path / "link").symlink_to("elsewhere")
    with pytest.raises(FileExistsError):
        folder.create_file("link")


def test_of_many_that_publish_at_once_one_does_and_all_see_its_whole_file(folder: Folder) -> None:
    start = threading.Barrier(8)
    outcomes: list[tuple[bool, bytes | None]] = []

    def publish(number: int) -> None:
        own = Folder.open(folder.path)
        start.wait()
        created = own.publish("order", lambda file: file.write(b"%d" % number * 100_000))
        outcomes.append((created, own.read("order")))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [created for created, _ in outcomes].count(True) == 1
    (content,) = {content for _, content in outcomes}
    assert content is not None
    assert len(content) == 100_000
    assert folder.names() == ["order"]


def test_what_cannot_be_written_whole_is_not_there(folder: Folder) -> None:
    def fail(file: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(TaskfarmError, match="No space left on device.*free some space") as caught:
        folder.publish("order", fail)
    assert str(folder.path) in str(caught.value)
    assert folder.names() == []


def refuse_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_file_system_without_hard_links_will_do(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    seen: list[bytes | None] = []
    replace = os.replace

    def look(*names: str, **more: int | None) -> None:
        seen.append(folder.read("order"))
        replace(*names, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", look)
    assert folder.publish("order", lambda file: file.write(b"first"))
    assert seen == [None], "nobody sees a part of it"
    assert not folder.publish("order", lambda file: file.write(b"second"))
    assert folder.read("order") == b"first"
    assert folder.names() == ["order"]


def test_a_link_whose_reply_was_lost_counts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_and_lose(*names: str, **more: object) -> None:
        link(*names, **more)  # type: ignore[arg-type]
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))

    monkeypatch.setattr(os, "link", link_and_lose)
    assert folder.publish("order", lambda file: file.write(b"mine"))
    assert folder.names() == ["order"]


def test_names_are_complete_in_threads_that_list_at_once(folder: Folder) -> None:
    wanted = sorted(f"{number:04}" for number in range(500))
    for name in wanted:
        (folder.path / name).touch(mode=0o600)
    seen: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(folder.names() for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert all(names == wanted for names in seen)


def test_a_pickled_folder_is_opened_and_checked_again(folder: Folder) -> None:
    packed = pickle.dumps(folder)
    assert pickle.loads(packed).path == folder.path
    folder.path.chmod(0o770)
    with pytest.raises(ConfigurationError, match="other users can write"):
        pickle.loads(packed)


def test_a_folder_that_cannot_be_synced_by_its_file_system_will_do(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refuse)
    folder.sync()


def test_a_folder_whose_names_are_not_surely_on_disk_is_an_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(TaskfarmError, match="Input/output error"):
        folder.create_file("results")
    assert folder.names() == []


def test_windows_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "supports_owners", lambda: False)
    for way in (Folder.open, Folder.create):
        with pytest.raises(ConfigurationError, match="Windows does not show whether other users"):
            way(tmp_path)


@pytest.mark.parametrize("kind", ["cifs", "9p", "fuse.sshfs-of-no-kind", "vboxsf", "fuse.rclone"])
def test_a_file_system_that_hides_owners_has_its_own_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    another_user: Callable[[], None],
    kind: str,
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"22 1 0:35 / / rw - {kind} there rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", mountinfo)
    path = tmp_path / "sweep"
    path.mkdir(mode=0o700)
    another_user()
    known = not kind.endswith("of-no-kind")
    text = rf"file system \({kind}\) that does not show owner" if known else "belongs to user"
    with pytest.raises(ConfigurationError, match=text):
        Folder.open(path)


def test_a_file_system_that_keeps_no_modes_is_noticed_at_creation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = folder_module._open_folder

    def widened(path: Path) -> int:
        path.chmod(0o777)
        return opened(path)

    monkeypatch.setattr(folder_module, "_open_folder", widened)
    with pytest.raises(ConfigurationError, match="does not show owner and mode"):
        Folder.create(tmp_path / "sweep")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "free some space"), (errno.EDQUOT, "free some space"),
        (errno.EACCES, "chmod 700"), (errno.EROFS, "make it writable"),
        (errno.EMFILE, "ulimit -n"), (errno.ENOENT, "put back what was removed"),
        (errno.EIO, "check its disk"),
    ],
)  # fmt: skip
def test_an_error_of_writing_says_what_to_do(code: int, advice: str) -> None:
    error = cannot_write(Path("/srv/sweep"), OSError(code, os.strerror(code)))
    assert advice in str(error)
    assert "/srv/sweep" in str(error)
    assert error.detail == os.strerror(code)

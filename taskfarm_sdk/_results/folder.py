"""A results folder: an open descriptor, through which its files are created and read.

The checks of `trust` are made on opened descriptors, so that nobody can exchange a file between
check and use. Files are found by the folder's descriptor, so that nobody can exchange the folder.
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from taskfarm_sdk import _validation
from taskfarm_sdk._processes.mounts import is_shared
from taskfarm_sdk._processes.naming import name_first
from taskfarm_sdk._results import names, trust
from taskfarm_sdk._results.folder_errors import cannot, cannot_write
from taskfarm_sdk.errors import ConfigurationError

# Without O_NONBLOCK, opening a named pipe waits for a writer.
_READ = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | os.O_RDONLY
_FOLDER = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0) | os.O_RDONLY
_LOCK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | os.O_RDWR | os.O_CREAT
_CREATE = getattr(os, "O_NOFOLLOW", 0) | os.O_RDWR | os.O_CREAT | os.O_EXCL


class Folder:
    """An open results folder that only this user can write to.

    Safe among threads and in forked children; a pickled one opens the same path again.

    Raises:
        ConfigurationError: the folder or a file of it may not be trusted, or cannot be used.

    Attributes:
        path: its absolute path.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = weakref.finalize(self, os.close, descriptor)
        # Threads may use it until the process has ended.
        self._end.atexit = False

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Folder:
        """Open a folder, created with mode 0700 if it is missing.

        Raises:
            ConfigurationError: it cannot be created, or `open` refuses it.
        """
        trust.refuse_system()
        absolute = _absolute(path)
        try:
            absolute.parent.mkdir(parents=True, exist_ok=True)
            absolute.mkdir(mode=0o700)
        except FileExistsError:
            return cls.open(absolute)
        except OSError as error:
            raise cannot("create", absolute, error) from error
        descriptor = _open_folder(absolute)
        try:
            trust.refuse_hidden_owners(absolute, os.fstat(descriptor))
            _sync_path(absolute.parent)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(absolute, descriptor)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Folder:
        """Open a folder that exists.

        Raises:
            ConfigurationError: there is none, it is a symbolic link, another user's, or others can
                write to it.
        """
        trust.refuse_system()
        absolute = _absolute(path)
        descriptor = _open_folder(absolute)
        try:
            trust.refuse_folder(absolute, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return cls(absolute, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[[Path], Folder], tuple[Path]]:
        return Folder.open, (self.path,)

    def close(self) -> None:
        """Close it; it cannot be used any more. The end of the object closes it too."""
        self._descriptor = -1
        self._end()

    @property
    def is_network(self) -> bool:
        """Whether several machines share its file system, so that a change is seen late."""
        return is_shared(self.path)

    def names(self) -> list[str]:
        """Return the names of what is in it, sorted."""
        # By a descriptor of its own: all copies of one share the place in the listing, also with
        # other threads and with forked children.
        try:
            descriptor = os.open(".", _FOLDER, dir_fd=self._descriptor)
            try:
                return sorted(os.listdir(descriptor))  # noqa: PTH208 - pathlib takes no descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            raise cannot("list", self.path, error) from error

    def exists(self, name: str) -> bool:
        """Return whether it has a file of this name."""
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        """Return how many bytes a file has; None if there is no such file.

        Raises:
            ConfigurationError: the file may not be trusted.
        """
        status = self._status(name)
        return None if status is None else status.st_size

    def identity(self, name: str) -> tuple[int, int] | None:
        """Return what tells a file from any other, while it is open; None if there is no such file.

        Raises:
            ConfigurationError: the file may not be trusted.
        """
        status = self._status(name)
        return None if status is None else (status.st_dev, status.st_ino)

    def _status(self, name: str) -> os.stat_result | None:
        try:
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("look at", self.path / name, error) from error
        trust.refuse_file(self.path / name, status)
        return status

    def open_file(self, name: str) -> int:
        """Return a descriptor to read a file by.

        Raises:
            FileNotFoundError: there is no such file.
            ConfigurationError: it cannot be read, or may not be trusted.
        """
        path = self.path / name
        try:
            descriptor = os.open(name, _READ, dir_fd=self._descriptor)
        except FileNotFoundError:
            raise
        except OSError as error:
            self.size(name)  # says what else than a file it is
            raise cannot("read", path, error) from error
        try:
            trust.refuse_file(path, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file.

        Raises:
            ConfigurationError: it cannot be read, or may not be trusted.
        """
        try:
            descriptor = self.open_file(name)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def open_lock(self, name: str) -> int:
        """Return a descriptor of a file to lock, created if it is missing.

        Raises:
            ConfigurationError: the file may not be trusted.
            TaskfarmError: it cannot be created.
        """
        try:
            descriptor = os.open(name, _LOCK, 0o600, dir_fd=self._descriptor)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            trust.refuse_file(self.path / name, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def create_file(self, name: str) -> int:
        """Return a descriptor to write a new file by, with mode 0600, whose name is on disk.

        Raises:
            FileExistsError: there is a file of this name.
            TaskfarmError: it cannot be created.
        """
        try:
            descriptor = os.open(name, _CREATE, 0o600, dir_fd=self._descriptor)
        except FileExistsError:
            raise
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            trust.refuse_hidden_owners(self.path / name, os.fstat(descriptor))
            self.sync()
        except BaseException:
            os.close(descriptor)
            self._remove(name)
            raise
        return descriptor

    def publish(self, name: str, write: Callable[[BinaryIO], object]) -> bool:
        """Create a whole file at once, unless there is one of this name.

        Of several processes that do so one succeeds, and the others see all of its file.

        Args:
            name: the file's.
            write: called with a file; what it writes becomes the content.

        Returns:
            Whether this call created the file.

        Raises:
            TaskfarmError: it cannot be written; there is no file of this name then.
        """
        if self.exists(name):
            return False
        with self._written(name, write) as temporary:
            try:
                created = name_first(temporary, name, dir_fd=self._descriptor)
            except OSError as error:
                raise cannot_write(self.path, error) from error
        self.sync()
        return created

    def replace(self, name: str, content: bytes) -> None:
        """Write a whole file at once, in place of one of this name.

        Raises:
            TaskfarmError: it cannot be written; the previous file is unchanged.
        """
        with self._written(name, lambda file: file.write(content)) as temporary:
            try:
                os.replace(
                    temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor
                )
            except OSError as error:
                raise cannot_write(self.path, error) from error
        self.sync()

    def set_aside(self, name: str) -> None:
        """Give a file a name under which nothing looks for it.

        Raises:
            TaskfarmError: it cannot be renamed.
        """
        place = self._descriptor
        try:
            os.replace(name, names.set_aside(name), src_dir_fd=place, dst_dir_fd=place)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def remove(self, name: str) -> None:
        """Remove a file, if there is one of this name."""
        self._remove(name)

    def sync(self) -> None:
        """Have the names of its files on disk.

        Raises:
            TaskfarmError: the operating system cannot say that they are.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # Some network file systems cannot do this to folders.
            if error.errno not in (errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP):
                raise cannot_write(self.path, error) from error
            if self._descriptor < 0:
                raise

    @contextmanager
    def _written(self, name: str, write: Callable[[BinaryIO], object]) -> Generator[str]:
        """Write a temporary file and have it on disk; removed at the end, if it is still there."""
        temporary = names.temporary(name)
        descriptor = self.create_file(temporary)
        try:
            try:
                with os.fdopen(descriptor, "wb") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise cannot_write(self.path, error) from error
            yield temporary
        finally:
            self._remove(temporary)

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(_validation.file_name("the results folder", path)))  # noqa: PTH100 - `resolve` would follow a symbolic link


def _open_folder(path: Path) -> int:
    try:
        return os.open(path, _FOLDER)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no folder '{path}': check the path of the results folder"
        ) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # of which nothing more can be asked
            raise cannot("open", path, error) from error
        if path.is_symlink():
            raise ConfigurationError(
                f"'{path}' is a symbolic link, which others may be able to redirect: give the "
                f"folder itself, '{path.resolve()}'"
            ) from None
        if not path.is_dir():
            raise ConfigurationError(
                f"'{path}' is not a folder: choose another name for the results folder"
            ) from None
        raise cannot("open", path, error) from error


def _sync_path(path: Path) -> None:
    """Have a folder's entries on disk, as far as this user can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

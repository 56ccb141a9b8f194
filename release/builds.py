"""Builds of the wheel and the source distribution, made twice and compared.

The second build is made from the unpacked source distribution, elsewhere and with other modes of
the files. No SOURCE_DATE_EPOCH is set: hatchling then dates all files to 2020-02-02, so that
everyone who builds the same sources with the same hatchling gets the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

DATE = "SOURCE_DATE_EPOCH"
_UMASK = 0o077


def build(root: Path, out: Path, *, umask: int = -1) -> list[Path]:
    """Build the source distribution, and from it the wheel; return both, sorted by name.

    Args:
        root: the folder of the sources.
        out: the folder for what is built.
        umask: the mode bits that new files lack; by default those of this process.

    Raises:
        subprocess.CalledProcessError: the build failed, and has said why.
    """
    # An environment without hatchling gets it from a registry.
    isolated = find_spec("hatchling") is None
    flags = [] if isolated else ["--no-isolation"]
    subprocess.run(
        [sys.executable, "-m", "build", *flags, "--outdir", str(out), str(root)],
        env={name: value for name, value in os.environ.items() if name != DATE},
        umask=umask,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return sorted(path for path in out.iterdir() if path.suffix in (".whl", ".gz"))


def build_again(source: Path, scratch: Path) -> list[Path]:
    """Build from an unpacked source distribution; return what was built, sorted by name.

    Args:
        source: the source distribution.
        scratch: an empty folder.
    """
    with tarfile.open(source) as archive:
        archive.extractall(scratch / "unpacked", filter="data")
    (root,) = (scratch / "unpacked").iterdir()
    for path in root.rglob("*"):
        path.chmod(path.stat().st_mode & ~_UMASK)
        os.utime(path)
    return build(root, scratch / "built", umask=_UMASK)


def differences(one: Path, other: Path) -> list[str]:
    """Return how two archives of one name differ, as lines; nothing if they are the same bytes."""
    if one.read_bytes() == other.read_bytes():
        return []
    left, right = _members(one), _members(other)
    names = [name for name in sorted(left | right) if left.get(name) != right.get(name)]
    return [f"{one.name}: {name}" for name in names] or [f"{one.name}: the archive itself"]


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _members(path: Path) -> dict[str, object]:
    """Return what is compared of each member of an archive, by its name."""
    if path.suffix == ".whl":
        with ZipFile(path) as wheel:
            return {
                each.filename: (each.date_time, each.external_attr, wheel.read(each))
                for each in wheel.infolist()
            }
    found: dict[str, object] = {}
    with tarfile.open(path) as archive:
        for each in archive:
            file = archive.extractfile(each)
            found[each.name] = (each.mtime, each.mode, each.uid, file and file.read())
    return found

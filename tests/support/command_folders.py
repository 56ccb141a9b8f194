"""Folders of `workTF --results` and `--log`, written as workTF writes them."""

from __future__ import annotations

from pathlib import Path

from taskfarm_cli.work.commands.kept_items import (
    EXIT,
    IDENTITY,
    INDEX,
    LOG,
    STDERR,
    STDOUT,
    Identity,
    index_line,
)

RUN = "fedcba9876543210" * 2


def new_folder(path: Path, items: int, run: str = RUN) -> Path:
    """Return a new folder of a run, which holds no output yet."""
    path.mkdir()
    identity = Identity("http://farm.invalid/api/", run, items, 1)
    (path / IDENTITY).write_text(identity.to_json())
    return path


def keep(folder: Path, item: int, status: int, stderr: str = "") -> None:
    """Keep the output of an item as `--results` does."""
    own = folder / str(item)
    own.mkdir(exist_ok=True)
    (own / STDOUT).write_text("out\n")
    (own / STDERR).write_text(stderr)
    (own / EXIT).write_text(f"{status}\n")


def log(folder: Path, item: int, status: int, stderr: str = "", *, attempt: int = 1) -> None:
    """Add the output of an item as `--log` does."""
    log, index = folder / f"node1-7-0{LOG}", folder / f"node1-7-0{INDEX}"
    at = log.stat().st_size if log.exists() else 0
    out, err = b"out\n", stderr.encode()
    with log.open("ab") as file:
        file.write(out + err)
    places = [(at, len(out)), (at + len(out), len(err))]
    with index.open("ab") as file:
        file.write(index_line(item, item, attempt, status, places))

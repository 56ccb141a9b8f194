"""The parts of the server's own process that can be tried without one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from taskfarm_sdk import server
from taskfarm_sdk.server._tables import Failure, database_failure, open_sqlite

FOLDER = Path(server.__file__).parent
SERVING = sorted((FOLDER / "_serving").glob("*.py"))
BESIDE = {"_error_log", "_serving", "_tables"}
ALONE = [FOLDER / f"{name}.py" for name in ("_bootstrap", "_error_log", "_tables", "_users_child")]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield how many folders up each import of a file begins (0: it is absolute), and its name."""
    tree = _AtRuntime().visit(ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is None:
            yield from ((node.level, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, (node.module or "").split(".")[0]


class _AtRuntime(ast.NodeTransformer):
    """Leaves out what only type checkers and tests import."""

    def visit_If(self, node: ast.If) -> list[ast.stmt] | ast.If:
        return node.orelse if "TYPE_CHECKING" in ast.dump(node.test) else node


@pytest.mark.parametrize("path", [*ALONE, *SERVING], ids=lambda path: path.name)
def test_stands_alone(path: Path) -> None:
    near = BESIDE if path.parent == FOLDER else {one.stem for one in SERVING}
    # Imported only where it is installed.
    far = sys.stdlib_module_names | ({"waitress"} if path.stem == "waitress_parts" else set())
    for level, name in imports(path):
        assert level < 2
        assert name in (near if level else far)


def test_sqlite_is_quick_and_patient(tmp_path: Path) -> None:
    with closing(open_sqlite(str(tmp_path / "odd ?#%41 name.db"))) as connection:
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 1,
        "wal_autocheckpoint": 100,
        "busy_timeout": 30_000,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["odd ?#%41 name.db"]


class Told(Exception):
    """An error of SQLAlchemy's, with the driver's behind it."""

    __module__ = "sqlalchemy.exc"

    def __init__(self, text: str, state: str | None = None) -> None:
        super().__init__("(psycopg.OperationalError) and a lot more")
        self.orig = OSError(text)
        self.orig.sqlstate = state  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('connection failed: FATAL:  database "farm" does not exist', "missing"),
        ('connection failed: FATAL:  role "me" does not exist', "missing"),
        ('FATAL:  password authentication failed for user "me"', "unauthorised"),
        ("fe_sendauth: no password supplied", "unauthorised"),
        ('FATAL:  no pg_hba.conf entry for host "h"', "unauthorised"),
        ("permission denied for schema public", "forbidden"),
        ("attempt to write a readonly database", "forbidden"),
        ("database or disk is full", "full"),
        ("file is not a database", "damaged"),
        ("database is locked", "locked"),
        ("connection refused", "unreachable"),
        ("could not translate host name", "unreachable"),
    ],
)
def test_the_databases_words_are_understood(text: str, kind: str) -> None:
    failure = database_failure(Told(f"{text}\nand a second line"))
    assert (failure.kind, failure.detail) == (f"database-{kind}", text)


def test_the_databases_code_is_understood_in_any_language() -> None:
    assert database_failure(Told("keine Berechtigung", "42501")).kind == "database-forbidden"


def test_other_errors_are_not_blamed_on_the_database() -> None:
    with pytest.raises(ZeroDivisionError):
        database_failure(ZeroDivisionError())
    assert issubclass(Failure, Exception)

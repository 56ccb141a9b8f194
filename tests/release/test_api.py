"""The files of `api/`: what is public, from the sources."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import taskfarm_sdk
from release import api

SOURCES = {
    "__init__.py": """
from typing import TYPE_CHECKING
from pack_of_tests._inner import helper as aid
from pack_of_tests._inner import LIMIT_S, Shared
if TYPE_CHECKING:
    from pack_of_tests._late import *

__all__ = ["Thing", "aid", "LIMIT_S", "Late", "Later"]

class _Base:
    def inherited(self, a: int = 1) -> int:
        return a

    def own(self) -> str: ...

class Thing(_Base, Shared[int], dict[str, int]):
    "A docstring."
    size: int = 3
    _hidden: int = 4

    def __init__(self, size: int, *, deep: bool = False) -> None:
        self.size = size
        self.deep = deep
        self.wide: bool = not deep
        if deep:
            self.count = 0
        else:
            self.count = 1
        self._seen = set()

    def own(self, longer: float) -> str:
        return str(longer)

    def _private(self) -> None: ...

    @property
    def name(self) -> str:
        return "x"
""",
    "_inner.py": """
from typing import Generic, TypeVar

T = TypeVar("T")
LIMIT_S: float = 3.5

class Shared(Generic[T]):
    def shared(self) -> T: ...

def helper(*values: int, **more: str) -> None:
    "A docstring."
""",
    "_late.py": """
__all__ = ["Late", "Later"]

class Late:
    async def wait(self) -> None: ...

class Later(Late):
    pass
""",
}
STUB = """\
LIMIT_S: float

class Late:

    async def wait(self) -> None:
        ...

class Later(Late):
    ...

class Thing(dict[str, int]):
    size: int

    def __init__(self, size: int, *, deep: bool=False) -> None:
        ...

    def own(self, longer: float) -> str:
        ...

    @property
    def name(self) -> str:
        ...
    deep: bool
    wide: bool
    count = ...

    def inherited(self, a: int=1) -> int:
        ...

    def shared(self) -> T:
        ...

def aid(*values: int, **more: str) -> None:
    ...
"""


@pytest.fixture
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pack_of_tests").mkdir()
    for name, text in SOURCES.items():
        (tmp_path / "pack_of_tests" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("", "._inner", "._late"):
        monkeypatch.delitem(sys.modules, f"pack_of_tests{name}", raising=False)


@pytest.mark.usefixtures("_package")
def test_a_stub_holds_what_is_public_and_nothing_else() -> None:
    assert api.stub("pack_of_tests") == STUB


@pytest.mark.parametrize("module", api.PUBLIC_MODULES)
def test_the_stub_of_a_public_module_defines_all_that_it_exports(module: str) -> None:
    tree = ast.parse(api.stub(module))
    defined = {
        name
        for node in tree.body
        for name in ([node.name] if hasattr(node, "name") else [])
        + [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    }
    assert set(importlib.import_module(module).__all__) <= defined


@pytest.mark.parametrize("module", api.PUBLIC_MODULES)
def test_the_stub_of_a_class_has_all_its_public_members_also_those_of_hidden_bases(
    module: str,
) -> None:
    stubs = {
        node.name: {name for each in node.body for name in names_of(each)}
        for node in ast.parse(api.stub(module)).body
        if isinstance(node, ast.ClassDef)
    }
    found = importlib.import_module(module)
    for name in stubs:
        classes = getattr(found, name).__mro__
        told = set().union(*(stubs.get(each.__name__, set()) for each in classes))
        own = [vars(each) for each in classes if each.__module__.startswith("taskfarm_sdk")]
        there = {member for members in own for member in members if member[0] != "_"}
        assert there <= told, name


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]


def test_stubs_tell_signatures() -> None:
    text = api.stub("taskfarm_sdk")
    assert "def create_run(self, num_tasks: int) -> Run:" in text
    assert "_link" not in text
    assert taskfarm_sdk.Farm.__doc__ is not None
    assert taskfarm_sdk.Farm.__doc__[:20] not in text


def test_the_options_of_all_commands_are_listed() -> None:
    options = api.options()
    assert {"manageTF --create", "manageTF -n", "workTF --slurm", "serveTF --port"} <= {*options}
    assert options == sorted(options)


def test_what_is_written_is_read_again_and_names_its_version(tmp_path: Path) -> None:
    folder = tmp_path / "api"
    assert api.read(folder) == {}
    assert api.version_of({}) is None
    api.write(
        folder, {"gone.pyi": "# The public API of taskfarm-sdk 0.0.9, written by `make api`.\n"}
    )
    files = api.public_api("1.2.3", ("taskfarm_sdk.testing",))
    api.write(folder, files)
    assert api.read(folder) == files
    assert set(files) == {"taskfarm_sdk.testing.pyi", "commands.txt"}
    assert api.version_of(files) == "1.2.3"


def test_files_of_two_versions_are_refused() -> None:
    files = api.public_api("1.2.3", ("taskfarm_sdk.testing",))
    files["commands.txt"] = files["commands.txt"].replace("1.2.3", "1.2.4")
    with pytest.raises(ValueError, match=r"1\.2\.3.*1\.2\.4.*make api"):
        api.version_of(files)

"""The public API as stubs and a list of options, which `make api` writes to `api/`.

The stubs hold each public name with its signature and nothing else, so a diff of `api/` shows what
a release changes for users. They are taken from the syntax of the sources. Nothing in them depends
on where the sources are, or on the versions of the tools that read them.
"""

from __future__ import annotations

import ast
import copy
import importlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeGuard

# The modules that docs/reference/policy.md promises.
PUBLIC_MODULES = (
    "taskfarm_sdk",
    "taskfarm_sdk.charts",
    "taskfarm_sdk.compat",
    "taskfarm_sdk.errors",
    "taskfarm_sdk.logins",
    "taskfarm_sdk.server",
    "taskfarm_sdk.testing",
)
COMMANDS_FILE = "commands.txt"
_HEAD = "# The public API of taskfarm-sdk {version}, written by `make api`.\n"
_VERSION = re.compile(r"^# The public API of taskfarm-sdk (\S+),")
# Decorators that change how a name is used; others are nobody's concern.
_KEPT_DECORATORS = ("property", "classmethod", "staticmethod", "overload", "abstractmethod")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


def public_api(version: str, modules: Sequence[str] = PUBLIC_MODULES) -> dict[str, str]:
    """Return the text of each file of `api/`, by its name.

    Args:
        version: the version that the files name.
        modules: the public modules.
    """
    head = _HEAD.format(version=version)
    files = {f"{module}.pyi": head + stub(module) for module in modules}
    files[COMMANDS_FILE] = head + "".join(f"{option}\n" for option in options())
    return files


def read(folder: Path) -> dict[str, str]:
    """Return the files of a folder that `write` wrote; none if it does not exist."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*"))
        if path.suffix == ".pyi" or path.name == COMMANDS_FILE
    }


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files, and remove all others that it wrote before."""
    folder.mkdir(exist_ok=True)
    for name in read(folder).keys() - files.keys():
        (folder / name).unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def version_of(files: dict[str, str]) -> str | None:
    """Return the version that the files name; None if there are none."""
    found = {match[1] for text in files.values() if (match := _VERSION.match(text))}
    if not files:
        return None
    if len(found) != 1:
        raise ValueError(f"the files in api/ name the versions {sorted(found)}: run `make api`")
    return found.pop()


def options() -> list[str]:
    """Return the options of all commands, one line each."""
    from shell.commands import COMMANDS

    return sorted(
        f"{command.name} {option}"
        for command in COMMANDS
        for action in command.build_parser()._actions  # noqa: SLF001 - argparse has no other way
        for option in action.option_strings
    )


def stub(module: str) -> str:
    """Return the stub of a module: what its `__all__` names, in the order of the alphabet."""
    public = _public_names() | frozenset(_exported(module))
    lines: list[str] = []
    for name in sorted(_exported(module)):
        node = _definition(module, name, public)
        if node is None:
            raise LookupError(f"{module}.{name} has no definition that its sources show")
        lines.append(ast.unparse(ast.fix_missing_locations(node)))
    return "\n\n".join(lines) + "\n"


@cache
def _public_names() -> frozenset[str]:
    """Return the names that any public module exports."""
    return frozenset(name for module in PUBLIC_MODULES for name in _exported(module))


@cache
def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"{module} has no source file")
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, with those of `if` and `try` among them."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _statements(node.body)
            yield from _statements(node.orelse)
        if isinstance(node, ast.Try):
            yield from _statements(node.body)


def _definition(module: str, name: str, public: frozenset[str]) -> ast.stmt | None:
    """Return the stub of a name where it is defined, through imports of this package.

    Args:
        module: where it can be imported from.
        name: the name there.
        public: the names that have stubs of their own.
    """
    found = _defined_in(module, name)
    if found is None:
        return None
    home, node = found
    if isinstance(node, ast.ClassDef):
        made: ast.ClassDef | _Function = _class_stub(home, node, public)
    elif isinstance(node, _Function):
        made = _function_stub(node)
    else:
        return _value_stub(node, name)
    made.name = name
    return made


def _defined_in(module: str, name: str) -> tuple[str, ast.stmt] | None:
    """Return where a name is defined: the module and the statement."""
    for node in _statements(_tree(module).body):
        if isinstance(node, _Definition) and node.name == name:
            return module, node
        if name in _targets(node):
            return module, node
        if isinstance(node, ast.ImportFrom) and (original := _imported_as(module, node, name)):
            return _defined_in(node.module or "", original)
    return None


def _imported_as(module: str, node: ast.ImportFrom, name: str) -> str | None:
    """Return the name in the other module that an import within the package gives this name."""
    if (node.module or "").partition(".")[0] != module.partition(".")[0]:
        return None
    for alias in node.names:
        if alias.name == "*" and name in _exported(node.module or ""):
            return name
        if name == (alias.asname or alias.name):
            return alias.name
    return None


def _exported(module: str) -> Sequence[str]:
    names: Sequence[str] = importlib.import_module(module).__all__
    return names


def _targets(node: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    if isinstance(node, ast.Assign):
        targets = node.targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _function_stub(node: _Function) -> _Function:
    made = copy.copy(node)
    made.body = [_ellipsis()]
    made.decorator_list = [each for each in node.decorator_list if _is_kept(each)]
    return made


def _is_kept(decorator: ast.expr) -> bool:
    text = ast.unparse(decorator)
    return text.rpartition(".")[2] in (*_KEPT_DECORATORS, "setter")


def _class_stub(module: str, node: ast.ClassDef, public: frozenset[str]) -> ast.ClassDef:
    made = copy.copy(node)
    made.bases = [base for base in node.bases if _hidden_base(module, base, public) is None]
    made.body = list(_members(module, node, public)) or [_ellipsis()]
    made.decorator_list = []
    return made


def _members(module: str, node: ast.ClassDef, public: frozenset[str]) -> Iterator[ast.stmt]:
    """Yield the stubs of a class's public members, those of base classes without a stub too."""
    seen: set[str] = set()
    for member in _own_members(node):
        seen.add(_name_of(member))
        yield member
    for base in node.bases:
        if (hidden := _hidden_base(module, base, public)) is None:
            continue
        for member in _members(*hidden, public):
            if _name_of(member) not in seen:
                yield member


def _own_members(node: ast.ClassDef) -> Iterator[ast.stmt]:
    """Yield the stubs of what a class defines itself, and at the end of what `__init__` sets."""
    seen: set[str] = set()
    initialisers: list[_Function] = []
    for statement in _statements(node.body):
        if isinstance(statement, _Function) and _is_public(statement.name):
            seen.add(statement.name)
            yield _function_stub(statement)
            if statement.name == "__init__":
                initialisers.append(statement)
        for name in _targets(statement):
            if _is_public(name) and name != "__slots__":
                seen.add(name)
                yield _value_stub(statement, name)
    for function in initialisers:
        for attribute in _attributes_set(function):
            if _name_of(attribute) not in seen:
                seen.add(_name_of(attribute))
                yield attribute


def _attributes_set(function: _Function) -> Iterator[ast.AnnAssign | ast.Assign]:
    """Yield the public attributes that a method sets, with the types of its parameters."""
    arguments = function.args
    types = {each.arg: each.annotation for each in (*arguments.args, *arguments.kwonlyargs)}
    for node in _statements(function.body):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        if annotation is None and isinstance(node.value, ast.Name):
            annotation = types.get(node.value.id)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if _is_of_self(target) and _is_public(target.attr):
                yield _variable(target.attr, annotation)


def _is_of_self(node: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"


def _hidden_base(
    module: str, base: ast.expr, public: frozenset[str]
) -> tuple[str, ast.ClassDef] | None:
    """Return where a base class of this package is defined that has no stub; None for others."""
    name = base.value if isinstance(base, ast.Subscript) else base
    if not isinstance(name, ast.Name) or name.id in public:
        return None
    found = _defined_in(module, name.id)
    if found is None or not isinstance(found[1], ast.ClassDef):
        return None
    return found[0], found[1]


def _name_of(member: ast.stmt) -> str:
    return member.name if isinstance(member, _Definition) else _targets(member)[0]


def _value_stub(node: ast.stmt, name: str) -> ast.AnnAssign | ast.Assign:
    """Return a variable with its type if it has one, and without its value."""
    return _variable(name, node.annotation if isinstance(node, ast.AnnAssign) else None)


def _variable(name: str, annotation: ast.expr | None) -> ast.AnnAssign | ast.Assign:
    target = ast.Name(name, ctx=ast.Store())
    if annotation is not None:
        return ast.AnnAssign(target=target, annotation=annotation, value=None, simple=1)
    return ast.Assign(targets=[target], value=ast.Constant(...))


def _ellipsis() -> ast.Expr:
    return ast.Expr(ast.Constant(...))

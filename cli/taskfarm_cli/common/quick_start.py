"""Start and end a command's process quickly: modules wait for their first use, garbage is left.

Only for a process that is the command's own. What waits is what other packages import for uses
that a short command seldom has: it is the real module, and runs when something of it is asked for.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

# anyio, certifi and idna are for awaited requests, https and hosts with letters that ASCII lacks;
# no class here has a validator of attrs. What is in a package may wait where the package's own
# __init__ imports it, and so makes it an attribute of the package's.
SELDOM_USED = ("anyio", "certifi", "idna", "attr.validators", "attrs.validators")
# Python's own 700 has it look for garbage 100 times while modules are imported, and find none.
NEW_OBJECTS = 50_000


class Waiting(ModuleType):
    """A module that was found, and runs when it is first asked for something."""

    # importlib.util.LazyLoader is of no use: by it, Python 3.11 runs a module when the next
    # `import` asks for its __spec__. What a module has before it runs never comes here.
    def __getattr__(self, name: str) -> object:
        spec = self.__spec__
        if spec is None or spec.loader is None:
            raise AttributeError(name)
        # Before it runs: what asks it meanwhile for a name gets what any module says.
        object.__setattr__(self, "__class__", ModuleType)
        spec.loader.exec_module(self)
        return getattr(self, name)


def quicken() -> None:
    """Have this process start quickly; to be called before the SDK is imported."""
    gc.set_threshold(NEW_OBJECTS)
    let_wait(SELDOM_USED)


def leave_quickly() -> None:
    """Have this process end without a last look for garbage, which goes with it anyway."""
    gc.freeze()


def let_wait(names: Iterable[str]) -> None:
    """Let modules wait for their first use.

    Those that are imported already, or cannot be found, are left alone.
    """
    from importlib.util import module_from_spec

    for name in names:
        if name in sys.modules or (spec := _find(name)) is None:
            continue
        module = module_from_spec(spec)
        module.__class__ = Waiting
        sys.modules[name] = module


def _find(name: str) -> ModuleSpec | None:
    """Find a module without running its parent, as importlib.util.find_spec would."""
    from importlib.machinery import PathFinder

    parent = name.rpartition(".")[0]
    places: Sequence[str] | None = None
    if parent:
        above = _find(parent)
        if above is None or above.submodule_search_locations is None:
            return None
        places = above.submodule_search_locations
    return PathFinder.find_spec(name, places)

"""A script whose tasks need its names: started by test_work_script with the name of a check.

Prints how often its module was run as the main one, and how many tasks were done.
"""

from __future__ import annotations

import enum
import logging
import multiprocessing
import pickle
import sys
import threading
from collections import namedtuple
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from taskfarm_sdk import Farm, Task
from tests.support.told import told

CHANGED: dict[str, int] = {}
LOCK = threading.Lock()


@dataclass(frozen=True)
class Data:
    value: int


class Color(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    left: int
    right: int


Old = namedtuple("Old", "value")  # noqa: PYI024 - scripts have them


class Outer:
    @dataclass
    class Inner:
        value: int


class Base:
    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


class Derived(Base):
    pass


class OddError(Exception):
    pass


INSTANCE = Derived(7)
INNER = Outer.Inner(7)


def square(value: int) -> int:
    return value * value


def change(name: str) -> None:
    CHANGED[name] = len(CHANGED)


def locked() -> None:
    with LOCK:
        raise AssertionError


STEPS = [square]


@dataclass
class Unmentioned:
    value: int


def is_kept(value: object) -> bool:
    return bool(pickle.loads(pickle.dumps(value)) == value)


def classes(_: Task) -> None:
    for value in (Data(1), Color.RED, Pair(1, 2), Old(1), Outer.Inner(1), Derived(2), INSTANCE):
        assert is_kept(value), value
    assert is_kept(OddError)
    assert is_kept(Base)


def functions(_: Task) -> None:
    assert is_kept(square)
    assert is_kept(STEPS)
    assert pickle.loads(b"c__main__\nsquare\n.") is STEPS[0] is square


def steps(_: Task) -> None:
    assert is_kept(STEPS)


def instance(_: Task) -> None:
    assert is_kept(INSTANCE)
    assert is_kept(INNER)


def unmentioned(_: Task) -> None:
    there = pickle.loads(b"c__main__\nUnmentioned\n.")
    assert is_kept(there(3))
    main = sys.modules["__main__"]
    assert main.__dict__["Unmentioned"] is there
    assert not hasattr(main, "locked"), "it holds what cannot travel"
    assert not hasattr(main, "never_there")


def changed(_: Task) -> None:
    CHANGED["here"] = 0
    mine = CHANGED
    pickle.loads(b"c__main__\nchange\n.")("there")
    assert CHANGED is mine
    assert sorted(mine) == ["here", "there"]


def main_module(_: Task) -> None:
    main = sys.modules["__main__"]
    assert main.__name__ == __name__ == "__main__"
    assert main.__file__ == __file__ == sys.argv[1]


def pool(method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as workers:
        assert workers.map(square, [1, 2, 3]) == [1, 4, 9]
        assert [data.value for data in workers.map(Data, [1, 2])] == [1, 2]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        assert executor.submit(square, 3).result() == 9


def fork(_: Task) -> None:
    pool("fork")


def spawn(_: Task) -> None:
    pool("spawn")


def forkserver(_: Task) -> None:
    pool("forkserver")


def main() -> None:
    print("the main module runs", flush=True)
    logging.basicConfig()
    how: dict[str, str] = told(dict)
    sys.argv[1:] = [__file__]
    with Farm(how["url"], token=how["token"]) as farm:
        status = farm.get_run(how["run"]).work(
            globals()[how["check"]], workers=1, max_attempts=1, check=False
        )
    print(status.done - (status.failed or 0), "done")


if __name__ == "__main__":
    main()

"""Results as users read them: in order, streaming, and without losing what can be read."""

from __future__ import annotations

import gc
import math
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import taskfarm_sdk
from taskfarm_sdk import ConfigurationError, FunctionFailed, Result, Results, TaskfarmError
from taskfarm_sdk._results import reader as reader_module
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.results import stored_items
from taskfarm_sdk._results.writer import ResultsWriter
from tests.support.programs import ROOT, read_line, running
from tests.support.results_folders import (
    new_folder,
    order,
    write,
    write_failure,
)

PROGRAM = ROOT / "tests" / "programs" / "killed_results_writer.py"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return new_folder(tmp_path / "sweep", 5, items="abcde")


@pytest.fixture
def known(folder: Folder) -> Results[str]:
    return taskfarm_sdk.results(folder.path)


def values(results: Results[str]) -> list[str | None]:
    return [result.value for result in results]


def test_results_come_in_the_order_of_the_items_with_these(
    folder: Folder, known: Results[str]
) -> None:
    write(folder, {3: "D", 1: "B"})
    write(folder, {0: "A", 4: "E", 2: "C"})
    assert len(known) == 5
    assert [(one.number, one.item, one.value) for one in known] == [
        (0, "a", "A"), (1, "b", "B"), (2, "c", "C"), (3, "d", "D"), (4, "e", "E"),
    ]  # fmt: skip
    assert list(known.values()) == ["A", "B", "C", "D", "E"]
    assert known[1] == Result(number=1, item="b", value="B", attempts=1, took_s=0.5, error=None)
    assert known[-1].value == "E"
    assert (known.failed, known.missing) == ([], [])


def test_a_number_beyond_the_items_is_an_index_error(known: Results[str]) -> None:
    for number in (5, -6):
        with pytest.raises(IndexError):
            known[number]


def test_missing_and_failed_items_have_errors_and_others_their_values(
    folder: Folder, known: Results[str]
) -> None:
    write(folder, {0: "A", 3: "D"})
    write_failure(folder, 1, ValueError("bad input"), attempt=2)
    assert values(known) == ["A", None, None, "D", None]
    assert (known.failed, known.missing) == ([1], [2, 4])
    failed, missing = known[1], known[2]
    assert isinstance(failed.error, ValueError)
    assert "It was raised for item 1:" in failed.error.__notes__[0]
    assert (failed.attempts, failed.took_s) == (2, 0.25)
    assert isinstance(missing.error, TaskfarmError)
    assert "item 2 has no result" in str(missing.error)
    assert missing.attempts == 0
    assert math.isnan(missing.took_s)


def test_values_end_with_the_error_of_the_first_item_without_one(
    folder: Folder, known: Results[str]
) -> None:
    write(folder, {0: "A"})
    write_failure(folder, 1, ValueError("bad input"))
    found = known.values()
    assert next(found) == "A"
    with pytest.raises(ValueError, match="bad input"):
        next(found)


def test_what_is_computed_later_is_found_by_the_same_object(
    folder: Folder, known: Results[str]
) -> None:
    assert known.missing == [0, 1, 2, 3, 4]
    write(folder, {2: "C"})
    assert known[2].value == "C"
    write(folder, {1: "B"})
    assert known.missing == [0, 3, 4]
    write(folder, {0: "A"})
    assert values(known) == ["A", "B", "C", None, None]


def test_the_success_with_the_highest_attempt_counts(folder: Folder, known: Results[str]) -> None:
    write(folder, {0: "third"}, attempt=3)
    write(folder, {0: "first"}, attempt=1)
    write_failure(folder, 0, ValueError("bad"), attempt=4)
    assert (known[0].value, known[0].attempts) == ("third", 3)
    assert known.failed == []


def test_among_equal_attempts_the_last_file_by_name_counts(
    folder: Folder, known: Results[str]
) -> None:
    for name, value in (("b", "B"), ("a", "A"), ("c", "C"), ("aa", "AA")):
        write(folder, {0: value}).rename(folder.path / f"{name}.results1")
        _ = known.missing  # reads each file when it is new
    assert known[0].value == "C"
    assert taskfarm_sdk.results(folder.path)[0].value == "C"


def test_in_a_file_the_last_of_equal_attempts_counts(folder: Folder, known: Results[str]) -> None:
    writer = ResultsWriter(folder)
    for value in ("first", "last"):
        writer.success(0, 1, value, 0.0)
    writer.close()
    assert known[0].value == "last"


def test_of_failures_the_last_attempt_is_shown(folder: Folder, known: Results[str]) -> None:
    write_failure(folder, 0, ValueError("second"), attempt=2)
    write_failure(folder, 0, ValueError("first"), attempt=1)
    assert str(known[0].error) == "second"


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Unpicklable(Exception):
    """An exception that cannot be pickled."""

    def __init__(self) -> None:
        super().__init__("odd")
        self.lock = threading.Lock()


def test_an_exception_that_cannot_travel_has_a_stand_in(
    folder: Folder, known: Results[str]
) -> None:
    write_failure(folder, 0, Unpicklable())
    error = known[0].error
    assert isinstance(error, FunctionFailed)
    assert (str(error), error.type_name) == ("Unpicklable: odd", "Unpicklable")
    assert "raise error" in error.traceback


def module_of_values(monkeypatch: pytest.MonkeyPatch, path: Path) -> str:
    """Return the name of a new module with a class, which pickle names."""
    (path / "only_values_there.py").write_text("class Value: pass\n")
    monkeypatch.syspath_prepend(path)
    return "only_values_there"


def test_a_value_that_cannot_be_unpickled_here_is_an_error_of_its_item_alone(
    folder: Folder, known: Results[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        name = module_of_values(there, tmp_path)
        write(folder, {0: "A", 1: __import__(name).Value(), 2: "C"})
    del sys.modules[name]
    assert values(known)[:3] == ["A", None, "C"]
    error = known[1].error
    assert isinstance(error, TaskfarmError)
    assert "item 1 cannot be read here (ModuleNotFoundError" in str(error)
    assert "make the module only_values_there importable here" in str(error)
    assert isinstance(error.__cause__, ModuleNotFoundError)
    assert (known.failed, known.missing) == ([], [3, 4])


class Moody:
    """A value that only some processes can unpickle."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


@pytest.mark.parametrize(
    ("version", "text"),
    [("3.0", "written by Python 3.0, and this is"), (None, "use the modules that it was computed")],
)
def test_a_value_of_another_python_is_told_so(
    folder: Folder, version: str | None, text: str
) -> None:
    write(folder, {0: Moody()})
    more = {} if version is None else {"python": version}
    known: Results[object] = Results(folder, order(5, **more))
    assert text in str(known[0].error)


def test_without_items_the_results_are_read_all_the_same(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "sweep", 2)
    write(folder, {0: "A"})
    known = taskfarm_sdk.results(folder.path)
    assert [(one.item, one.value) for one in known] == [(None, "A"), (None, None)]
    assert stored_items(folder) is None


def test_more_files_than_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "MOST_FILES", 3)
    folder = new_folder(tmp_path / "sweep", 60)
    for first in range(10):
        write(folder, {item: item for item in range(first, 60, 10)})
    gc.collect()  # or what others left open may be closed meanwhile
    before = open_files()
    known = taskfarm_sdk.results(folder.path)
    opened = open_files()
    most = 0
    for number, result in enumerate(known):
        assert result.value == number
        most = max(most, open_files() - opened)
    assert most <= 3
    assert open_files() == opened
    assert opened - before <= 2


def test_large_values_among_small_ones(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "sweep", 6)
    wanted: dict[int, object] = {
        item: os.urandom(3 * reader_module.MOST_AHEAD) if item % 2 else item for item in range(6)
    }
    write(folder, wanted)
    assert dict(enumerate(taskfarm_sdk.results(folder.path).values())) == wanted


def test_results_are_read_while_others_write_them(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "sweep", 10_000)
    told = {"folder": str(folder.path)}
    known = taskfarm_sdk.results(folder.path)
    with running(PROGRAM, told=told) as first, running(PROGRAM, told=told) as second:
        for process in (first, second):
            for _ in range(3):
                item = int(read_line(process.stdout))
                assert known[item].value == f"value {item}"
    done = [one.value for one in known if one.error is None]
    assert done == [f"value {item}" for item in range(len(done))]


class Clock:
    """A time in which waiting does what a test says."""

    def __init__(self, *acts: object) -> None:
        self.acts = list(acts)

    def sleep(self, _: float) -> None:
        act = self.acts.pop(0)
        assert callable(act)
        act()


def test_results_are_yielded_as_they_come_each_once(
    folder: Folder, known: Results[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(
        lambda: write(folder, {2: "C"}),
        lambda: (write(folder, {2: "again"}, attempt=2), write(folder, {0: "A", 4: "E"})),
        lambda: write_failure(folder, 1, ValueError("first")),
        lambda: write_failure(folder, 1, ValueError("last"), attempt=2, final=True),
        lambda: write(folder, {1: "too late"}, attempt=3),
    )
    monkeypatch.setattr(time, "sleep", clock.sleep)
    write(folder, {3: "D"})
    found = [(one.number, one.value or str(one.error)) for one in known.as_completed()]
    assert found == [(3, "D"), (2, "C"), (0, "A"), (4, "E"), (1, "last")]


def test_as_completed_ends_when_it_is_told_with_what_is_there(
    folder: Folder, known: Results[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", Clock(lambda: write(folder, {2: "C"})).sleep)
    write_failure(folder, 1, ValueError("bad"))
    write(folder, {0: "A"})
    answers = iter([False, True])
    found = known.as_completed(stop=lambda: next(answers))
    assert [(one.number, one.value) for one in found] == [(0, "A"), (1, None), (2, "C")]


@pytest.mark.parametrize("poll_s", [0, -1, math.nan])
def test_as_completed_refuses_a_time_that_is_none(known: Results[str], poll_s: float) -> None:
    with pytest.raises(ConfigurationError, match="poll_s"):
        known.as_completed(poll_s=poll_s)


def test_threads_can_use_the_same_results(folder: Folder, known: Results[str]) -> None:
    write(folder, {item: "ABCDE"[item] for item in range(5)})
    found: list[list[str | None]] = []
    threads = [
        threading.Thread(target=lambda: found.extend(values(known) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[*"ABCDE"]] * 80


def test_a_folder_without_order_is_no_results_folder(tmp_path: Path) -> None:
    Folder.create(tmp_path / "sweep")
    with pytest.raises(ConfigurationError, match="holds no results: give the folder"):
        taskfarm_sdk.results(tmp_path / "sweep")


def test_items_that_others_can_write_are_not_read(folder: Folder) -> None:
    (folder.path / "items.bin").chmod(0o660)
    with pytest.raises(ConfigurationError, match=r"chmod 600 \S+items.bin"):
        taskfarm_sdk.results(folder.path)


def test_a_planted_file_of_results_is_not_unpickled(folder: Folder, known: Results[str]) -> None:
    write(folder, {0: "A"}).chmod(0o646)
    with pytest.raises(ConfigurationError, match="other users can write"):
        list(known)


def test_results_show_their_folder(folder: Folder, known: Results[str]) -> None:
    assert repr(known) == f"Results('{folder.path}', 5 items)"


# Its own peak: the one of getrusage counts what it was before it was this program.
MEASURE = """
import re, sys, taskfarm_sdk
total = sum(len(value) for value in taskfarm_sdk.results(sys.argv[1]).values())
print(total, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.slow
def test_a_hundred_megabytes_of_results_are_read_in_little_memory(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "sweep", 10_000)
    write(folder, dict.fromkeys(range(10_000), "x" * 10_000))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, folder.path], capture_output=True, text=True, check=True
    )
    total, peak_mib = map(int, done.stdout.split())
    assert total == 100_000_000
    assert peak_mib < 60


def test_a_result_can_be_pickled(folder: Folder, known: Results[str]) -> None:
    write(folder, {0: "A"})
    result = known[0]
    assert pickle.loads(pickle.dumps(result)) == result


def test_reading_waits_for_nobody(folder: Folder, known: Results[str]) -> None:
    found: Iterator[Result[str]] = iter(known)
    write(folder, {0: "A"})
    assert next(found).value == "A"

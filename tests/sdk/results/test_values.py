"""Values as bytes: read in any program, also those of the script's own classes."""

from __future__ import annotations

import pickle
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk._results import values
from tests.support.programs import ROOT, run_silently
from tests.support.results_folders import failed_by

PROGRAM = ROOT / "tests" / "programs" / "results_of_a_script.py"


@pytest.mark.parametrize(
    "value", [None, 1.5, "text", b"\0", {"a": [1, 2]}, (1,), Path("a"), ValueError("x")], ids=repr
)
def test_what_pickle_can_is_read_back(value: object) -> None:
    payload = pack_value(value)
    assert repr(values.unpack(payload)) == repr(value)


def test_what_only_cloudpickle_can_is_read_back() -> None:
    def inner() -> int:
        return 7

    payload = pack_value(inner)
    read = values.unpack(payload)
    assert isinstance(read, types.FunctionType)
    assert read() == 7


@pytest.mark.parametrize("value", [sys.stdout, threading.Lock()], ids=["file", "lock"])
def test_what_neither_can_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        pack_value(value)


def test_an_interrupt_in_a_values_own_method_is_not_caught() -> None:
    class Interrupting:
        def __reduce__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_value(Interrupting())


def test_a_value_of_a_class_of_the_script_is_read_in_the_script_and_elsewhere(
    tmp_path: Path,
) -> None:
    (same,) = run_silently(PROGRAM, told={"file": str(tmp_path / "value")})
    assert same == "is its own class: True"
    point = values.unpack((tmp_path / "value").read_bytes())
    assert type(point).__name__ == "Point"
    assert vars(point) == {"x": 1, "y": 2}
    again = values.unpack((tmp_path / "value").read_bytes())
    assert type(again) is type(point)


def class_of_main(monkeypatch: pytest.MonkeyPatch, name: str) -> type:
    kind = type(name, (), {"__module__": "__main__", "__qualname__": name})
    monkeypatch.setattr(sys.modules["__main__"], name, kind, raising=False)
    return kind


def test_a_name_of_the_script_that_is_no_class_is_not_taken_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = class_of_main(monkeypatch, "Point")
    payload = pack_value(kind())
    assert type(values.unpack(payload)) is kind
    monkeypatch.setattr(sys.modules["__main__"], "Point", "a text")
    assert type(values.unpack(payload)).__name__ == "Point"


def test_a_text_that_names_the_main_module_is_no_trouble() -> None:
    payload = pack_value("__main__")
    assert values.unpack(payload) == "__main__"


def test_a_failure_is_read_as_it_was_kept() -> None:
    caught = Caught("ValueError", "bad", "Traceback …", pickle.dumps(1))
    assert values.unpack_failure(values.pack_failure(caught)) == caught


@pytest.mark.parametrize("make", [lambda: ValueError("x"), lambda: OSError(2, "gone")])
def test_a_failures_exception_travels_with_it(make: Callable[[], BaseException]) -> None:
    read = values.unpack_failure(values.pack_failure(failed_by(make())))
    assert read.packed is not None
    assert "failed_by" in read.traceback

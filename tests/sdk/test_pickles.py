"""Values pickled for other processes: by name where a module has what they need, else whole."""

from __future__ import annotations

import datetime
import pickle
import subprocess
import sys
import threading

import pytest

from taskfarm_sdk._pickles import pack_value
from tests.support.odd_errors import Mute


def test_what_modules_hold_is_named() -> None:
    for value in ([1, "a", {"b": None}], datetime.date(2026, 1, 2), Mute, len):
        packed = pack_value(value)
        assert b"cloudpickle" not in packed
        assert pickle.loads(packed) == value


def test_what_no_module_holds_is_pickled_whole() -> None:
    factor = 3

    class Local:
        def value(self) -> int:
            return factor

    for value in (Local().value, lambda: factor):
        assert pickle.loads(pack_value([value]))[0]() == 3


SCRIPT = """
import pickle, sys
from taskfarm_sdk._pickles import pack_value

class Own:
    class Inner:
        pass

def function():
    return Own

def made():
    class Local:
        pass
    return Local()

if sys.argv[1] == "write":
    sys.stdout.buffer.write(pack_value([Own(), Own.Inner(), function, made(), made()]))
else:
    own, inner, read, one, other = pickle.loads(sys.stdin.buffer.read())
    print(type(own) is Own, type(inner) is Own.Inner, read() is Own, type(one).__name__)
"""


def in_script(argument: str, given: bytes = b"") -> bytes:
    command = [sys.executable, "-c", SCRIPT, argument]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def test_a_script_gets_its_own_classes_back_in_each_of_its_processes() -> None:
    read = in_script("read", in_script("write"))
    assert read == b"True True True Local\n"


def test_another_program_gets_copies_of_a_scripts_classes_the_same_each_time() -> None:
    packed = in_script("write")
    own, inner, function, one, other = pickle.loads(packed)
    again = pickle.loads(packed)
    assert (type(own).__name__, type(inner).__name__) == ("Own", "Inner")
    assert type(own) is function() is type(again[0])
    assert type(one).__name__ == "Local"
    assert type(one) is not type(other)


def test_what_is_no_class_in_another_main_module_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = in_script("write")
    monkeypatch.setattr(sys.modules["__main__"], "Own", "no class", raising=False)
    assert type(pickle.loads(packed)[0]).__name__ == "Own"


def test_a_text_that_names_the_main_module_is_only_a_text() -> None:
    assert pickle.loads(pack_value(["__main__"])) == ["__main__"]


def test_what_cannot_be_pickled_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        pack_value([threading.Lock()])

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


@pytest.mark.parametrize("value", ["Own()", "Own", "function", "[{'a': Own}]"])
def test_what_the_main_module_holds_is_pickled_whole(value: str) -> None:
    script = (
        "import sys; from taskfarm_sdk._pickles import pack_value\n"
        "class Own: pass\n"
        "def function(): pass\n"
        f"sys.stdout.buffer.write(pack_value({value}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    # This process has another main module, without them.
    assert "Own" in repr(pickle.loads(done.stdout)) or "function" in repr(pickle.loads(done.stdout))


def test_what_cannot_be_pickled_is_an_error() -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        pack_value([threading.Lock()])

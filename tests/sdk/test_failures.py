"""Failures that a farm saw: how many are kept, and which exceptions come back."""

from __future__ import annotations

import attrs
import pytest

from taskfarm_sdk import FunctionFailed, _pickles
from taskfarm_sdk import _failures as failures
from taskfarm_sdk._caught import caught
from taskfarm_sdk._failures import FailureLog, SeenFailure
from tests.support.odd_errors import STUCK, PanicException, repr_of

RUN = "0" * 32


def travelled(error: BaseException) -> SeenFailure:
    """Return the failure of a task, as it comes from another process."""
    kept = attrs.evolve(caught(error, None), packed=_pickles.pack(error))
    return failures.seen(RUN, 3, 1, kept.explained, kept)


def test_the_last_hundred_failures_are_kept_oldest_first() -> None:
    log = FailureLog()
    for number in range(150):
        log.add(failures.seen(RUN, number, 1, "no luck", None))
    log.add(failures.seen("f" * 32, 7, 1, "of another run", None))
    assert [seen.record.task for seen in log.of(RUN)] == list(range(51, 150))
    assert [seen.record.task for seen in log.of(RUN, (3, 60, 149))] == [60, 149]


def test_failures_are_taken_once() -> None:
    log = FailureLog()
    log.add(failures.seen(RUN, 3, 1, "no luck", None))
    assert len(log.take()) == 1
    assert log.take() == []


def test_a_failure_without_an_exception_has_its_reason_as_text_and_no_cause() -> None:
    seen = failures.seen(RUN, 3, 2, "no licence", None)
    assert str(seen.record) == "task 3, attempt 2: no licence"
    assert (seen.record.type, seen.record.traceback) == (None, "")
    assert failures.cause([seen]) is None
    assert failures.cause([]) is None
    assert failures.newest([]) == ""


@pytest.mark.parametrize("error", [ValueError("odd"), PanicException("odd")], ids=repr_of)
def test_an_exception_that_travels_comes_back_with_its_traceback_as_note(
    error: BaseException,
) -> None:
    error.add_note("mine")
    cause = failures.cause([travelled(error)])
    assert type(cause) is type(error)
    assert cause.args == ("odd",)
    assert cause.__notes__[0] == "mine"
    assert cause.__notes__[1].endswith(f"{caught(error, None).traceback}")


@pytest.mark.parametrize("error", STUCK, ids=repr_of)
def test_an_exception_that_cannot_travel_has_a_stand_in(error: BaseException) -> None:
    cause = failures.cause([travelled(error)])
    assert isinstance(cause, FunctionFailed)
    assert cause.type_name == type(error).__name__
    assert str(cause) == f"{type(error).__name__}: {error}"
    assert cause.traceback == caught(error, None).traceback
    assert (cause.run, cause.task) == (RUN, 3)


def test_a_class_of_the_script_comes_back_as_the_scripts_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import __main__

    own = type("Own", (Exception,), {"__module__": "__main__", "__qualname__": "Own"})
    seen = travelled(own("odd"))
    assert isinstance(failures.cause([seen]), FunctionFailed)  # the script has no such class
    monkeypatch.setattr(__main__, "Own", own, raising=False)
    assert type(failures.cause([seen])) is own

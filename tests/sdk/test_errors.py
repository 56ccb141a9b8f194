"""The SDK's errors: their tree, their facts, and how they travel."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

import taskfarm_sdk
from taskfarm_sdk import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    FunctionFailed,
    ItemsFailed,
    NotFound,
    OutcomeUnknown,
    RequestRejected,
    RunBroken,
    RunNotFound,
    RunStatus,
    ServerError,
    TaskFailure,
    TaskfarmError,
    TaskNotFound,
    TasksFailed,
    TooManyFailures,
    UnexpectedReply,
    WaitTimeout,
    errors,
)

URL = "http://localhost:5000/api/runs"
RUN = "0123456789abcdef0123456789abcdef"
STATUS = RunStatus(num_tasks=9, waiting=0, computing=0, done=9, failed=2, percent_done=77.8)
FAILURE = TaskFailure(task=3, attempt=2, type="ValueError", text="odd", traceback="here")
PLAIN = (
    TaskfarmError,
    ConfigurationError,
    AuthenticationError,
    RequestRejected,
    UnexpectedReply,
    OutcomeUnknown,
    RunBroken,
)
PLAIN_FACTS = {"status": 404, "url": URL, "detail": "the page says so", "run": RUN, "task": 7}
NO_FACTS = dict.fromkeys(PLAIN_FACTS)
WITH_FACTS: list[tuple[TaskfarmError, dict[str, object]]] = [
    *(
        (
            kind("text", status=404, url=URL, detail="the page says so", run=RUN, task=7),
            {**PLAIN_FACTS},
        )
        for kind in PLAIN
    ),
    *(
        (
            kind("text", status=404, url=URL, method="GET"),
            {**NO_FACTS, "status": 404, "url": URL, "method": "GET"},
        )
        for kind in (NotFound, RunNotFound, TaskNotFound)
    ),
    (
        ConnectionFailed("text", sent=True, hopeless=True, url=URL, detail="cut"),
        {**NO_FACTS, "sent": True, "hopeless": True, "url": URL, "detail": "cut"},
    ),
    (
        ServerError("text", status=503, url=URL, detail="busy", retry_after_s=1.5),
        {**NO_FACTS, "status": 503, "url": URL, "detail": "busy", "retry_after_s": 1.5},
    ),
    (
        WaitTimeout("text", run=RUN, run_status=STATUS),
        {**NO_FACTS, "run": RUN, "run_status": STATUS},
    ),
    (
        TasksFailed("text", run=RUN, tasks=(3, 5), run_status=STATUS, failures=(FAILURE,)),
        {**NO_FACTS, "run": RUN, "tasks": (3, 5), "run_status": STATUS, "failures": (FAILURE,)},
    ),
    (
        ItemsFailed(
            "text",
            run=RUN,
            tasks=(3,),
            run_status=STATUS,
            failures=(FAILURE,),
            items=(7, 9),
            missing=(8,),
        ),
        {
            **NO_FACTS,
            "run": RUN,
            "tasks": (3,),
            "run_status": STATUS,
            "failures": (FAILURE,),
            "items": (7, 9),
            "missing": (8,),
        },
    ),
    (
        TooManyFailures("text", run=RUN, failures=(FAILURE,)),
        {**NO_FACTS, "run": RUN, "failures": (FAILURE,)},
    ),
    (
        FunctionFailed("text", type_name="Odd", traceback="here", run=RUN, task=7),
        {**NO_FACTS, "run": RUN, "task": 7, "type_name": "Odd", "traceback": "here"},
    ),
]
EACH = pytest.mark.parametrize(
    ("error", "facts"), [pytest.param(e, f, id=type(e).__name__) for e, f in WITH_FACTS]
)


def classes() -> dict[str, type[TaskfarmError]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, TaskfarmError)
    }


def drawn_tree() -> dict[str, str | None]:
    """Return each error with its base, as the module's docstring draws them."""
    drawing = (errors.__doc__ or "").split("```")[1].strip().splitlines()
    bases: dict[str, str | None] = {}
    path: list[str] = []
    for line in drawing:
        found = re.match(r"(?P<indent>[│├└─ ]*)(?P<name>\w+)", line)
        assert found is not None, line
        depth = len(found["indent"]) // 4
        bases[found["name"]] = path[depth - 1] if depth else None
        path[depth:] = [found["name"]]
    return bases


def same(error: BaseException) -> BaseException:
    return error


def raise_it(error: TaskfarmError) -> None:
    raise error


def assert_as_it_was(arrived: BaseException, error: TaskfarmError, facts: object) -> None:
    assert type(arrived) is type(error)
    assert str(arrived) == "text"
    assert arrived.args == ("text",)
    assert vars(arrived) == facts


def test_the_tree_is_as_the_docstring_draws_it() -> None:
    first_bases = {
        name: None if kind is TaskfarmError else kind.__bases__[0].__name__
        for name, kind in classes().items()
    }
    assert drawn_tree() == first_bases


def test_each_error_is_exported_and_stands_in_the_table_here() -> None:
    assert sorted(classes()) == sorted(errors.__all__)
    assert set(errors.__all__) <= set(taskfarm_sdk.__all__)
    assert {type(error) for error, _ in WITH_FACTS} == set(classes().values())


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        pytest.param(ConfigurationError, ValueError, id="ConfigurationError"),
        pytest.param(WaitTimeout, TimeoutError, id="WaitTimeout"),
    ],
)
def test_an_error_is_also_what_python_calls_it(
    error: type[TaskfarmError], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


@EACH
def test_an_error_carries_its_facts(error: TaskfarmError, facts: dict[str, object]) -> None:
    assert_as_it_was(error, error, facts)


@EACH
def test_each_fact_is_documented(error: TaskfarmError, facts: dict[str, object]) -> None:
    documented = "".join(inspect.getdoc(kind) or "" for kind in type(error).__mro__[:-3])
    for name in facts:
        assert f" {name}: " in documented


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@EACH
def test_an_error_pickles_with_its_text_and_facts(
    error: TaskfarmError, facts: dict[str, object], protocol: int
) -> None:
    assert_as_it_was(pickle.loads(pickle.dumps(error, protocol)), error, facts)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
@EACH
def test_an_error_is_copied_with_its_text_and_facts(
    error: TaskfarmError, facts: dict[str, object], copied: type
) -> None:
    twin: TaskfarmError = copied(error)
    assert_as_it_was(twin, error, facts)
    twin.run = "another"
    assert error.run != "another"


def test_errors_come_back_from_another_process_whole() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for error, facts in WITH_FACTS:
            assert_as_it_was(pool.submit(same, error).result(), error, facts)
            raised = pool.submit(raise_it, error).exception()
            assert raised is not None
            assert_as_it_was(raised, error, facts)


def test_notes_travel_with_an_error() -> None:
    error = RunNotFound("text", run=RUN)
    error.add_note("while counting the sheep")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while counting the sheep"]


def test_an_error_of_the_users_own_kind_travels_too() -> None:
    arrived = pickle.loads(pickle.dumps(Own("text", run=RUN)))
    assert_as_it_was(
        arrived, Own("text", run=RUN), {**NO_FACTS, "run": RUN, "method": None, "extra": 1}
    )


class Own(RunNotFound):
    def __init__(self, message: str, *, run: str) -> None:
        super().__init__(message, run=run)
        self.extra = 1


def test_an_error_is_caught_by_its_broader_kinds() -> None:
    error = RunNotFound("text")
    for kind in (RunNotFound, NotFound, TaskfarmError, Exception):
        with pytest.raises(kind):
            raise error

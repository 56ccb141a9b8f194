"""Work that cannot be unpacked where an executor runs it: no secret in what its error shows."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import pytest

from taskfarm_sdk import Farm, TaskfarmError
from taskfarm_sdk.execution.executors.loop import LoopPayload
from taskfarm_sdk.execution.function import packed
from tests.support.locals_shown import forms_of, lines_that_show, shown_with_locals
from tests.support.secrecy import TOKEN


class OfAnAbsentModule:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return importlib.import_module, ("no_module_of_this_name",)


def test_no_token_shows_where_a_function_cannot_be_used() -> None:
    with Farm("http://farm.invalid/api/", token=TOKEN) as farm:
        content = packed((farm._link, OfAnAbsentModule())).content
    assert TOKEN.encode() in content
    payload = LoopPayload("key", content, lambda _: None)
    with pytest.raises(TaskfarmError, match="no_module_of_this_name") as raised:
        payload.opened()
    assert lines_that_show(shown_with_locals(raised.value), forms_of(TOKEN, "")) == []
    assert lines_that_show(repr(payload), forms_of(TOKEN, "")) == []

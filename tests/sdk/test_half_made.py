"""Objects whose constructor has not finished, as a traceback tool meets them: a repr works."""

from __future__ import annotations

import sys
from typing import is_typeddict

import pytest

import taskfarm_sdk
from taskfarm_sdk import ConfigurationError, Farm
from taskfarm_sdk.charts import Cell, Chart, Row, TextGrid, Timeline
from taskfarm_sdk.logins import Login
from taskfarm_sdk.server import Database, DataFolder, Secrets, ServerProcess, ServerSettings
from taskfarm_sdk.testing import LocalServer
from tests.support.locals_shown import chain_of
from tests.support.secrecy import PASSWORD

KINDS = [
    *(
        kind
        for kind in (getattr(taskfarm_sdk, name) for name in taskfarm_sdk.__all__)
        if isinstance(kind, type) and not issubclass(kind, BaseException) and not is_typeddict(kind)
    ),
    Cell,
    Chart,
    Row,
    TextGrid,
    Timeline,
    Login,
    LocalServer,
    Database,
    DataFolder,
    Secrets,
    ServerProcess,
    ServerSettings,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_empty_object_has_texts(kind: type) -> None:
    empty: object = object.__new__(kind)
    for text in (repr(empty), str(empty), f"{empty}"):
        assert kind.__name__ in text


def test_a_farm_whose_constructor_fails_is_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Farm("nowhere", user="me", password=PASSWORD)
    (error,) = chain_of(raised.value)
    trace = error.__traceback__
    shown: list[str] = []
    while trace is not None:
        if isinstance(half := trace.tb_frame.f_locals.get("self"), Farm):
            shown.append(repr(half))
        trace = trace.tb_next
    assert shown == ["<Farm, not made>"]


@pytest.mark.skipif(sys.platform == "win32", reason="no server runs there")
def test_a_server_whose_constructor_fails_is_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        LocalServer(database_url=f"mysql://me:{PASSWORD}@host/name")
    trace = raised.value.__traceback__
    assert trace is not None
    assert trace.tb_next is not None
    half = trace.tb_next.tb_frame.f_locals["self"]
    assert PASSWORD not in repr(half)
    assert "LocalServer" in repr(half)

"""Texts of other clients and of servers: no mode of manageTF prints a line that they forge."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from taskfarm_cli.common import connection_options
from taskfarm_cli.common.text import field
from taskfarm_cli.manage.output import rich_view
from tests.support.forged import FORGED_RUN, FORGED_UUID, FORGERIES, lines_of
from tests.support.manage_tf import Manage
from tests.support.odd_numbers import UUID
from tests.support.stub_farm import StubRun, stub_farm
from tests.support.stub_server import Answer, Reply, document

each_forgery = pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)


@pytest.fixture
def manage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manage:
    monkeypatch.setattr(connection_options, "GIVE_UP_AFTER_S", 0.0)
    return Manage(capsys)


@each_forgery
@pytest.mark.parametrize("plain", [(), ("--plain",)], ids=["pipe", "plain"])
def test_a_run_is_one_line_of_its_own_fields(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, plain: tuple[str, ...], forged: str
) -> None:
    with stub_farm(StubRun(num_tasks=forged, done=0), monkeypatch):
        (listed,) = lines_of(manage.fine("-l", *plain).out, 1)
        assert listed.split() == ["1", UUID, field(forged)]
        for mode in ("-i", "-w", "--wait"):
            (shown,) = lines_of(manage.fine(mode, UUID, *plain).out, 1)
            assert shown.split() == ["1", UUID, field(forged), "(0,0,0)", "100.0"]


@each_forgery
def test_a_json_document_is_one_line_of_valid_json(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    with stub_farm(StubRun(num_tasks=forged, done=0), monkeypatch):
        for words in (["-l"], ["-i", UUID], ["-w", UUID], ["--wait", UUID], ["-d", UUID]):
            (line,) = lines_of(manage.fine(*words, "--json").out, 1)
            facts: Any = json.loads(line)
            row = facts["runs"][0] if "runs" in facts else facts["run"]
            assert row["num_tasks"] is None
            assert row["num_tasks_text"].encode() == forged.encode(errors="backslashreplace")


@each_forgery
def test_a_terminal_shows_no_control_of_anothers(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    shown = io.StringIO()

    def console(**more: Any) -> Console:
        return Console(file=shown, width=200, force_terminal=True, color_system=None, **more)

    monkeypatch.setattr(rich_view, "Console", console)
    monkeypatch.setattr("taskfarm_cli.manage.output.choice.is_terminal", lambda _: True)
    with stub_farm(StubRun(num_tasks=forged, done=0), monkeypatch):
        for words in (["-l"], ["-i", UUID]):
            manage.fine(*words)
    assert lines_of(shown.getvalue(), len(shown.getvalue().splitlines()))
    assert f"7 {FORGED_UUID}" not in shown.getvalue().replace("\\n7", "")


def test_a_question_shows_no_control_of_anothers(
    monkeypatch: pytest.MonkeyPatch, manage: Manage
) -> None:
    monkeypatch.setattr("taskfarm_cli.common.terminal.can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with stub_farm(StubRun(num_tasks=FORGED_RUN, done=0), monkeypatch):
        outcome = manage("-d", UUID)
    assert outcome.status == 1
    assert len(lines_of(outcome.err, 1)) == 1
    assert r"5\n7 " in outcome.err


ODD_UUIDS = [None, 5, "", "abc", UUID.upper(), UUID + "\n", f"{UUID}\n7 {FORGED_UUID}", "\x1b[2J"]


@pytest.mark.parametrize("uuid", ODD_UUIDS, ids=repr)
@pytest.mark.parametrize("words", [("-l",), ("-i", UUID), ("-n", "3"), ("-d", UUID)])
def test_a_run_whose_uuid_is_none_is_refused_and_named(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], uuid: object
) -> None:
    with stub_farm(StubRun(uuid=uuid), monkeypatch):
        outcome = manage(*words)
    assert (outcome.status, outcome.out) == (1, "")
    assert "a uuid has 32 hexadecimal digits" in outcome.error
    assert repr(uuid)[:30].rstrip("'") in outcome.error
    assert outcome.error.isprintable()


PAGE = "".join(FORGERIES.values()).encode(errors="surrogatepass")


@pytest.mark.parametrize(
    "answer",
    [
        *(
            pytest.param(Reply(status, PAGE), id=str(status))
            for status in (200, 400, 403, 404, 500)
        ),
        pytest.param(Reply(503, PAGE, {"Retry-After": "1\x1b[2J"}), id="503"),
        pytest.param(Reply(302, b"", {"Location": "http://x/\x1b[2J\x9b2J" + "y" * 999}), id="302"),
        pytest.param(Reply(200, b"{}", {"Content-Encoding": "\x1b[2J"}), id="an encoding"),
        pytest.param(b"HTTP/1.1 500 \x1b[2J\x9b2J\r\nContent-Length: 0\r\n\r\n", id="a reason"),
        pytest.param(b"\x1b[2J\x9b2J\r\n\r\n", id="no HTTP"),
        pytest.param(document({"data": "\x1b[2J"}), id="text for a list"),
        pytest.param(document({"token": "t", "\x1b[2J": "\u2028"}), id="other keys"),
    ],
)
@pytest.mark.parametrize("words", [("-l",), ("-w", UUID), ("--tasks", UUID), ("-n", "3")])
def test_an_error_is_one_printable_line(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], answer: Answer
) -> None:
    with stub_farm(StubRun(), monkeypatch) as server:
        server.answers = answer
        outcome = manage(*words)
    assert outcome.status != 0
    assert outcome.out == ""
    assert outcome.error.isprintable()
    assert len(outcome.error) < 700


def test_a_state_that_no_task_has_is_one_printable_line(
    manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub_farm(StubRun(status="done\x1b[2J\nwaiting"), monkeypatch):
        outcome = manage("--tasks", UUID)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.error.isprintable()

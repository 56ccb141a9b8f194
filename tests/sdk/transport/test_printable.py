"""Texts of servers in errors and in the log: one printable line, whatever a server sends."""

from __future__ import annotations

import asyncio
import logging

import pytest

from taskfarm_sdk import ConfigurationError, Farm, TaskfarmError, UnexpectedReply
from taskfarm_sdk._protocol.values import UUID_SHOWN
from taskfarm_sdk._text import one_line
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by, farm_by
from tests.support.forged import FORGERIES
from tests.support.odd_numbers import UUID, Held, async_farm_of, farm_of
from tests.support.stub_server import Answer, Reply, document, stub_server

PAGE = "".join(FORGERIES.values()).encode(errors="surrogatepass")
ANSWERS: dict[str, Answer] = {
    **{str(status): Reply(status, PAGE) for status in (200, 400, 401, 403, 404, 429, 500, 503)},
    "a redirection": Reply(302, b"", {"Location": "http://x/\x1b[2J\x9b2J" + "y" * 999}),
    "an encoding": Reply(200, b"{}", {"Content-Encoding": "\x1b[2J"}),
    "a reason": b"HTTP/1.1 500 \x9b2J\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"\x1b[2J\x9b2J\r\n\r\n",
    "a state": document({"id": 1, "task": 0, "percentCompleted": 0, "status": "\x1b[2J\ndone"}),
}
each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


def assert_one_line(text: str) -> None:
    assert text.isprintable(), text
    assert text == " ".join(text.split())


@each_answer
def test_an_error_and_its_detail_are_one_printable_line(answer: Answer) -> None:
    with (
        stub_server(answer) as server,
        farm_by(FastClock(), server.url, token="t", give_up_after_s=0) as farm,
        pytest.raises(TaskfarmError) as caught,
    ):
        farm.get_run(UUID)
    assert_one_line(str(caught.value))
    assert_one_line(caught.value.detail or "")
    assert len(str(caught.value)) < 800


@each_answer
def test_no_text_of_a_server_is_a_second_line_of_the_log(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "taskfarm_sdk")

    async def wait(url: str) -> None:
        farm = async_farm_by(FastClock(), url, token="t", give_up_after_s=100)
        async with farm:
            await farm.get_run(UUID)

    with stub_server(answer) as server:
        with (
            farm_by(FastClock(), server.url, token="t", give_up_after_s=100) as farm,
            pytest.raises(TaskfarmError),
        ):
            farm.get_run(UUID)
        with pytest.raises(TaskfarmError):
            asyncio.run(wait(server.url))
    assert caplog.records
    for record in caplog.records:
        if record.name.startswith("taskfarm_sdk"):
            assert_one_line(record.getMessage())


@pytest.mark.parametrize(
    "uuid", [None, 5, True, [], "", "abc", UUID.upper(), f"{UUID}\n7", "x" * 999]
)
def test_a_uuid_that_is_none_is_named_and_cut(uuid: object) -> None:
    reply = document({"data": [{"id": 1, "uuid": uuid, "numTasks": 3}]})
    with (
        stub_server(reply) as server,
        Farm(server.url, token="t", give_up_after_s=0) as farm,
        pytest.raises(UnexpectedReply, match="32 hexadecimal digits") as caught,
    ):
        farm.runs()
    assert repr(uuid)[: UUID_SHOWN - 5] in str(caught.value)
    assert "x" * (UUID_SHOWN + 1) not in str(caught.value)
    assert_one_line(str(caught.value))


@pytest.mark.parametrize("uuid", [None, "", "another worker", UUID[:31]])
def test_a_worker_is_not_registered_by_another_uuid(
    uuid: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Held.answer

    def odd(self: Held, method: str, path: str, query: dict[str, str]) -> tuple[int, object]:
        if path.strip("/") == "worker":
            return 201, {"id": 1, "uuid": uuid}
        return answer(self, method, path, query)

    monkeypatch.setattr(Held, "answer", odd)
    run = farm_of(Held()).get_run(UUID)
    with run.worker(give_up_after_s=0) as worker, pytest.raises(UnexpectedReply, match="a uuid"):
        worker.claim()


def test_a_run_and_its_status_are_read_alike_by_both_farms() -> None:
    async def read() -> tuple[str, int]:
        run, status = await async_farm_of(Held()).get_run_and_status(UUID)
        return run.uuid, status.done

    run, status = farm_of(Held()).get_run_and_status(UUID)
    assert (run.uuid, status.done) == asyncio.run(read()) == (UUID, 1)


@pytest.mark.parametrize("odd", ["\x9b2J", "\u202e", "\u2028", "\x1b", "\n", "\ud800", " "])
def test_a_url_with_what_is_not_printable_is_refused(odd: str) -> None:
    with pytest.raises(ConfigurationError, match="invalid URL") as caught:
        Farm(f"http://farm.test/a{odd}b/", token="t")
    assert_one_line(str(caught.value))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\t\u2028c\x85", "a b c"),
        ("\x1b[2J\x9b\u202e", r"\x1b[2J\x9b\u202e"),
        ("\ud800é", r"\ud800é"),
    ],
)
def test_a_text_becomes_one_printable_line(text: str, line: str) -> None:
    assert one_line(text) == line

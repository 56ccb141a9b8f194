"""The order of a folder, and the claim of the process that makes it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._results import claim
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.order import (
    Order,
    digest_name,
    function_of,
    publish_function,
    python_version,
)
from tests.support.results_folders import RUN, order

URL = "http://farm.invalid/api/"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "sweep")


def test_an_order_is_read_as_it_was_written(folder: Folder) -> None:
    wanted = order(1000, num_tasks=10, chunk=100, items_digest="ab" * 32)
    assert Order.load(folder) is None
    assert wanted.publish(folder)
    assert Order.load(folder) == wanted
    assert (wanted.python, wanted.created_at[-6:]) == (python_version(), "+00:00")


def test_people_can_read_an_order(folder: Folder) -> None:
    order(7, function="module.möglich").publish(folder)
    text = (folder.path / "order.json").read_text(encoding="utf-8")
    assert '"function": "module.möglich"' in text
    assert json.loads(text)["run_uuid"] == RUN


def test_the_first_order_stays(folder: Folder) -> None:
    assert order(7).publish(folder)
    assert not order(8).publish(folder)
    loaded = Order.load(folder)
    assert loaded is not None
    assert loaded.num_items == 7


def spoilt(**changes: object) -> bytes:
    document = {"format": 1, **attrs.asdict(order(7)), **changes}
    return json.dumps({name: value for name, value in document.items() if value != "gone"}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff", b"7", spoilt(num_items="7"), spoilt(num_items=0),
        spoilt(num_items=True), spoilt(num_tasks=-1), spoilt(chunk=1.0), spoilt(run_uuid=None),
        spoilt(server_url="gone"), spoilt(function=["f"]),
    ],
)  # fmt: skip
def test_a_damaged_order_is_a_clear_error(folder: Folder, content: bytes) -> None:
    folder.replace("order.json", content)
    with pytest.raises(ConfigurationError, match=r"order\.json' is damaged: restore it"):
        Order.load(folder)


def test_an_order_of_a_later_version_is_told_so(folder: Folder) -> None:
    folder.replace("order.json", spoilt(format=2, sdk="9.0"))
    with pytest.raises(ConfigurationError, match=r"newer version of taskfarm-sdk \(9\.0\)"):
        Order.load(folder)


def test_an_order_cut_at_any_byte_is_damaged(folder: Folder) -> None:
    order(7).publish(folder)
    content = folder.read("order.json")
    assert content is not None
    for cut in range(len(content) - 2):
        (folder.path / "order.json").write_bytes(content[:cut])
        with pytest.raises(ConfigurationError, match="is damaged"):
            Order.load(folder)


def test_the_same_work_goes_on(folder: Folder) -> None:
    made = order(1000, num_tasks=10, chunk=100, items_digest="ab")
    made.refuse_other(folder)
    made.refuse_other(
        folder,
        run_uuid=RUN,
        num_items=1000,
        num_tasks=10,
        function="program.compute",
        items_digest="ab",
    )


def test_items_of_which_only_some_have_a_digest_are_others(folder: Folder) -> None:
    order(5).refuse_other(folder)
    order(5, items_digest="ab").refuse_other(folder)
    order(5).refuse_other(folder, items_digest=digest_name(None))
    with pytest.raises(ConfigurationError, match=r"SHA-256\): ab there, none, as not all are"):
        order(5, items_digest="ab").refuse_other(folder, items_digest=digest_name(None))
    with pytest.raises(ConfigurationError, match="JSON-like there, ab here"):
        order(5).refuse_other(folder, items_digest=digest_name("ab"))


def test_all_differences_are_named_at_once(folder: Folder) -> None:
    made = order(1000, num_tasks=10, chunk=100, items_digest="ab")
    with pytest.raises(ConfigurationError) as caught:
        made.refuse_other(
            folder,
            run_uuid="f" * 32,
            num_items=2000,
            num_tasks=20,
            function="program.other",
            items_digest="cd",
        )
    text = str(caught.value)
    assert str(folder.path) in text
    for part in (
        f"run: {RUN} there, {'f' * 32} here",
        "number of items: 1,000 there, 2,000 here",
        "number of tasks: 10 there, 20 here",
        "function: program.compute there, program.other here",
        "items (by their SHA-256): ab there, cd here",
        "choose another folder",
    ):
        assert part in text


def test_another_python_is_refused_for_the_function(folder: Folder) -> None:
    order(5).refuse_other_python(folder)
    with pytest.raises(ConfigurationError, match=r"by Python 3\.0,.*start this program with"):
        order(5, python="3.0").refuse_other_python(folder)


def test_a_function_is_kept_once(folder: Folder) -> None:
    with pytest.raises(ConfigurationError, match="holds no function"):
        function_of(folder)
    assert publish_function(folder, b"first")
    assert not publish_function(folder, b"second")
    assert function_of(folder) == b"first"


def test_of_many_that_claim_at_once_one_makes_the_run_and_all_get_its_order(
    folder: Folder,
) -> None:
    start = threading.Barrier(8)
    found: list[tuple[bool, Order | None]] = []

    def begin(number: int) -> None:
        own = Folder.open(folder.path)
        start.wait()
        mine = claim.take(own, URL)
        if mine is not None:
            assert order(number + 1).publish(own)
        found.append((mine is not None, claim.wait_for_order(own, poll_s=0.01)))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one for _, one in found} == {Order.load(folder)}
    assert [is_mine for is_mine, _ in found].count(True) == 1


class Time:
    """A clock that only sleeping moves."""

    def __init__(self, at_sleep: Callable[[], object] = lambda: None) -> None:
        self.now = 0.0
        self.at_sleep = at_sleep

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.at_sleep()


def test_an_order_that_another_process_makes_is_waited_for(folder: Folder) -> None:
    assert claim.take(folder, URL) is not None
    assert claim.take(folder, URL) is None
    time = Time(lambda: time.now == 30 and order(7).publish(folder))
    made = claim.wait_for_order(folder, clock=time.clock, sleep=time.sleep)
    assert made is not None
    assert (made.num_items, time.now) == (7, 30)


def test_a_claim_that_is_given_up_leaves_the_folder_to_the_next(folder: Folder) -> None:
    assert claim.take(folder, URL) is not None
    time = Time(lambda: claim.give_up(folder))
    assert claim.wait_for_order(folder, clock=time.clock, sleep=time.sleep) is None
    assert claim.take(folder, URL) is not None


@pytest.mark.parametrize("has_run", [False, True])
def test_a_creator_that_died_is_reported_with_its_run(folder: Folder, has_run: bool) -> None:
    mine = claim.take(folder, URL)
    assert mine is not None
    if has_run:
        claim.note_run(folder, mine, RUN)
    time = Time()
    with pytest.raises(ConfigurationError) as caught:
        claim.wait_for_order(folder, clock=time.clock, sleep=time.sleep)
    text = str(caught.value)
    assert time.now == claim.WAIT_S
    assert f"process {os.getpid()} on {mine.host}" in text
    assert "remove the folder and start again" in text
    assert (f"manageTF --delete {RUN}" in text) == has_run

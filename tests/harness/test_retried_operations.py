"""How operations and the rules that they are sent by are found in code."""

from __future__ import annotations

from tests.support.retried_operations import all_operations, pairs_in


def test_an_operation_without_a_row_is_found() -> None:
    source = """
def rename(farm):
    def look(_):
        yield from ask(farm, operations.counts, READ)

    call = operations.rename_run("new")
    yield from ask_of_run(farm, lambda: call, RESTART if farm else CREATE, look=look)
"""
    assert pairs_in(source) == {
        ("rename_run", "RESTART"),
        ("rename_run", "CREATE"),
        ("counts", "READ"),
    }


def test_what_makes_a_call_is_an_operation_and_nothing_else_is() -> None:
    assert {"token", "update_task", "register_worker"} <= all_operations()
    assert "cast" not in all_operations()


def test_asking_for_a_run_is_reading_it() -> None:
    source = """
def status(farm):
    return (yield from ask_for_run(farm, lambda: operations.run_status(uuid)))
"""
    assert pairs_in(source) == {("run_status", "READ")}

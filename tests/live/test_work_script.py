"""`Run.work` from a script: its names are in the children's main module, and it runs once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.programs import script_names
from tests.support import programs
from tests.support.fleet import run_of

pytestmark = [pytest.mark.live, pytest.mark.long]

SCRIPT = script_names.__file__
AS_FILE = (SCRIPT,)
AS_MODULE = ("-m", "tests.programs.script_names")
# As in an interactive session, there is no file.
WITHOUT_FILE = ("-c", Path(SCRIPT).read_text(encoding="utf-8").replace("[__file__]", "['']"))


def assert_done(server: LocalServer, check: str, *words: str) -> None:
    """Assert that a script's tasks are done, and that its main part ran once."""
    with run_of(server, 2) as (_, run, token):
        told = {**programs.access(run, token), "check": check}
        done = programs.run(*words, told=told)
        assert done.stdout.splitlines() == ["the main module runs", "2 done"], done.stderr
        run.delete()


@pytest.mark.parametrize("words", [AS_FILE, AS_MODULE, WITHOUT_FILE], ids=["file", "module", "no"])
@pytest.mark.parametrize("check", ["classes", "functions"])
def test_classes_and_functions_of_the_script_are_pickled_in_a_task(
    taskfarm_server: LocalServer, check: str, words: tuple[str, ...]
) -> None:
    assert_done(taskfarm_server, check, *words)


@pytest.mark.parametrize("check", ["steps", "instance"])
def test_what_the_function_reaches_by_a_value_alone_is_pickled_too(
    taskfarm_server: LocalServer, check: str
) -> None:
    assert_done(taskfarm_server, check, *AS_FILE)


def test_what_the_function_does_not_mention_is_found_when_it_is_asked_for(
    taskfarm_server: LocalServer,
) -> None:
    assert_done(taskfarm_server, "unmentioned", *AS_FILE)


def test_what_is_found_later_leaves_changed_names_alone(taskfarm_server: LocalServer) -> None:
    assert_done(taskfarm_server, "changed", *AS_FILE)


@pytest.mark.parametrize("words", [AS_FILE, AS_MODULE], ids=["file", "module"])
def test_the_main_module_has_the_scripts_file(
    taskfarm_server: LocalServer, words: tuple[str, ...]
) -> None:
    assert_done(taskfarm_server, "main_module", *words)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.parametrize("words", [AS_FILE, AS_MODULE], ids=["file", "module"])
def test_pools_of_processes_work_in_a_task(
    taskfarm_server: LocalServer, method: str, words: tuple[str, ...]
) -> None:
    assert_done(taskfarm_server, method, *words)


def test_forked_pools_work_without_a_file(taskfarm_server: LocalServer) -> None:
    assert_done(taskfarm_server, "fork", *WITHOUT_FILE)

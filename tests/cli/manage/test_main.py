"""manageTF from its command line to the server's replies, as recorded from the real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run, RunNotFound
from taskfarm_sdk._session import link
from tests.support.clock import FastClock
from tests.support.manage_tf import Manage, TaskWriter, saved_logins
from tests.support.recording import Place

pytestmark = pytest.mark.vcr

# What our workers write when a task has failed for good, after 3 attempts.
FAILED = 0.009903123455


def test_list_prints_a_line_a_run(manage: Manage, recorded_farm: Farm) -> None:
    first, second = recorded_farm.create_run(3), recorded_farm.create_run(40)
    assert manage.fine("-l").out == f"1 {first.uuid} 3\n2 {second.uuid} 40\n"


def test_list_of_an_empty_server_prints_nothing(manage: Manage) -> None:
    assert manage.fine("--list").out == ""


def test_list_in_json_holds_all_that_is_known(manage: Manage, run: Run) -> None:
    assert manage.fine("-l", "--json").document == {
        "taskfarm": 1,
        "mode": "list",
        "runs": [{"id": 1, "uuid": run.uuid, "num_tasks": 5, "num_tasks_text": "5"}],
    }


@pytest.mark.parametrize(
    ("held", "text"),
    [
        pytest.param(None, "None", id="null"),
        pytest.param(-3, "-3", id="negative"),
        pytest.param(2.5, "2.5", id="fraction"),
        pytest.param("abc", "abc", id="text"),
        pytest.param(1e20, "1e+20", id="beyond any database"),
    ],
)
def test_odd_runs_of_other_clients_are_shown_as_they_are(
    manage: Manage, task_writer: TaskWriter, held: object, text: str
) -> None:
    uuid = task_writer.create(held)
    assert manage.fine("-l").out == f"1 {uuid} {text}\n"
    assert manage.fine("-i", uuid).out == f"1 {uuid} {text} (0,0,0) 0.0\n"
    row = manage.fine("-l", "--json").document["runs"][0]
    assert (row["num_tasks"], row["num_tasks_text"]) == (None, text)


@pytest.mark.parametrize("mode", [("-i",), ("--info",), ()], ids=["short", "long", "uuid alone"])
def test_info_counts_as_waiting_what_no_worker_has_asked_for_yet(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: tuple[str, ...]
) -> None:
    task_writer.finish(run, 1)
    task_writer.write(run, task_writer.take(run), 33.3, "computing")
    assert manage.fine(*mode, run.uuid).out == f"1 {run.uuid} 5 (3,1,1) 26.660000000000004\n"


def test_info_in_json(manage: Manage, run: Run, task_writer: TaskWriter) -> None:
    task_writer.finish(run, 2)
    assert manage.fine("-i", run.uuid, "--json").document == {
        "taskfarm": 1,
        "mode": "info",
        "run": {"id": 1, "uuid": run.uuid, "num_tasks": 5, "num_tasks_text": "5"},
        "status": {
            "waiting": 3,
            "computing": 0,
            "done": 2,
            "failed": None,
            "percent_done": 40.0,
            "finished": False,
            "succeeded": False,
            "rows": 2,
        },
    }


def test_what_only_reads_takes_the_beginning_of_a_uuid(manage: Manage, run: Run) -> None:
    for beginning in (run.uuid[:6], run.uuid[:31].upper(), f"{run.uuid[:8]}-{run.uuid[8:10]}"):
        assert manage.fine("-i", beginning).out.split()[1] == run.uuid


def test_a_whole_uuid_may_have_dashes(manage: Manage, run: Run) -> None:
    dashed = f"{run.uuid[:8]}-{run.uuid[8:12]}-{run.uuid[12:16]}-{run.uuid[16:20]}-{run.uuid[20:]}"
    manage.fine("-d", dashed)
    assert manage.fine("-l").out == ""


@pytest.mark.parametrize("mode", ["-i", "-d", "--wait"])
def test_an_id_is_answered_with_the_uuid_that_has_it(manage: Manage, run: Run, mode: str) -> None:
    outcome = manage(mode, "1")
    assert outcome.status == 2
    assert run.uuid in outcome.error


@pytest.mark.parametrize("mode", ["-r", "-R", "-d"])
def test_what_changes_a_run_leaves_it_alone_for_part_of_its_uuid(
    manage: Manage, run: Run, mode: str
) -> None:
    outcome = manage(mode, run.uuid[:31])
    assert outcome.status == 2
    assert "whole" in outcome.error
    assert manage.fine("-l").out == f"1 {run.uuid} 5\n"


@pytest.mark.parametrize("mode", ["-i", "-r", "-R", "-d", "-w", "--wait"])
def test_a_run_that_is_not_there_ends_with_4(manage: Manage, mode: str) -> None:
    outcome = manage(mode, "0" * 32)
    assert outcome.status == 4
    assert "0" * 32 in outcome.error


@pytest.mark.parametrize("name", ["abcdef", "77"])
def test_a_beginning_or_id_that_no_run_has_ends_with_4(manage: Manage, name: str) -> None:
    outcome = manage("-i", name)
    assert outcome.status == 4
    assert name in outcome.error


def test_create_prints_the_new_uuid_alone(manage: Manage, recorded_farm: Farm) -> None:
    uuid = manage.fine("-n", "12").out.removesuffix("\n")
    assert recorded_farm.get_run(uuid).num_tasks == 12


def test_create_in_json(manage: Manage, recorded_farm: Farm) -> None:
    document = manage.fine("--create", "12", "--json").document
    run = recorded_farm.runs()[0]
    assert document == {
        "taskfarm": 1,
        "mode": "create",
        "run": {"id": 1, "uuid": run.uuid, "num_tasks": 12, "num_tasks_text": "12"},
    }


@pytest.mark.parametrize("mode", ["-r", "--reset"])
def test_reset_makes_computing_tasks_wait_and_keeps_done_ones(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 1)
    task_writer.take(run)
    assert manage.fine(mode, run.uuid).out == ""
    status = run.status()
    assert (status.waiting, status.computing, status.done) == (4, 0, 1)


@pytest.mark.parametrize("mode", ["-R", "--reset-all"])
def test_reset_all_makes_every_task_wait(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 2)
    task_writer.take(run)
    assert manage.fine(mode, run.uuid).out == ""
    status = run.status()
    assert (status.waiting, status.percent_done) == (5, 0.0)


@pytest.mark.parametrize("mode", ["-d", "--delete"])
def test_delete_takes_the_run_away(
    manage: Manage, run: Run, recorded_farm: Farm, mode: str
) -> None:
    assert manage.fine(mode, run.uuid).out == ""
    with pytest.raises(RunNotFound):
        recorded_farm.get_run(run.uuid)


@pytest.mark.parametrize(
    ("option", "mode"), [("-r", "reset"), ("-R", "reset-all"), ("-d", "delete")]
)
def test_changes_in_json_name_the_run(manage: Manage, run: Run, option: str, mode: str) -> None:
    assert manage.fine(option, run.uuid, "--json").document == {
        "taskfarm": 1,
        "mode": mode,
        "run": {"id": 1, "uuid": run.uuid, "num_tasks": 5, "num_tasks_text": "5"},
    }


@pytest.mark.parametrize("mode", ["--wait", "--watch", "-w"])
def test_a_finished_run_is_shown_at_once(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 5)
    assert manage.fine(mode, run.uuid).out == f"1 {run.uuid} 5 (0,0,5) 100.0\n"


@pytest.mark.parametrize("mode", ["wait", "watch"])
def test_a_finished_run_in_json(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 5)
    document = manage.fine(f"--{mode}", run.uuid, "--json").document
    assert document["mode"] == mode
    assert document["status"]["failed"] == 0
    assert document["status"]["succeeded"]


@pytest.mark.parametrize("mode", ["--wait", "--watch"])
def test_a_run_that_ended_with_failed_tasks_ends_with_5(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 3)
    task_writer.finish(run, 2, percent=FAILED)
    outcome = manage(mode, run.uuid)
    assert outcome.status == 5
    assert "2 of 5 tasks" in outcome.error
    assert outcome.out.startswith(f"1 {run.uuid} 5 (0,0,5) 60.")
    assert manage("-i", run.uuid).status == 0


@pytest.mark.parametrize("mode", ["--wait", "--watch"])
def test_failed_tasks_are_found_beside_odd_percentages_of_other_clients(
    manage: Manage, run: Run, task_writer: TaskWriter, mode: str
) -> None:
    task_writer.finish(run, 4, percent=70.3)
    task_writer.finish(run, 1, percent=FAILED)
    outcome = manage(mode, run.uuid)
    assert outcome.status == 5
    assert "1 of 5 tasks" in outcome.error


@pytest.mark.parametrize("mode", ["--wait", "--watch"])
def test_a_time_limit_ends_with_7_and_shows_how_the_run_stands(
    manage: Manage, run: Run, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(link, "SystemClock", FastClock)
    outcome = manage(mode, "--timeout-s", "0.8", run.uuid)
    assert outcome.status == 7
    assert outcome.out == f"1 {run.uuid} 5 (5,0,0) 0.0\n"
    assert "the run continues: wait again" in outcome.error


def test_a_wrong_password_ends_with_3(manage: Manage) -> None:
    outcome = manage("-l", "-p", "wrong")
    assert outcome.status == 3
    assert "password" in outcome.error


def test_a_wrong_path_ends_with_1_and_tells_the_usual_one(manage: Manage, place: Place) -> None:
    outcome = manage("-l", "-b", place.url.replace("/api/", "/"), "-u", "me", "-p", "secret")
    assert outcome.status == 1
    assert "/api/" in outcome.error


def test_login_saves_a_token_that_later_commands_use(
    manage: Manage, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert manage.fine("--login").out == ""
    (saved,) = saved_logins(tmp_path)
    assert (saved["url"], saved["user"], saved["default"]) == (place.url, place.user, True)
    assert place.password not in json.dumps(saved)
    for name in place.environment:
        monkeypatch.delenv(name)
    assert manage.fine("-l").out == ""
    assert manage.fine("--whoami", "--json").document == {
        "taskfarm": 1,
        "mode": "whoami",
        "url": place.url,
        "user": place.user,
        "credentials": "saved login",
        "accepted": True,
    }


def test_login_in_json_holds_no_token(manage: Manage, place: Place) -> None:
    assert manage.fine("--login", "--json").document == {
        "taskfarm": 1,
        "mode": "login",
        "login": {"url": place.url, "user": place.user, "default": True},
    }


def test_login_with_a_wrong_password_saves_nothing(manage: Manage, tmp_path: Path) -> None:
    assert manage("--login", "-p", "wrong").status == 3
    assert not (tmp_path / "config").exists()


def test_login_replaces_the_saved_one(manage: Manage, tmp_path: Path) -> None:
    manage.fine("--login")
    manage.fine("--login")
    assert len(saved_logins(tmp_path)) == 1


def test_logout_forgets_the_token_and_says_that_it_goes_on_working(
    manage: Manage, tmp_path: Path
) -> None:
    manage.fine("--login")
    outcome = manage("--logout")
    assert (outcome.status, outcome.out) == (0, "")
    assert "cannot revoke" in outcome.error
    assert saved_logins(tmp_path) == []
    assert manage("--logout").status == 1


def test_logout_in_json(manage: Manage, place: Place) -> None:
    manage.fine("--login")
    assert manage("--logout", "--json").document == {
        "taskfarm": 1,
        "mode": "logout",
        "login": {"url": place.url, "user": place.user, "default": True},
    }


def test_whoami_prints_a_line_a_fact(manage: Manage, place: Place) -> None:
    assert manage.fine("--whoami").out == (
        f"url: {place.url}\nuser: {place.user}\ncredentials: environment\naccepted: yes\n"
    )
    assert "credentials: argument\n" in manage.fine("--whoami", f"--password={place.password}").out


def test_whoami_shows_refused_credentials_and_ends_with_3(manage: Manage) -> None:
    outcome = manage("--whoami", "-p", "wrong", "--json")
    assert outcome.status == 3
    assert outcome.document["accepted"] is False
    assert "password" in outcome.error


@pytest.mark.usefixtures("run")
def test_plain_is_what_a_pipe_gets(manage: Manage) -> None:
    assert manage.fine("-l", "--plain").out == manage.fine("-l").out

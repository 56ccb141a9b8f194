"""The command line of manageTF: what it may say, and what makes no sense there."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.manage.arguments import parse
from taskfarm_sdk.hidden import Hidden

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (("--list",), "list"),
        (("-l",), "list"),
        (("--info", UUID), "info"),
        (("-i", UUID), "info"),
        (("--reset", UUID), "reset"),
        (("-r", UUID), "reset"),
        (("--reset-all", UUID), "reset-all"),
        (("-R", UUID), "reset-all"),
        (("--delete", UUID), "delete"),
        (("-d", UUID), "delete"),
        (("--create", "3"), "create"),
        (("-n", "3"), "create"),
        (("--wait", UUID), "wait"),
        (("--watch", UUID), "watch"),
        (("-w", UUID), "watch"),
        (("--login",), "login"),
        (("--logout",), "logout"),
        (("--whoami",), "whoami"),
        ((UUID,), "info"),
        ((UUID, "-d"), "delete"),
        (("-b", "http://host.example/api/", UUID, "-i"), "info"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_options_choose_the_mode(words: tuple[str, ...], mode: str) -> None:
    arguments = parse(words)
    assert arguments.mode.name == mode
    assert arguments.uuid == (UUID if UUID in words else None)


@pytest.mark.parametrize(
    "words",
    [
        ("-b", "http://host.example/api/", "-u", "me", "-p", "secret"),
        ("--baseurl", "http://host.example/api/", "--user", "me", "--password", "secret"),
        ("--baseurl=http://host.example/api/", "--user=me", "--password=secret"),
        ("-bhttp://host.example/api/", "-ume", "-psecret"),
    ],
    ids=["short", "long", "long with =", "short in one word"],
)
def test_options_name_the_server_and_the_user(words: tuple[str, ...]) -> None:
    arguments = parse(("-l", *words))
    assert (arguments.baseurl, arguments.user) == ("http://host.example/api/", "me")
    assert arguments.password == Hidden("secret")


def test_a_dash_is_a_password_to_be_read_and_a_number_of_tasks_is_a_number() -> None:
    arguments = parse(("-p", "-", "-n", "12"))
    assert (arguments.password, arguments.num_tasks) == (Hidden("-"), 12)


@pytest.mark.parametrize(
    "words",
    [
        ("-w", "a", "b", "c"),
        ("a", "b", "c", "-w"),
        ("a", "-w", "b", "c"),
        ("-w", "a", "--timeout-s", "5", "b", "-u", "me", "c"),
        ("a", "-w", "--", "b", "c"),
    ],
)
def test_several_runs_may_stand_before_and_behind_options(words: tuple[str, ...]) -> None:
    assert parse(words).uuids == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param((), "no run UUID", id="nothing at all"),
        pytest.param(("-d",), "no run UUID", id="no uuid"),
        pytest.param(("-d", ""), "is empty", id="an empty uuid"),
        pytest.param(("-i", "  "), "is empty", id="a blank uuid"),
        pytest.param(("",), "is empty", id="an empty uuid alone"),
        pytest.param(("-l", UUID), "takes no run UUID", id="a uuid for the list"),
        pytest.param(("-n", "3", UUID), "takes no run UUID", id="a uuid for a new run"),
        pytest.param(("-l", "-i", UUID), "not allowed with", id="two modes"),
        pytest.param(("-n", "3", "-l"), "not allowed with", id="create and list"),
        pytest.param(("-l", "--json", "--plain"), "not allowed with", id="json and plain"),
        pytest.param(("-n", "0"), "at least 1", id="no tasks"),
        pytest.param(("-n", "-5"), "at least 1", id="fewer than no tasks"),
        pytest.param(("-n", "2.5"), "invalid whole number", id="half a task"),
        pytest.param(("-l", "--timeout-s", "5"), "--wait and --watch", id="no time for the list"),
        pytest.param(("-w", UUID, "--timeout-s", "0"), "greater than 0", id="no time"),
        pytest.param(
            ("-w", UUID, "--timeout-s", "nan"), "greater than 0", id="time is not a number"
        ),
        pytest.param(("-w", UUID, "--timeout-s", "soon"), "invalid number of", id="time as a word"),
        pytest.param(("--del", UUID), "unrecognized", id="a shortened option"),
        pytest.param(("-l", "-p"), "expected one argument", id="a password is missing"),
        pytest.param((UUID, UUID, "-d"), "--delete takes one run UUID, but 2", id="two uuids"),
        pytest.param(("-w",), "no run UUID", id="no uuid to watch"),
        pytest.param(("-w", UUID, ""), "UUID 2 of 2 is empty", id="an empty uuid among several"),
        pytest.param(("-w", UUID, "--unfinished"), "takes no run UUID", id="a uuid and all"),
        pytest.param((UUID, "--unfinished"), "is only valid with --list", id="all for --info"),
        pytest.param((UUID, "-d", UUID, "--wat"), "unrecognized arguments: --wat ", id="unknown"),
        pytest.param((UUID, "--map"), "--map is only valid with --tasks", id="a map of no tasks"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse(words)

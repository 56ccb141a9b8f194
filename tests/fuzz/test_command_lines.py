"""Any words end a command with a documented status and one line, without a secret, sending nothing.

`make fuzz` tries more and other words.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_cli.manage import arguments as of_manage
from taskfarm_cli.manage import main as manage
from taskfarm_cli.serve import arguments as of_serve
from taskfarm_cli.serve import main as serve
from taskfarm_cli.view import arguments as of_view
from taskfarm_cli.view import main as view
from taskfarm_cli.work import main as work
from taskfarm_cli.work.command_line import arguments as of_work
from tests.support.counted import COUNTED
from tests.support.fuzzing import budget, scene
from tests.support.fuzzing.scene import Ended
from tests.support.fuzzing.words import UUID, Words, command_lines, passwords
from tests.support.secrecy import PASSWORD

_PASSWORDS = [
    *passwords("--password", "-p", ["--pasword", "--pass", "--Password", "-P"]),
    ["-b", f"http://me:{PASSWORD}@h.invalid/api/"],
    ["-b", f"http://me:{PASSWORD}"],
    [f"--baseurl=http://h.invalid/?token={PASSWORD}#x"],
]
_DATABASES = [
    f"postgresql://me:{PASSWORD}@h.invalid/name",
    f"postgresql://me:{PASSWORD}@h.invalid",
    f"postgresql://me:{PASSWORD}@h.invalid:port/name",
    f"postgresql://h.invalid/name?password={PASSWORD}",
    f"mysql://me:{PASSWORD}@h.invalid/name",
    f"postgresql://me:{PASSWORD}",
]
_URL = ["-b", "http://h.invalid/api/"]


@attrs.frozen
class Command:
    """A command, and what its words are drawn from.

    Attributes:
        main: its main function.
        parser: makes its parser.
        whole: complete command lines.
        secrets: words of which one is a secret.
        ends: the exit statuses that it can end with before its action.
    """

    main: Callable[[Sequence[str]], int]
    parser: Callable[[], argparse.ArgumentParser]
    whole: list[Words]
    secrets: list[Words]
    ends: set[int]


_OK, _FAILED, _USAGE = ExitStatus.OK, ExitStatus.FAILED, ExitStatus.USAGE
COMMANDS = {
    "manageTF": Command(
        manage.main,
        of_manage.build_parser,
        [[UUID], ["-l"], ["-n", "3"], ["--report", "out.html", UUID], ["--whoami"], ["--logout"]],
        [*_PASSWORDS, ["-p", "-"], ["--login", "-u", "bob", "-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED},
    ),
    "workTF": Command(
        work.main,
        of_work.build_parser,
        [
            [UUID, "--", "true", "{}"],
            ["--create", "--num-tasks", "3", "--dry-run", "--", "true", "{item}"],
            ["--create", "--inputs", "inputs.txt", "--", "true", "{}"],
            ["--create", "--inputs", "items.json", "--dry-run", "--", "true", "{x}", "{y}"],
            ["--create", "--csv", "table.csv", "--dry-run", "--shell", "--", "true"],
            ["--create", "--grid", "x=1,2", "--chunk", "2", "--", "none", "{x}"],
            ["--slurm", "2", "--dry-run", UUID, "--", "true"],
            ["--join", "folder"],
            ["--show", "folder"],
        ],
        [*_PASSWORDS, ["-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED, 126, 127},
    ),
    "serveTF": Command(
        serve.main,
        of_serve.build_parser,
        [[], ["--data", "folder"], ["--list-users"], ["--add-user", "bob"], ["--rotate-key"]],
        [
            *(["--database-url", url] for url in _DATABASES),
            *passwords("--database-url", None, ["--database", "--databse-url", "-d"]),
        ],
        {_OK, _FAILED, _USAGE},
    ),
    "viewTF": Command(
        view.main,
        of_view.build_parser,
        [[], [UUID], ["--port", "0", "--allow-host", "page.invalid"]],
        [*_PASSWORDS, ["-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED},
    ),
}


@pytest.fixture
def _stubbed(tmp_path: Path) -> Iterator[None]:
    with scene.stubbed(tmp_path / "scene"):
        yield


def faults(name: str, ended: Ended) -> list[str]:
    """Return what is wrong with the end of a command."""
    told = ended.out + ended.err
    found = [f"shows {secret[:6]}…" for secret in scene.SECRETS if secret in told]
    if "Traceback" in told or "a bug in this program" in told:
        found.append("is a bug")
    if ended.status is not None and ended.status not in COMMANDS[name].ends:
        found.append(f"ends with {ended.status}")
    lines = ended.err.splitlines()
    if ended.status == _USAGE and not all(line.startswith(f"{name}: ") for line in lines):
        found.append("does not say why in lines of its own")
    if ended.status not in (None, _OK) and not lines:
        found.append("fails without a word")
    return found


@pytest.mark.usefixtures("_stubbed")
@pytest.mark.parametrize("name", COMMANDS)
def test_any_words_end_well(name: str, record_property: Callable[[str, object], None]) -> None:
    command, share = COMMANDS[name], budget.share(name)
    ends: set[int | None] = set()

    def case(words: Words) -> None:
        ended = scene.run(command.main, words)
        ends.add(ended.status)
        assert faults(name, ended) == [], ended

    strategy = command_lines(command.parser(), command.whole, command.secrets)
    count = budget.tried(share, strategy, case)
    record_property(COUNTED, ("fuzz cases", count))
    assert count >= share.cases
    # Else the words are all refused by the parser, and no check behind it is tried.
    assert ends >= {None, _OK, _USAGE}


@pytest.mark.usefixtures("_stubbed")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("manageTF", [*_URL, "--list"]),
        ("manageTF", [*_URL, UUID]),
        ("workTF", [*_URL, UUID, "--", "true"]),
        ("serveTF", ["--data", "data"]),
        ("serveTF", ["--remove-user", "bob"]),
        ("viewTF", _URL),
    ],
)
def test_sound_words_reach_the_action(name: str, words: Words) -> None:
    assert scene.run(COMMANDS[name].main, words) == Ended(None, "", "")


@pytest.mark.usefixtures("_stubbed")
@pytest.mark.parametrize(
    ("name", "words", "shown"),
    [
        ("manageTF", ["--list", "--pasword", PASSWORD], "--pasword"),
        ("manageTF", ["--list", f"--pass={PASSWORD}"], "--pass"),
        ("manageTF", ["--list", f"-P{PASSWORD}"], "-P"),
        ("workTF", [UUID, "--pasword", PASSWORD, "--", "true"], "--pasword"),
        ("workTF", ["--create", "--pasword", PASSWORD], "--pasword"),
        ("serveTF", ["--databse-url", PASSWORD], "--databse-url"),
        ("viewTF", ["--pasword", PASSWORD], "--pasword"),
    ],
)
def test_the_value_of_a_misspelt_option_is_not_shown(name: str, words: Words, shown: str) -> None:
    ended = scene.run(COMMANDS[name].main, words)
    assert ended.status == _USAGE
    assert f"unrecognized arguments: {shown} (" in ended.err
    assert PASSWORD not in ended.err


@pytest.mark.usefixtures("_stubbed")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--slurm", "2", "--time", "9" * 5_000], "is not a time limit"),
        (["--create", "--grid", f"x=0:{'9' * 5_000}"], "is no range of integers"),
        (["--create", "--grid", f"x=0:{'9' * 20}"], "more than 9,223,372,036,854,775,807 values"),
        (["--create", "--num-tasks", str(2**31), "--dry-run"], "at most 2,147,483,647 tasks"),
    ],
)
def test_a_number_too_large_is_refused(words: Words, said: str) -> None:
    run = [] if "--create" in words else [UUID]
    ended = scene.run(COMMANDS["workTF"].main, [*_URL, *words, *run, "--", "true"])
    assert ended.status == _USAGE
    assert said in ended.err

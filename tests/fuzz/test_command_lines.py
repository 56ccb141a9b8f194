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
from taskfarm_cli.work.command_line.parse import parse as parse_work
from taskfarm_cli.work.command_line.show_arguments import parse_show
from tests.support.counted import COUNTED
from tests.support.fuzzing import budget, scene
from tests.support.fuzzing.scene import Ended
from tests.support.fuzzing.words import UUID, Words, command_lines, passwords
from tests.support.secrecy import PASSWORD

pytestmark = pytest.mark.long

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
        parse: parses a line, with all checks of its words.
        whole: complete command lines.
        secrets: words of which one is a secret.
        ends: the exit statuses that it can end with before its action.
    """

    main: Callable[[Sequence[str]], int]
    parser: Callable[[], argparse.ArgumentParser]
    parse: Callable[[Words], object]
    whole: list[Words]
    secrets: list[Words]
    ends: set[int]


_OK, _FAILED, _USAGE = ExitStatus.OK, ExitStatus.FAILED, ExitStatus.USAGE
COMMANDS = {
    "manageTF": Command(
        manage.main,
        of_manage.build_parser,
        of_manage.parse,
        [
            *([UUID], ["-l"], ["-n", "3"], ["--report", "out.html", UUID], ["--whoami"]),
            *(["--logout"], ["--history"], ["--login", "-u", "bob", "-p", "-"]),
            *([mode, UUID] for mode in ("-r", "-R", "--reset-failed", "--repair", "--delete")),
            *(["--reset-task", "3,7-9", UUID], ["--tasks", UUID], ["--tasks", "--map", UUID]),
            *(["--wait", UUID, UUID[:6]], ["--watch", UUID], ["--watch", "--unfinished"]),
        ],
        [*_PASSWORDS, ["-p", "-"], ["--login", "-u", "bob", "-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED},
    ),
    "workTF": Command(
        work.main,
        of_work.build_parser,
        lambda words: parse_show(words) or parse_work(words),
        [
            [UUID, "--", "true", "{}"],
            ["--create", "--num-tasks", "3", "--dry-run", "--", "true", "{item}"],
            ["--create", "--inputs", "inputs.txt", "--", "true", "{}"],
            ["--create", "--inputs", "items.json", "--dry-run", "--", "true", "{x}", "{y}"],
            ["--create", "--csv", "table.csv", "--dry-run", "--shell", "--", "true"],
            ["--create", "--grid", "x=1,2", "--chunk", "2", "--", "none", "{x}"],
            ["--slurm", "2", "--dry-run", UUID, "--", "true"],
            ["--join", "results"],
            ["--show", "folder"],
            ["--show", "results"],
            ["--create", "--grid", "x=1,2", "--log", "missing", "--", "true", "{x}"],
        ],
        [*_PASSWORDS, ["-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED, ExitStatus.TASKS_FAILED, 126, 127},
    ),
    "serveTF": Command(
        serve.main,
        of_serve.build_parser,
        of_serve.parse,
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
        of_view.parse,
        [[], [UUID], ["--port", "0", "--allow-host", "page.invalid"], ["--version"]],
        [*_PASSWORDS, ["-p", "-"]],
        {_OK, _FAILED, _USAGE, ExitStatus.NOT_AUTHENTICATED},
    ),
}
# The statuses that a command may also end with where a server answers.
ANSWERED = {
    "manageTF": {ExitStatus.NO_SUCH_RUN, ExitStatus.TASKS_FAILED, ExitStatus.NOT_FINISHED},
    "workTF": {ExitStatus.NO_SUCH_RUN},
    "viewTF": {ExitStatus.NO_SUCH_RUN},
}
# An error is a few lines of a terminal; the longest help has 200.
MOST_TOLD = 2_000
MOST_PRINTED = 20_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with scene.stubbed(tmp_path / "scene"):
        yield tmp_path  # which all files are in


def faults(name: str, ended: Ended, ends: set[int]) -> list[str]:
    """Return what is wrong with the end of a command that may end with these statuses."""
    told = ended.out + ended.err
    found = [f"shows {secret[:6]}…" for secret in scene.SECRETS if secret in told]
    if "Traceback" in told or "a bug in this program" in told:
        found.append("is a bug")
    if ended.status is not None and ended.status not in ends:
        found.append(f"ends with {ended.status}")
    lines = ended.err.splitlines()
    if ended.status == _USAGE and not all(line.startswith(f"{name}: ") for line in lines):
        found.append("does not say why in lines of its own")
    if ended.status not in (None, _OK) and not lines:
        found.append("fails without a word")
    if ended.status == _USAGE and ended.out:
        found.append("prints what is no output")
    if not all(map(str.isprintable, lines)):
        found.append("writes controls")
    if len(ended.err) > MOST_TOLD or len(ended.out) > MOST_PRINTED:
        found.append(f"writes {len(told):,} characters")
    return found


def tried(
    name: str, place: Path, share: budget.Budget, ends: set[int]
) -> tuple[int, set[int | None]]:
    """Try a command with many words; return with how many, and with which statuses it ended."""
    command = COMMANDS[name]
    seen: set[int | None] = set()
    before = scene.files(place)

    def case(words: Words) -> None:
        ended = scene.run(command.main, words)
        now = scene.files(place)
        scene.restore(before, now)
        seen.add(ended.status)
        assert faults(name, ended, ends) == [], ended
        # A refused command leaves the folder as it was; what is shown may be of failed items.
        shown = ended.status == ExitStatus.TASKS_FAILED and "--show" in words
        acted = ended.status in (None, _OK) or shown
        assert acted or now == before, sorted(now - before)

    strategy = command_lines(command.parser(), command.parse, command.whole, command.secrets)
    return budget.tried(share, strategy, case), seen


@pytest.mark.parametrize("name", COMMANDS)
def test_any_words_end_well(
    name: str, record_property: Callable[[str, object], None], place: Path
) -> None:
    share = budget.share(name, 3, 4) if name in ANSWERED else budget.share(name)
    count, seen = tried(name, place, share, COMMANDS[name].ends)
    record_property(COUNTED, ("fuzz cases", count))
    assert count >= share.cases
    # Else the words are all refused by the parser, and no check behind it is tried.
    assert seen >= {None, _OK, _USAGE}


@pytest.mark.parametrize("name", ANSWERED)
def test_any_words_end_well_where_a_server_answers(
    name: str, record_property: Callable[[str, object], None], place: Path
) -> None:
    share = budget.share(name, 1, 4)
    with scene.answered():
        count, seen = tried(name, place, share, COMMANDS[name].ends | ANSWERED[name])
    record_property(COUNTED, ("fuzz cases", count))
    assert count >= share.cases
    assert seen >= {_OK, _USAGE}


@pytest.mark.usefixtures("place")
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


@pytest.mark.usefixtures("place")
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


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--slurm", "2", "--time", "9" * 5_000], "is not a time limit"),
        (["--create", "--grid", f"x=0:{'9' * 5_000}"], "is no range of integers"),
        (["--create", "--grid", f"x=0:{'9' * 20}"], "more than 9,223,372,036,854,775,807 values"),
        (["--create", "--num-tasks", str(2**31), "--dry-run"], "at most 2,147,483,647 tasks"),
        (["--retry-delay-s", "1e300"], "more than 1,000,000,000 s, which is 31 years"),
        (["--stop-after-s", "9" * 30], "more than 1,000,000,000 s, which is 31 years"),
    ],
)
def test_a_number_too_large_is_refused(words: Words, said: str) -> None:
    run = [] if "--create" in words else [UUID]
    ended = scene.run(COMMANDS["workTF"].main, [*_URL, *words, *run, "--", "true"])
    assert ended.status == _USAGE
    assert said in ended.err


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("manageTF", [f"--list={'9' * 5_000}"], "(manageTF --help lists the options)"),
        ("workTF", ["--create", "--csv", "9" * 5_000, "--", "true", "{x}"], "File name too long"),
    ],
)
def test_a_word_of_any_length_leaves_room_for_what_is_wrong(
    name: str, words: Words, said: str
) -> None:
    ended = scene.run(COMMANDS[name].main, words)
    assert ended.status == _USAGE
    assert ended.err.endswith(f"{said}\n")
    assert len(ended.err) <= MOST_TOLD


@pytest.mark.parametrize(
    "option", ["--log", "--results", "--journal", "--joblog"], ids=lambda option: option[2:]
)
def test_a_work_that_is_refused_leaves_no_folder_for_its_output(option: str, place: Path) -> None:
    before = scene.files(place)
    words = ["--create", "--grid", "x=1,2", option, "new", "-p", "secret", "--", "true", "{x}"]
    ended = scene.run(COMMANDS["workTF"].main, words)
    assert "a password needs a user" in ended.err
    assert scene.files(place) == before

"""The pages about the commands say what these do."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import pytest

import taskfarm_cli.work.command_line.arguments
import taskfarm_cli.work.main
from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_cli.manage import arguments
from taskfarm_cli.manage import main as manage
from taskfarm_cli.manage.modes import MODES
from taskfarm_cli.manage.output.documents import status_facts, task_facts
from taskfarm_cli.serve import main as serve
from taskfarm_cli.view import arguments as view_arguments
from taskfarm_cli.view import main as view
from taskfarm_sdk import RunStatus, TaskInfo
from tests.support.help_pages import COLUMNS, difference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGE = (REFERENCE / "manageTF.md").read_text(encoding="utf-8")


PROGRAMS = {
    "manageTF": manage.main,
    "serveTF": serve.main,
    "viewTF": view.main,
    "workTF": taskfarm_cli.work.main.main,
}


@pytest.mark.parametrize(("program", "main"), PROGRAMS.items())
def test_the_help_in_the_page_is_what_the_program_prints(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    main: Callable[[list[str]], int],
) -> None:
    monkeypatch.setenv("COLUMNS", COLUMNS)
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    page = (REFERENCE / f"{program}.md").read_text(encoding="utf-8")
    if shown := difference(page, program, printed):
        pytest.fail(f"the page's help is not what is printed:\n{shown}", pytrace=False)


def test_links_in_the_documents_lead_somewhere() -> None:
    folders = (ROOT / "docs", ROOT / "deploy")
    pages = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert links
    assert [(p.name, link) for p, link in links if not (p.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("program", "parser"),
    [
        ("manageTF", arguments.build_parser()),
        ("viewTF", view_arguments.build_parser()),
        ("workTF", taskfarm_cli.work.command_line.arguments.build_parser()),
    ],
)
def test_every_option_is_told_in_prose_too(program: str, parser: ArgumentParser) -> None:
    page = (REFERENCE / f"{program}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    options = {option for action in parser._actions for option in action.option_strings}
    assert {o for o in options if not re.search(rf"`[^`]*{o}(?![\w-])[^`]*`", prose)} == set()


def test_every_exit_status_is_told() -> None:
    told = {int(status) for status in re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)}
    assert told == set(ExitStatus)


def test_every_mode_and_key_of_the_json_is_told() -> None:
    status = RunStatus(num_tasks=1, waiting=1, computing=0, done=0, failed=None, percent_done=0.0)
    task = TaskInfo(number=0, state="waiting")
    names = {mode.name for mode in MODES} | {"taskfarm", "mode"}
    names |= set(status_facts(status)) | set(task_facts(task))
    json_part = PAGE[PAGE.index("### JSON") :]
    assert {name for name in names if f"`{name}`" not in json_part} == set()

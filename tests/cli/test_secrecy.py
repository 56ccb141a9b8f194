"""What a command knows after its words were read: no text of it holds the password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.pretty import pretty_repr

from taskfarm_cli.manage.arguments import parse as manage
from taskfarm_cli.serve.arguments import parse as serve
from taskfarm_cli.view.arguments import parse as view
from taskfarm_cli.work.command_line.parse import parse as work
from tests.support.secrecy import PASSWORD, texts_that_hold

UUID = "0" * 32
DATABASE = f"postgresql://me:{PASSWORD}@h/n"
WAYS = {"apart": ["-p", PASSWORD], "joined": [f"-p{PASSWORD}"], "long": [f"--password={PASSWORD}"]}
COMMANDS: dict[str, tuple[Callable[[list[str]], object], list[str]]] = {
    "manageTF": (manage, [UUID]),
    "viewTF": (view, []),
    "workTF": (work, [UUID, "--", "true"]),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize(("parse", "words"), COMMANDS.values(), ids=COMMANDS.keys())
def test_no_text_of_a_parsed_command_line_holds_the_password(
    parse: Callable[[list[str]], object], words: list[str], way: list[str]
) -> None:
    options = parse([*way, *words])
    assert texts_that_hold(options, [PASSWORD]) == []
    assert PASSWORD not in pretty_repr(options)


def test_no_text_of_servetfs_command_line_holds_the_databases_password() -> None:
    options = serve(["--database-url", DATABASE])
    assert texts_that_hold(options, [PASSWORD]) == []
    assert PASSWORD not in pretty_repr(options)


def test_a_short_option_before_p_hides_the_password_too() -> None:
    options = work(["--create", "--inputs", "in", "-0p", PASSWORD, "--", "true"])
    assert options.password is not None
    assert texts_that_hold(options, [PASSWORD]) == []
    assert PASSWORD not in pretty_repr(options)

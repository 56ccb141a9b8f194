"""The options of `workTF --show DIR`."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.show_arguments import ShowOptions, parse_show


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--show", "out"], ShowOptions("out")),
        (["--show=out", "--tag"], ShowOptions("out", tag=True)),
        (["--item", "0", "--show", "out", "--tag"], ShowOptions("out", item=0, tag=True)),
        (["--show", "out", "--failed"], ShowOptions("out", failed=True)),
        (["--csv", "t.csv", "--show", "out"], ShowOptions("out", csv="t.csv")),
    ],
)
def test_what_is_to_be_shown_is_read(words: list[str], options: ShowOptions) -> None:
    assert parse_show(words) == options


@pytest.mark.parametrize(
    "words",
    [
        ["0" * 32, "--", "echo", "--show", "--failed"],
        ["--create", "--csv", "sites.csv", "--", "true"],
        ["--show", "out", "--help"],
        [],
    ],
)
def test_where_nothing_is_to_be_shown_the_words_are_for_others(words: list[str]) -> None:
    assert parse_show(words) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--show"], "expected one argument"),
        (["--show", "out", "--item", "-1"], "--item"),
        (["--show", "out", "--item", "x"], "invalid whole number value: 'x'"),
        (["--show", "out", "--item", "1", "--failed"], "at most one of --item, --failed, --csv"),
        (["--show", "out", "--failed", "--csv", "x"], "at most one of"),
        (["--show", "out", "--failed", "--tag"], "--tag does not go with"),
        (["--show", "out", "0" * 32], "takes only"),
        (["--show", "out", "--", "true"], "takes only"),
        (["--failed", "0" * 32, "--", "true"], "--item and --failed go with --show DIR"),
        (["--item=3", "0" * 32, "--", "true"], "--item and --failed go with --show DIR"),
    ],
)
def test_what_does_not_go_with_it_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_show(words)
    assert said in str(raised.value)


def test_a_password_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(UsageError) as raised:
        parse_show(["--show", "out", "-psecret", "-p", "secret"])
    assert "secret" not in str(raised.value)

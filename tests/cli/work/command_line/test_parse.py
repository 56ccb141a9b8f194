"""The words before the command, where argparse does not tell them as they were written."""

from __future__ import annotations

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.parse import _is_before_run, parse

UUID = "0" * 32


@pytest.mark.parametrize(
    ("unknown", "words", "is_before"),
    [
        ("-z", ["-z", UUID], True),
        ("-z", [UUID, "-z"], False),
        # What Python 3.13 tells of the word -0z.
        ("-z", ["-0z", UUID], True),
        ("-z", ["-0z", f"--after={UUID}"], True),
        ("z", ["z", UUID], False),
    ],
)
def test_an_option_that_argparse_cut_out_of_a_word_is_unknown(
    unknown: str, words: list[str], *, is_before: bool
) -> None:
    assert _is_before_run(unknown, words, UUID) == is_before


def test_short_options_in_one_word_of_which_one_is_unknown_are_refused() -> None:
    with pytest.raises(UsageError):
        parse(["-0z", UUID, "--", "echo"])

"""Strategies for command lines: options and values from the parsers, and words that are neither."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from taskfarm_cli.common.exit_status import UsageError
from tests.support.secrecy import PASSWORD

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"
Words = list[str]

# Whatever an argument of a process can be but a path elsewhere: no NUL, no slash; bytes that are
# not UTF-8 become the low surrogates.
_CHARACTERS = st.characters(exclude_characters="\0/", exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]
)
# As the scene's folder has them; the others are nowhere.
FILES = (
    *("inputs.txt", "bytes.bin", "items.json", "table.csv", "empty", "folder", "missing"),
    *("jobs", "results", "journal"),
)
_NUMBERS = ("0", "1", "3", "-1", "07", "2.5", "1e3", "1e400", "nan", "inf", "9" * 30, "9" * 5_000)
_ODD_NUMBERS = ("٣", "1_000", "0x10", "+2", " 4 ", "", "-", "--", "³", "1e-400")
_RUNS = (UUID, UUID[:6], UUID[:5], f"{UUID[:8]}-{UUID[8:]}", UUID.upper(), "12", "g" * 32, "  ")
_TASKS = ("3,7-9", "9-7", "3,", "1-99999999999", ",")
_STATES = ("waiting", "failed", "lost")
_URLS = (
    *("http://h.invalid/api/", "https://[::1]:5/", "http://h.invalid:0/", "ftp://h/", "http://"),
    *("http://h.invalid:99999/", "http://h?x=1", "http://..", "http://\u0130.invalid", "h:5000"),
    *("http://[::1", "http://1.2.3.400/", "HTTP://H.INVALID", "http://h.invalid:port/"),
)
_PLACES = ("{}", "{input}", "{x}", "{{", "{.}", "{//}", "{#}", "{%}", "{task}", "$TASKFARM_INPUT")
_INPUTS = ("x=1,2", "x=0:3", f"x=0:{'9' * 40}", f"x={'9' * 5_000}:0", "x=", "=1", "x", "x=1:0:0")
_GLOBS = ("*.txt", "**", "[", "*\udcff", "none*")
_TIMES = ("90", "2:00:00", "1-12", "UNLIMITED", "1:2:3:4", f"{'9' * 5_000}", "1-", "٣")
_OF_SBATCH = ("--mem=4G", "-J x", "--array=1", "'", "--signal=TERM", "x", "-t", "--export=A=\ud83d")
_NAMES = ("bob", "a:b", "b" * 40, "127.0.0.1", "::1", "page.invalid", "true", "-", "~", ".", "..")
VALUES: tuple[str, ...] = (
    *FILES, *_NUMBERS, *_ODD_NUMBERS, *_RUNS, *_TASKS, *_STATES, *_URLS, *_PLACES, *_INPUTS,
    *_GLOBS, *_TIMES, *_OF_SBATCH, *_NAMES,
)  # fmt: skip
# What an option of any text takes behind the parser; by its first name.
_SOUND: dict[str, tuple[str, ...]] = {
    "-b": ("http://h.invalid/api/", "https://[::1]:5/", "HTTP://H.INVALID"),
    "-u": ("bob",),
    "-p": ("-",),
    "--after": (UUID, UUID[:6]),
    "--csv": ("table.csv", "inputs.txt"),
    "--data": ("data", "folder"),
    "--database-url": ("postgresql://me@h.invalid/name",),
    "--glob": ("*.txt", "**"),
    "--grid": ("x=1,2", "x=0:3", "y=a,b"),
    "--host": ("127.0.0.1", "::1", "0.0.0.0"),
    "--inputs": ("inputs.txt", "items.json", "-"),
    "--jobs-file": ("jobs", "missing"),
    "--joblog": ("missing", "empty"),
    "--journal": ("journal", "missing"),
    "--log": ("missing", "folder"),
    "--name": ("bob", "page.invalid"),
    "--on-end": ("true", "true x"),
    "--on-failure": ("true", "true x"),
    "--results": ("results", "folder", "missing"),
    "--user": ("bob",),
}
values: SearchStrategy[str] = st.sampled_from(VALUES) | st.text(_CHARACTERS, max_size=12)


Parse = Callable[[Words], object]


def command_lines(
    parser: argparse.ArgumentParser,
    parse: Parse,
    whole: Sequence[Words],
    secrets: Sequence[Words],
) -> SearchStrategy[Words]:
    """Return a strategy for the words of a command.

    A half of the lines have options that go with the rest, so that most pass the parser; some of
    these have one odd piece. The others have anything.

    Args:
        parser: its parser, from which the options are taken.
        parse: parses a line; raises UsageError for one that is wrong.
        whole: command lines that are complete; pieces are put before most of them.
        secrets: words of which one is a secret, of which some lines have one.
    """
    pieces = st.lists(_pieces(parser), max_size=4)
    secret: SearchStrategy[Words] = st.just([]) | st.sampled_from(list(secrets))
    anything = st.builds(
        _joined, secret, pieces, st.sampled_from(list(whole)) | st.lists(values, max_size=3)
    )
    nothing: SearchStrategy[Words] = st.just([])
    right = [
        st.builds(
            _joined,
            nothing | nothing | _pieces(parser) | secret,
            st.lists(_one_of(fitting), max_size=3) if fitting else st.just([]),
            st.just(line),
        )
        for line in whole
        for fitting in [_fitting(parser, parse, line)]
    ]
    return anything | st.one_of(right)


def _joined(first: Words, pieces: Sequence[Words], rest: Words) -> Words:
    return [*first, *(word for piece in pieces for word in piece), *rest]


def _one_of(options: Iterable[list[Words]]) -> SearchStrategy[Words]:
    """Return a strategy for an option, each as often as another, with one of its values."""
    return st.one_of([st.sampled_from(pieces) for pieces in options])


def _fitting(parser: argparse.ArgumentParser, parse: Parse, line: Words) -> list[list[Words]]:
    """Return, for each option with which a complete line is right, itself with sound values."""
    sound = [
        [[option, value] for value in _SOUND[option]]
        if (option := pieces[0][0]) in _SOUND
        else pieces
        for pieces in _right(parser)
    ]
    return [
        pieces for pieces in sound if any(_is_right(parse, [*piece, *line]) for piece in pieces[:3])
    ]


def _is_right(parse: Parse, words: Words) -> bool:
    try:
        parse(words)
    except (UsageError, SystemExit):
        return False
    return True


def passwords(option: str, short: str | None, misspelt: Sequence[str]) -> list[Words]:
    """Return the ways to give a password by an option, rightly and misspelt."""
    found = [[option, PASSWORD], [f"{option}={PASSWORD}"]]
    for wrong in misspelt:
        found += [[wrong, PASSWORD], [f"{wrong}={PASSWORD}"]]
    if short is not None:
        found += [[short, PASSWORD], [f"{short}{PASSWORD}"], [short, PASSWORD, short, PASSWORD]]
    return found


def _pieces(parser: argparse.ArgumentParser) -> SearchStrategy[Words]:
    known = [option for action in parser._actions for option in action.option_strings]
    options = st.sampled_from(known)
    long = st.sampled_from([option for option in known if option.startswith("--")])
    return st.one_of(
        options.map(lambda option: [option]),
        st.tuples(options, values).map(list),
        _with_value(parser),
        st.builds(lambda option, value: [f"{option}={value}"], long, values),
        st.builds(lambda option, value: [f"{option}{value}"], options, values),
        values.map(lambda value: [value]),
        st.builds(_misspelt, long, st.integers(0, 3)),
        st.sampled_from([["--"], ["-"], [""], [":::", "a", "b"], [":::"], ["::::", "a"]]),
    )


def _with_value(parser: argparse.ArgumentParser) -> SearchStrategy[Words]:
    """Return options with a value that they take, if they take one."""
    return _one_of(_right(parser))


def _right(parser: argparse.ArgumentParser) -> Iterator[list[Words]]:
    """Yield, for each option, itself with each value that it takes."""
    for action in parser._actions:
        option = action.option_strings[0] if action.option_strings else None
        if option is None or option in ("-h", "--help", "--version"):
            continue
        if action.nargs == 0:
            yield [[option]]
        elif found := [[option, value] for value in VALUES if _converts(action, value)]:
            yield found


def _converts(action: argparse.Action, value: str) -> bool:
    convert = action.type if callable(action.type) else str
    try:
        converted = convert(value)
    except (argparse.ArgumentTypeError, UsageError, ValueError):
        return False
    return action.choices is None or converted in action.choices


def _misspelt(option: str, how: int) -> Words:
    return [(option[:-1], f"{option}s", option.upper(), f"-{option}")[how]]

"""Options that may be passed on to sbatch beside those that `--slurm` sets itself."""

from __future__ import annotations

import argparse
import itertools
import shlex
from collections.abc import Sequence

# Options of sbatch that would break what --slurm does, and why.
_TAKEN = {
    "array": "--slurm N makes the array",
    "chdir": "change to that folder first: the workers run where workTF does",
    "clusters": "set SLURM_CLUSTERS, which squeue and scancel see too",
    "help": "it submits nothing",
    "job-name": "--keep finds the workers of a run by their job name",
    "open-mode": "a requeued worker appends to its output file",
    "parsable": "--slurm sets it already",
    "quiet": "the job's id would not be printed",
    "test-only": "it submits nothing; --dry-run shows the script",
    "usage": "it submits nothing",
    "version": "it submits nothing",
    "wait": "--keep waits for the run, and a job with --dependency for the array",
    "wrap": "the command follows --",
}
_SHORT = {
    "D": "chdir",
    "J": "job-name",
    "M": "clusters",
    "Q": "quiet",
    "V": "version",
    "W": "wait",
    "a": "array",
    "h": "help",
}
_SHORT_WITHOUT_VALUE = "hHIkOQsuvVW"
_SECRETS = ("TASKFARM_PASSWORD", "TASKFARM_TOKEN")


def sbatch_words(text: str) -> tuple[str, ...]:
    """Return the words of --sbatch-args.

    Raises:
        ArgumentTypeError: they cannot be split, or would break what --slurm does.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}".lower()) from error
    before = "--x=y"
    for word in words:
        fault = _fault(word, before)
        if fault is not None:
            raise argparse.ArgumentTypeError(fault)
        before = word
    return tuple(words)


def value_of(words: Sequence[str], option: str, letter: str) -> str | None:
    """Return the value that words of sbatch give an option, or None.

    Args:
        words: the words, as `sbatch_words` returns them.
        option: the option's name, at least as long as what abbreviates it.
        letter: its short name.
    """
    found: str | None = None
    for word, following in itertools.pairwise((*words, "")):
        name, equals, value = word.partition("=")
        if len(name) > len("--") and f"--{option}".startswith(name):
            found = value if equals else following
        elif not word.startswith("--") and (at := _place_of(letter, word)):
            found = word[at + 1 :] or following
    return found


def _place_of(letter: str, word: str) -> int:
    """Return where a word gives a short option, or 0."""
    for at, each in enumerate(word[1:], 1) if word.startswith("-") else ():
        if each == letter:
            return at
        if each not in _SHORT_WITHOUT_VALUE:
            break
    return 0


def _fault(word: str, before: str) -> str | None:
    """Return why a word cannot be given to sbatch, or None."""
    if any(end in word for end in "\n\r\0"):
        return f"{word!r} contains a line break, at which sbatch stops reading"
    if any(secret in word for secret in _SECRETS):
        return "a password or token on a command line can be seen: the workers read the saved login"
    if word.startswith("-") and word != "-":
        return _fault_of_option(word)
    # The value of the option before it, or else the name of a script.
    if _may_want_value(before):
        return None
    return f"{word!r} is not an option, and workTF writes the script itself"


def _fault_of_option(word: str) -> str | None:
    for name in _names(word):
        if name in _TAKEN:
            return f"{word!r} does not go with --slurm: {_TAKEN[name]}"
    option, _, value = word.partition("=")
    if option == "--signal" and not value.upper().startswith("B:"):
        return f"{word!r} would not reach workTF: write --signal=B:TERM@60"
    return None


def _names(word: str) -> list[str]:
    """Return the options that a word gives, those that it abbreviates too."""
    if word.startswith("--"):
        given = word[2:].partition("=")[0]
        return [name for name in _TAKEN if given and name.startswith(given)]
    found: list[str] = []
    for letter in word[1:]:
        found += [_SHORT[letter]] if letter in _SHORT else []
        if letter not in _SHORT_WITHOUT_VALUE:
            break
    return found


def _may_want_value(option: str) -> bool:
    """Whether the word behind an option may be its value."""
    if option.startswith("--"):
        return "=" not in option
    letters = option[1:] if option.startswith("-") else ""
    # What follows a letter that takes a value is its value.
    with_value = [at for at, letter in enumerate(letters) if letter not in _SHORT_WITHOUT_VALUE]
    return bool(with_value) and with_value[0] == len(letters) - 1

"""Failures grouped by their cause, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from taskfarm_cli.outcomes.attempt import MOST_MESSAGE

# Causes beyond so many are counted together.
MOST_CAUSES = 200
MOST_NAMED = 10
# Of a longer message the beginning says what it is about.
MOST_SHOWN = 300
# As much of a message as an attempt keeps.
_MOST_KEPT = MOST_MESSAGE
# What workTF adds to a cause: it differs with each task.
_PLACE = re.compile(r"; its (?:input|output): ")
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+(?:[.,]\d+)*", re.IGNORECASE)


@attrs.define
class Cause:
    """Failures that differ in nothing but numbers and inputs.

    Attributes:
        example: the first line of the message of the first one, without its input.
        text: the whole message, with a traceback if there is one; cut off after some thousands of
            characters.
        count: how many there are.
        where: the first tasks or items, each once.
    """

    example: str
    text: str
    count: int = 0
    where: list[int] = attrs.field(factory=list[int])


class Causes:
    """Groups failures as they come."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int | None], Cause] = {}
        self.others = 0

    def add(self, where: int, message: str, exit_status: int | None = None) -> None:
        """Count a failure.

        Args:
            where: its task or item.
            message: what it says.
            exit_status: the command's, if there was one: others are other causes.
        """
        text = cause_of(message)
        key = _NUMBERS.sub("#", text), exit_status
        cause = self._found.get(key)
        if cause is None:
            if len(self._found) == MOST_CAUSES:
                self.others += 1
                return
            cause = self._found[key] = Cause(text, message[:_MOST_KEPT].strip())
        cause.count += 1
        if len(cause.where) < MOST_NAMED and where not in cause.where:
            cause.where.append(where)

    def most_frequent(self) -> Sequence[Cause]:
        """Return the causes, the most frequent first."""
        return sorted(self._found.values(), key=lambda cause: -cause.count)


def cause_of(message: str) -> str:
    """Return the first line of a message, shortened, and without the input that it names."""
    line = message[:_MOST_KEPT].strip().partition("\n")[0]
    text = " ".join(_PLACE.split(line, maxsplit=1)[0].split())
    if not text:
        return "no message"
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"

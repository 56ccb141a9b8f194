"""All that a tool could show of an error: texts, tracebacks with local variables, attributes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rich.pretty import pretty_repr

from tests.support.secrecy import told_by

# Their frames hold the secrets that they use.
TESTS = str(Path(__file__).parents[1])
DEEP = 5


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all behind it, shown by Python or not."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left += [one for one in (each.__cause__, each.__context__) if one is not None]
        if isinstance(each, BaseExceptionGroup):
            left += each.exceptions


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an error and of all behind it, without those of tests."""
    for each in chain_of(error):
        trace = each.__traceback__
        while trace is not None:
            if not trace.tb_frame.f_code.co_filename.startswith(TESTS):
                yield trace.tb_frame
            trace = trace.tb_next


def shown_with_locals(error: BaseException) -> str:
    """Return all that an error says, with the local variables of all frames.

    The variables are shown by their repr, and as rich shows them, which looks into containers and
    objects of attrs whatever their repr is.
    """
    texts = [told_by(error)]
    for frame in frames_of(error):
        for name, value in frame.f_locals.items():
            where = f"{frame.f_code.co_qualname}: {name} = "
            texts += [where + repr(value), where + pretty_repr(value, max_depth=DEEP)]
    return "\n".join(texts)


def forms_of(user: str, password: str) -> list[str]:
    """Return a secret as it is, and as it is sent."""
    header = base64.b64encode(f"{user}:{password}".encode()).decode()
    return [password or user, header.rstrip("=")]


def lines_that_show(text: str, secrets: list[str]) -> list[str]:
    """Return the lines that contain one of the secrets."""
    return [line for line in text.splitlines() if any(secret in line for secret in secrets)]

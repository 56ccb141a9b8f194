"""All texts in which a secret could come to light, gathered as one."""

from __future__ import annotations

import pickle
import pprint
import traceback
from collections.abc import Iterable
from contextlib import suppress

# Random looks, nobody's: what must not show up where texts are made.
PASSWORD = "hunter2-Xq7Zp"
TOKEN = "token-Vb9Rk-of-nobody"


def told_by(error: BaseException) -> str:
    """Return all that an error and those behind it say: texts, reprs, attributes, traceback."""
    texts = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    behind: list[BaseException | None] = [error]
    while behind:
        one = behind.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        behind += [one.__cause__, one.__context__]
    return "\n".join(texts)


def texts_that_hold(thing: object, secrets: Iterable[str]) -> list[str]:
    """Return the texts of a thing, and of its copy by pickle, that hold one of the secrets."""
    things = [thing]
    with suppress(Exception):  # not everything travels
        things.append(pickle.loads(pickle.dumps(thing)))
    texts = [
        text
        for one in things
        for text in (repr(one), str(one), f"{one}", f"{[one]}", pprint.pformat([one]))
    ]
    wanted = tuple(secrets)
    return [text for text in texts if any(secret in text for secret in wanted)]

"""The rule that the names of runs keep: no shell runs one, and none is taken for a UUID."""

from __future__ import annotations

import re

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError

# No shell expands or runs a word of these characters, or takes it for an option.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
# A UUID may be written with dashes, and its beginning is enough for reading.
_MAY_BEGIN_UUID = re.compile(r"[0-9A-Fa-f-]*")


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a run: no shell runs it, and no UUID begins so."""
    return _NAME.fullmatch(text) is not None and _MAY_BEGIN_UUID.fullmatch(text) is None


def check_name(text: str) -> str:
    """Return a name that was chosen for a run.

    Raises:
        ConfigurationError: it cannot be one.
    """
    _validation.require_text("name", text)
    if is_name(text):
        return text
    if _NAME.fullmatch(text):
        raise ConfigurationError(
            f"{text!r} cannot be the name of a run, because a UUID could begin so: add a letter "
            "from g to z, '.' or '_'"
        )
    raise ConfigurationError(
        f"{text!r} cannot be the name of a run: a name is a letter and at most 63 more letters, "
        "digits, '.', '_' and '-', all of them ASCII"
    )

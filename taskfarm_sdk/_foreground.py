"""The terminal's foreground: who may draw where somebody types."""

from __future__ import annotations

import os


def is_in_foreground(stream: object) -> bool:
    """Return whether what this process draws on a terminal disturbs nobody who types there.

    A shell gives its terminal to one job at a time. A job in the background (`workTF … &`) shares
    the line in which the next command is typed.

    Args:
        stream: the terminal. One that is not this process's own counts as the foreground.
    """
    fileno = getattr(stream, "fileno", None)
    if fileno is None or not hasattr(os, "tcgetpgrp"):
        return True
    try:
        return os.tcgetpgrp(fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return True

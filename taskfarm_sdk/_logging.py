"""The log of the SDK."""

from __future__ import annotations

import logging

log = logging.getLogger("taskfarm_sdk")
# Without a handler, Python prints warnings to stderr; the SDK prints nothing but what `warn_aloud`
# is for.
log.addHandler(logging.NullHandler())


def warn_aloud(text: str) -> None:
    """Log a warning, which goes to stderr where the program has set up no logging.

    For what a user must see to know why nothing happens.
    """
    log.warning("%s", text)
    if log.isEnabledFor(logging.WARNING) and not _is_heard() and logging.lastResort is not None:
        name = f"{log.name}: {text}"
        logging.lastResort.handle(log.makeRecord(log.name, logging.WARNING, "", 0, name, (), None))


def _is_heard() -> bool:
    logger: logging.Logger | None = log
    while logger is not None:
        if not all(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False

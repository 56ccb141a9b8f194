"""The log of the SDK."""

from __future__ import annotations

import logging

log = logging.getLogger("taskfarm_sdk")
# Without it Python prints warnings of a program that set up no logging, and the SDK prints nothing.
log.addHandler(logging.NullHandler())

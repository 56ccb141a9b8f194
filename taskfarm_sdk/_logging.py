"""The log of the SDK."""

from __future__ import annotations

import logging

log = logging.getLogger("taskfarm_sdk")
# Without a handler, Python prints warnings to stderr; the SDK prints nothing by itself.
log.addHandler(logging.NullHandler())

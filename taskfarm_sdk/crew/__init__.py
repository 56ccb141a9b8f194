"""Child processes that compute while this one talks to the server: what run.work and workTF share.

A `Crew` keeps several slots busy with tasks of one worker. A `Group` is a child process together
with all that it starts, and ends as a whole, even if this process is killed.
"""

from __future__ import annotations

from taskfarm_sdk._deadline import Deadline
from taskfarm_sdk.crew.endings import TOLD_WITHIN_S, how_it_ended, may_be_asked
from taskfarm_sdk.crew.groups import Group, plain_environment
from taskfarm_sdk.crew.slots import Crew

__all__ = [
    "TOLD_WITHIN_S",
    "Crew",
    "Deadline",
    "Group",
    "how_it_ended",
    "may_be_asked",
    "plain_environment",
]

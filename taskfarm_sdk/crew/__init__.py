"""Child processes that compute while this one talks to the server: what run.work and workTF share.

A `Crew` keeps several slots busy with tasks of one worker. A `Group` is a child process together
with all that it starts, and ends as a whole, even if this process is killed.
"""

from __future__ import annotations

from taskfarm_sdk.crew.groups import Group
from taskfarm_sdk.crew.slots import Crew

__all__ = ["Crew", "Group"]

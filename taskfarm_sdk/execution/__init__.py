"""Child processes that compute while this one talks to the server, for run.work and workTF.

A `Dispatcher` keeps several slots busy with tasks of one worker, and settles each task by the
`Outcome` of its attempt. A `Group` is a child process
together with all that it starts, and ends as a whole, even if this process is killed.
"""

from __future__ import annotations

from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk._processes.exit_status import (
    TOLD_WITHIN_S,
    how_it_ended,
    may_be_asked,
    why_it_ended,
)
from taskfarm_sdk._processes.groups import GONE_AFTER_S, Group, plain_environment
from taskfarm_sdk._processes.limits import OpenFiles, raise_open_files
from taskfarm_sdk._processes.threads import with_threads
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk.execution.dispatcher import Dispatcher
from taskfarm_sdk.execution.outcome import Completed, Failed, Outcome, Released

__all__ = [
    "GONE_AFTER_S",
    "TOLD_WITHIN_S",
    "Completed",
    "Deadline",
    "Dispatcher",
    "Failed",
    "Group",
    "OpenFiles",
    "Outcome",
    "Released",
    "how_it_ended",
    "may_be_asked",
    "plain_environment",
    "raise_open_files",
    "usable_cpus",
    "why_it_ended",
    "with_threads",
]

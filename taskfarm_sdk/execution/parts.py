"""Child processes that compute while this one talks to the server, for run.work and workTF.

A `Dispatcher` keeps several slots busy with tasks of one worker, and settles each task by the
`Outcome` of its attempt. A `Group` is a child process together with all
that it starts, and ends as a whole, even if this process is killed. `Jobs` is how many tasks are
computed at a time, where that changes during the work. Where a task is a chunk of items,
`in_order`, `is_hopeless` and `ChunkPosition` are the rules of an attempt.
"""

from __future__ import annotations

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk._processes.exit_status import (
    TOLD_WITHIN_S,
    how_it_ended,
    may_be_asked,
    why_it_ended,
)
from taskfarm_sdk._processes.groups import GONE_AFTER_S, Group, plain_environment
from taskfarm_sdk._processes.limits import OpenFiles, raise_open_files
from taskfarm_sdk._processes.mounts import is_shared
from taskfarm_sdk._processes.naming import name_first
from taskfarm_sdk._processes.threads import with_threads
from taskfarm_sdk._results.network import FolderLike, Patience, wait_until_seen
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk.execution.attempt_plan import in_order, is_hopeless
from taskfarm_sdk.execution.attempt_plan import reason as reason_of_chunk
from taskfarm_sdk.execution.chunk_position import ChunkPosition
from taskfarm_sdk.execution.dispatcher import Dispatcher
from taskfarm_sdk.execution.jobs import Jobs, Resized
from taskfarm_sdk.execution.outcome import Completed, Failed, Outcome, Released
from taskfarm_sdk.worker import done_tasks, reopen_cut_short, reopen_tasks, worker_of_chunks

__all__ = [
    "GONE_AFTER_S",
    "TOLD_WITHIN_S",
    "Caught",
    "ChunkPosition",
    "Completed",
    "Deadline",
    "Dispatcher",
    "Failed",
    "FolderLike",
    "Group",
    "Jobs",
    "OpenFiles",
    "Outcome",
    "Patience",
    "Released",
    "Resized",
    "done_tasks",
    "how_it_ended",
    "in_order",
    "is_hopeless",
    "is_shared",
    "may_be_asked",
    "name_first",
    "plain_environment",
    "raise_open_files",
    "reason_of_chunk",
    "reopen_cut_short",
    "reopen_tasks",
    "usable_cpus",
    "wait_until_seen",
    "why_it_ended",
    "with_threads",
    "worker_of_chunks",
]

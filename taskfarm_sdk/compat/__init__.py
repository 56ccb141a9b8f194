"""The API of taskfarm-worker on this SDK: change the import, and the program runs.

```python
from taskfarm_sdk.compat import TaskFarmWorker  # was: from taskfarm_worker import TaskFarmWorker

worker = TaskFarmWorker("me", secret, uuid)
for task in worker.tasks:
    compute(task)
    worker.update(100)
    worker.done()
```

Names, arguments, attributes that ask the server, and errors (`RuntimeError`, `ValueError`) are
those of taskfarm-worker 0.4.0, and percentages are written as they are given, without a lease.
`docs/how-to/move-from-taskfarm-worker.md` explains the next steps. Differences:

- **Outages are waited through.** Each request is retried where that is safe: for 10 minutes by a
  worker, for one minute otherwise. A progress report that fails is dropped, with a line in the log
  of `taskfarm_sdk`, because `done()` writes the 100 again; all other failures raise.
- **A broken run**: where the server cannot hand out what is left, a worker raises `RuntimeError`
  as before, but not where a 500 only means that nothing is left.
- **Reading a task never makes it.** One that nobody has asked for yet reads as waiting at 0.0,
  which is what the server would answer after making it, out of turn, and breaking the run. The
  `id` of such a task is None, for it has none. Finding out takes up to seven requests, once for
  all tasks that exist by then; the task at hand is read with one.
- **Writing to a task that nobody has asked for yet** makes those before it first, in turn, with a
  request for each: the run stays sound. Do it before workers start: where the server answers
  several requests at once, as on PostgreSQL, a task could else be made twice.
- **What could only do harm is refused** before it is sent: a number of tasks that is none
  (`ValueError`), `nan` for a percentage (`ValueError`), None for a percentage or status
  (`RuntimeError`).
- `done()` writes exactly 100 where the last update was within 1e-6 of it.
- Errors of the connection are a `RuntimeError` that is an `OSError` too, as those of requests
  were; each error has the SDK's own for its cause. The base URL may lack its last slash, and
  uuids may have dashes; a URL with a user or password in it is refused (`ValueError`).
- Without a user and password (None for both), the environment or the login saved by
  `manageTF --login` is used. There are no default ones here.
- There is no `session`, for there is no requests below; `token_auth` and `url()` go with any HTTP
  library. Authorities of your own are named in SSL_CERT_FILE, and redirections are not followed.
"""

from __future__ import annotations

from taskfarm_sdk.compat._client import TaskFarm, tfRuns
from taskfarm_sdk.compat._worker import TaskFarmWorker

__all__ = ["TaskFarm", "TaskFarmWorker", "tfRuns"]

# The release of taskfarm-worker whose behaviour this is, for programs that look.
__version__ = "0.4.0"

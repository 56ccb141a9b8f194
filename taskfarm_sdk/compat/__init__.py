"""The API of taskfarm-worker on this SDK: programs change only their import.

```python
from taskfarm_sdk.compat import TaskFarmWorker  # was: from taskfarm_worker import TaskFarmWorker

worker = TaskFarmWorker("me", secret, uuid)
for task in worker.tasks:
    compute(task)
    worker.update(100)
    worker.done()
```

Names, arguments, attributes that send requests, and errors (`RuntimeError`, `ValueError`) are
those of taskfarm-worker 0.4.0; percentages are written unchanged, without a lease.
`docs/how-to/move-from-taskfarm-worker.md` explains the next steps. Differences:

- **Outages are waited through.** Each request is retried if that is safe: for 10 minutes by a
  worker, otherwise for one minute. A failed progress report is dropped and logged (logger
  `taskfarm_sdk`), because `done()` writes the 100 again; all other failures raise.
- **Broken runs**: if the server cannot hand out the remaining tasks, a worker raises
  `RuntimeError` as before, but not if a 500 only means that no task is left.
- **Reading a task never creates it.** A task that was not handed out yet reads as waiting at 0.0.
  The server would answer the same after creating it out of turn, which breaks the run. The `id`
  of such a task is None. Finding out takes up to seven requests, once for all tasks that exist by
  then; the current task is read with one.
- **Writing to a task that was not handed out yet** first creates those before it, in order, with
  one request each, so that the run does not break. Do it before workers start: a server that
  answers several requests at once, as on PostgreSQL, could otherwise create a task twice.
- **Harmful values are refused** before anything is sent: an invalid number of tasks
  (`ValueError`), `nan` as a percentage (`ValueError`), None as a percentage or status
  (`RuntimeError`).
- `done()` writes exactly 100 if the last update was within 1e-6 of it.
- Connection errors are both a `RuntimeError` and an `OSError`, as those of requests were; the
  cause of each error is the SDK's own. The base URL may lack its last slash, and uuids may
  contain dashes; a URL that contains a user or password is refused (`ValueError`).
- Without user and password (None for both), the environment or the login saved by
  `manageTF --login` is used. There are no default credentials.
- There is no `session`, because this does not use requests; use `token_auth` and `url()` with any
  HTTP library. Name your own certificate authorities in SSL_CERT_FILE; redirections are not
  followed.
"""

from __future__ import annotations

from taskfarm_sdk.compat._client import TaskFarm, TokenAuth, tfRuns
from taskfarm_sdk.compat._worker import TaskFarmWorker

__all__ = ["TaskFarm", "TaskFarmWorker", "TokenAuth", "tfRuns"]

# The release of taskfarm-worker with this behaviour, for programs that check it.
__version__ = "0.4.0"

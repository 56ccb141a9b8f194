"""The steering of one workTF: what it waits for, what it runs at the end, and its jobs' file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.work import jobs_file
from taskfarm_cli.work.after import After
from taskfarm_cli.work.hooks import Hooks

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options


@attrs.frozen
class Steering:
    """What was asked for beside the work itself, checked without the server.

    Attributes:
        after: the runs to wait for.
        hooks: the commands to run when the run is finished.
    """

    after: After
    hooks: Hooks

    @classmethod
    def of(cls, options: Options) -> Steering:
        """Return the steering of a command line.

        Raises:
            UsageError: an option is wrong.
            CommandError: there is no such program.
        """
        if options.jobs_file is not None:
            jobs_file.check(options.jobs_file)
        after = After(options.after, options.baseurl)
        # The commands are the same whatever comes before them.
        return cls(After(()) if options.dry_run else after, Hooks.of(options))

    def __bool__(self) -> bool:
        """Whether anything comes before or after the work."""
        return bool(self.after) or bool(self.hooks)

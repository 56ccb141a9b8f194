"""The plan of a workTF: what it runs, with which inputs, and how. Made once, and never changed."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import attrs

from taskfarm_cli.common.connection_options import GIVE_UP_IN_THE_MIDDLE_AFTER_S
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.work import inputs as items
from taskfarm_cli.work.template import Job, Template


@attrs.frozen(kw_only=True)
class Options:
    """The options of a command line that makes sense, as `parse` returns them.

    Attributes:
        baseurl: the API's URL, or None for what the settings say.
        user: the user, or None.
        password: the password, "-" for the first line of stdin, or None.
        uuid: the run's UUID as it was given; None with `create`.
        command: the words behind `--`.
        create: whether to make a run.
        new: whether to make one even if an unfinished one of the same work is there.
        num_tasks: how many tasks the new run gets where there are no inputs.
        inputs: the file of the inputs, "-" for stdin, or None.
        nul: whether NUL bytes separate the inputs.
        shell: whether a shell runs the command.
        jobs: how many commands run at a time; None for what this machine gives.
        threads_per_task: how many threads each may use; None for its share of the CPUs.
        timeout_s: how long one attempt may take, or None.
        grace_s: from being asked to end until a command is killed.
        max_attempts: after how many attempts a task has failed for good.
        halt_after: after how many failures in a row to stop.
        linger: whether to stay while others compute.
        linger_s: for how long at most, with nothing to do.
        unleased_after_s: after how long a task that showed no sign of life is taken over; None
            for what fits the run.
        stop_after_s: after how long to end, or None.
        max_tasks: how many tasks to take at most, or None.
        batch: whether an end that was planned is a success.
        dry_run: whether to print the commands only.
        tag: whether each line of output begins with the task's number.
        line_buffer: whether output is passed on line by line, as it comes.
        results: the folder for a folder of output a task, or None.
        log: the folder for one file of all output, or None.
        joblog: the file for a line an attempt, or None.
        journal: the folder for the journal, or None.
        slurm: how many workers to submit, or None for working here.
        time: Slurm's time limit of each, or None for the partition's own.
        sbatch_args: more options of sbatch's.
        keep: whether to stay and replace workers that end.
        cancel_on_exit: whether to cancel them when workTF ends before the run.
        allow_loopback: whether the nodes may be sent to a server on themselves.
        resume: the options of a command line that continues the run, without its UUID.
    """

    baseurl: str | None
    user: str | None
    password: str | None = attrs.field(repr=False)
    uuid: str | None
    command: tuple[str, ...]
    create: bool
    new: bool
    num_tasks: int | None
    inputs: str | None
    nul: bool
    shell: bool
    jobs: int | None
    threads_per_task: int | None
    timeout_s: float | None
    grace_s: float
    max_attempts: int
    halt_after: int
    linger: bool
    linger_s: float | None
    unleased_after_s: float | None
    stop_after_s: float | None
    max_tasks: int | None
    batch: bool
    dry_run: bool
    tag: bool
    line_buffer: bool
    results: str | None
    log: str | None
    joblog: str | None
    journal: str | None
    slurm: int | None
    time: str | None
    sbatch_args: tuple[str, ...]
    keep: bool
    cancel_on_exit: bool
    allow_loopback: bool
    resume: tuple[str, ...] = ()

    @property
    def patience_s(self) -> float:
        """For how long a request is tried while the server is away."""
        return GIVE_UP_IN_THE_MIDDLE_AFTER_S


@attrs.frozen
class Plan:
    """What one workTF does.

    Attributes:
        options: what was asked for.
        name: the run's name, or None for a run that is yet to be made.
        inputs: the tasks' inputs, or None where they have none.
        template: makes the tasks' commands.
    """

    options: Options
    name: RunName | None
    inputs: Sequence[str] | None = attrs.field(repr=False)
    template: Template

    @classmethod
    def of(cls, options: Options) -> Plan:
        """Make the plan: read the inputs, and check what can be checked without the server.

        Raises:
            UsageError: it makes no sense.
        """
        name = None if options.uuid is None else RunName(options.uuid, whole=True)
        inputs = _inputs(options)
        template = Template(options.command, shell=options.shell, has_inputs=inputs is not None)
        return cls(options, name, inputs, template)

    @property
    def num_tasks(self) -> int:
        """How many tasks a new run gets."""
        return self.options.num_tasks or 0 if self.inputs is None else len(self.inputs)

    def job(self, task: int, slot: int) -> Job:
        """Return what a task's command is made for, in a slot."""
        return Job(task, None if self.inputs is None else self.inputs[task], slot)


def _inputs(options: Options) -> Sequence[str] | None:
    source = options.inputs
    if source is None:
        return None
    if options.slurm is not None and not _is_file(source):
        raise UsageError(f"{source} is no file that the nodes could read: put the inputs into one")
    return tuple(items.load(source, nul=options.nul))


def _is_file(name: str) -> bool:
    try:
        return stat.S_ISREG(Path(name).stat().st_mode)
    except OSError:
        return True  # what is wrong with it, reading it tells

"""The immutable plan of one workTF: its options, run, inputs and command template."""

from __future__ import annotations

import stat
from pathlib import Path

import attrs

from taskfarm_cli.common import new_name
from taskfarm_cli.common.connection_options import GIVE_UP_IN_THE_MIDDLE_AFTER_S
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.run_name import RunName
from taskfarm_cli.work.sources.inputs import Inputs
from taskfarm_cli.work.sources.load import Asked, load
from taskfarm_cli.work.template import Job, Template
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden


@attrs.frozen(kw_only=True)
class Options:
    """The options of a valid command line, as `parse` returns them.

    Attributes:
        baseurl: the API's URL, or None for what the settings say.
        user: the user, or None.
        password: the password, "-" for the first line of stdin, or None.
        uuid: the run's UUID or name as it was given; None with `create`.
        command: the words behind `--`; none with `join`.
        join: the results folder to compute the open items of, or None.
        retry_failed: where a folder decides which items are open, whether those that failed are
            tried again if the run is finished.
        create: whether to create a run.
        new: whether to create one even if an unfinished one of the same work exists.
        num_tasks: the new run's number of tasks, if there are no inputs.
        name: the new run's name, or None.
        inputs: the file of the inputs, "-" for stdin, or None.
        nul: whether NUL bytes separate the inputs.
        csv: the file of the inputs' table, "-" for stdin, or None.
        grid: the definitions of a grid of inputs.
        glob: the patterns of the names of files that are inputs.
        values: the words of each `:::`.
        chunk: how many items a task has at most, or None.
        shell: whether a shell runs the command.
        jobs: how many commands run at a time; None for the number of usable CPUs.
        jobs_file: the file that says how many, or None.
        threads_per_task: how many threads each may use; None for its share of the CPUs.
        timeout_s: how long one attempt may take, or None.
        grace_s: the time from asking a command to end until killing it.
        max_attempts: after how many attempts a task has failed for good.
        retry_delay_s: how long a failed task is held back while others wait.
        halt_after: after how many failures in a row to stop.
        linger: whether to stay while others compute.
        linger_s: how long to stay without work, at most.
        unleased_after_s: after how long a task without a heartbeat is taken over; None for the
            run's default.
        stop_after_s: after how long to end, or None.
        max_tasks: how many tasks to compute at most, or None.
        batch: whether a planned end is a success.
        after: the runs to wait for, as they were given.
        on_end: the command to run when the run is finished, or None.
        on_failure: the command to run then if tasks failed, or None.
        dry_run: whether to print the commands only.
        tag: whether each line of output begins with the task's number.
        line_buffer: whether output is passed on line by line, as it comes.
        results: the folder for one folder of output per task, or None.
        log: the folder for one file of all output, or None.
        joblog: the file for one line per attempt, or None.
        journal: the folder for the journal, or None.
        slurm: how many workers to submit, or None to work on this machine.
        time: Slurm's time limit of each, or None for the partition's own.
        sbatch_args: more options for sbatch.
        keep: whether to stay and replace workers that end.
        cancel_on_exit: whether to cancel them when workTF ends before the run.
        allow_loopback: whether the server may be at localhost.
        resume: the options of a command line that continues the run, without its UUID.
    """

    baseurl: str | None
    user: str | None
    password: Hidden[str] | None = attrs.field(repr=False)
    uuid: str | None
    command: tuple[str, ...]
    join: str | None
    retry_failed: bool
    create: bool
    new: bool
    num_tasks: int | None
    name: str | None
    inputs: str | None
    nul: bool
    csv: str | None
    grid: tuple[str, ...]
    glob: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    chunk: int | None
    shell: bool
    jobs: int | None
    jobs_file: str | None
    threads_per_task: int | None
    timeout_s: float | None
    grace_s: float
    max_attempts: int
    retry_delay_s: float
    halt_after: int
    linger: bool
    linger_s: float | None
    unleased_after_s: float | None
    stop_after_s: float | None
    max_tasks: int | None
    batch: bool
    after: tuple[str, ...]
    on_end: str | None
    on_failure: str | None
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
    def asked(self) -> Asked:
        """What was said of the inputs."""
        return Asked(self.inputs, self.nul, self.csv, self.grid, self.glob, self.values)

    @property
    def kept_in(self) -> str | None:
        """The folder that output is kept in, or None."""
        return self.log if self.results is None else self.results

    @property
    def patience_s(self) -> float:
        """How long a request is retried while the server is not reachable."""
        return GIVE_UP_IN_THE_MIDDLE_AFTER_S


@attrs.frozen
class Plan:
    """The plan of one workTF.

    Attributes:
        options: what was asked for.
        name: which run it is; None for a new run.
        inputs: the items' inputs, or None where they have none.
        template: makes the items' commands.
        chunk: how many items each task has; the last may have fewer. For a run that is there,
            `of_run` finds it out.
        knows_items: whether something tells how many items a task has. Without inputs, a run that
            another created may be of tasks, or of chunks of its inputs.
    """

    options: Options
    name: RunName | None
    inputs: Inputs | None = attrs.field(repr=False)
    template: Template
    chunk: int = 1
    knows_items: bool = True

    @classmethod
    def of(cls, options: Options) -> Plan:
        """Make the plan: read the inputs, and check what can be checked without the server.

        Raises:
            UsageError: the inputs or the command are invalid.
        """
        name = None if options.uuid is None else RunName(options.uuid, whole=True)
        new_name.check(options.name)
        _check_files(options)
        inputs = load(options.asked)
        template = Template(
            options.command,
            shell=options.shell,
            has_inputs=inputs is not None,
            columns=None if inputs is None else inputs.columns,
        )
        if inputs is not None:
            made = cls(options, name, inputs, template)
            return made._of_chunks(_cut(len(inputs), options.chunk))
        is_told = name is None or options.chunk is not None
        return cls(options, name, None, template, knows_items=is_told)

    @property
    def num_items(self) -> int:
        """How many items a new run gets."""
        return self.options.num_tasks or 0 if self.inputs is None else len(self.inputs)

    @property
    def num_tasks(self) -> int:
        """How many tasks a new run gets."""
        return -(-self.num_items // self.chunk)

    def chunks(self, num_tasks: int) -> Chunks:
        """Return which items each task of a run has; without inputs, each task is an item.

        Args:
            num_tasks: the run's number of tasks.

        Raises:
            ConfigurationError: the inputs cannot be cut into this many chunks.
        """
        return Chunks(num_tasks if self.inputs is None else len(self.inputs), num_tasks)

    @property
    def options_of_workers(self) -> Options:
        """The options for workTFs on other machines, which may not see how the run was created."""
        if self.chunk == 1 and (self.inputs is not None or not self.knows_items):
            return self.options
        return attrs.evolve(self.options, chunk=self.chunk)

    def of_run(self, num_tasks: int) -> Plan:
        """Return the plan for a run of so many tasks: with the size of its chunks.

        Raises:
            ConfigurationError: the inputs cannot be cut into this many chunks.
            UsageError: the command does not go with several items in a task.
        """
        return self._of_chunks(self.chunks(num_tasks))

    def job(self, item: int, slot: int) -> Job:
        """Return what an item's command is made for, in a slot."""
        task = item // self.chunk
        if self.inputs is None:
            return Job(task, item, None, {}, slot, self.knows_items)
        text, values = self.inputs.at(item)
        return Job(task, item, text, values, slot)

    def _of_chunks(self, chunks: Chunks) -> Plan:
        if chunks.size > 1:
            self.template.check_several()
        return attrs.evolve(self, chunk=chunks.size)


def _cut(items: int, chunk: int | None) -> Chunks:
    try:
        return Chunks.cut(items, chunk or 1)
    except ConfigurationError as error:
        raise UsageError(f"{error} (--chunk)") from None


def _check_files(options: Options) -> None:
    """Refuse files of inputs that the nodes of a cluster cannot read."""
    if options.slurm is None:
        return
    for file in (options.inputs, options.csv):
        if file is not None and not _is_file(file):
            raise UsageError(f"the nodes cannot read {file}: put the inputs into a regular file")


def _is_file(name: str) -> bool:
    try:
        return stat.S_ISREG(Path(name).stat().st_mode)
    except OSError:
        return True  # reading it reports the error

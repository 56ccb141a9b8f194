"""Parse the command line of workTF, and refuse options that contradict each other."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import Words, command_line, unrecognized
from taskfarm_cli.common.text import shell_words
from taskfarm_cli.work.command_line.arguments import FROM_STDIN, PROGRAM, build_parser
from taskfarm_cli.work.command_line.input_arguments import VALUES, split_values, words_of
from taskfarm_cli.work.command_line.resume_words import words_to_resume
from taskfarm_cli.work.command_line.slurm_arguments import COARSE_S, lead_s, limit_s
from taskfarm_sdk.hidden import Hidden, Veil

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options


def parse(argv: Words = None) -> Options:
    """Return the options of a command line.

    Args:
        argv: the words after the program's name; None for those of this process.

    Raises:
        UsageError: the command line is invalid.
        SystemExit: the help or the version was requested, and printed.
    """
    words = command_line(argv)
    del argv
    with Veil():
        options = _options(words.reveal())
    if options.join is None:
        _check_run(options)
    _check_together(options)
    _check_slurm(options)
    _check_steering(options)
    return options


def _options(words: Sequence[str]) -> Options:
    at = words.index("--") if "--" in words else len(words)
    before, values = _split(words[:at])
    namespace = _parsed(_joined(before), has_command=at < len(words))
    command = tuple(words[at + 1 :])
    if namespace.join is not None:
        return _joining(namespace, has_command=at < len(words), has_values=bool(values))
    if not command or not command[0]:
        raise UsageError(f"no command was given: {PROGRAM} [options] UUID -- COMMAND [ARG...]")
    from taskfarm_cli.work.plan import Options

    given = _without_run(before, namespace.uuid)
    resume = (*words_to_resume(given, namespace.password), *words_of(values))
    return Options(command=command, values=values, resume=resume, **vars(namespace))


def _without_run(words: Sequence[str], run: str | None) -> Sequence[str]:
    """Return the words without the run's, although an option may have the same value."""
    for at, word in enumerate(words):
        rest = [*words[:at], *words[at + 1 :]]
        if word == run and (words.count(run) == 1 or not _names_run(rest)):
            return rest
    return words


def _names_run(words: Sequence[str]) -> bool:
    try:
        namespace, _ = build_parser().parse_known_args(_joined(words))
    except UsageError:  # it is the value of an option that was left out
        return True
    return namespace.uuid is not None


def _split(words: Sequence[str]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Return the words of options, and the values of each `:::`."""
    try:
        return split_values(words)
    except ValueError as error:
        raise UsageError(
            f"{error} is not known here: write ::: VALUE..., or --inputs FILE for those of a file"
        ) from None


# What goes with --join, beside the connection.
_OF_JOIN = (
    {"join", "jobs", "threads_per_task", "grace_s", "max_attempts", "halt_after"}
    | {"linger", "linger_s", "unleased_after_s", "batch", "journal"}
    | {"baseurl", "user", "password", "retry_failed"}
    | {"jobs_file", "retry_delay_s", "after", "on_end", "on_failure"}
)
_OF_JOIN_ON_SLURM = {
    *("slurm", "time", "sbatch_args", "keep", "cancel_on_exit", "allow_loopback", "dry_run")
}


def _joining(namespace: Namespace, *, has_command: bool, has_values: bool) -> Options:
    """Return the options of `--join`, and refuse those of commands."""
    if has_values:
        raise UsageError("::: does not go with --join: the folder knows its items")
    if has_command or namespace.uuid is not None:
        raise UsageError(
            "--join takes neither a UUID nor a command: the folder knows its run and its function"
        )
    known = _OF_JOIN | (_OF_JOIN_ON_SLURM if namespace.slurm is not None else set[str]())
    if namespace.on_end is not None or namespace.on_failure is not None:
        # It says how their commands are to be read.
        known |= {"shell"}
    usual = vars(build_parser().parse_args([]))
    for name, value in vars(namespace).items():
        if name not in known and value != usual[name]:
            option = {"nul": "-0"}.get(name, "--" + name.replace("_", "-"))
            raise UsageError(f"{option} does not go with --join, which runs no commands")
    from taskfarm_cli.work.plan import Options

    return Options(command=(), values=(), **vars(namespace))


def _parsed(words: Sequence[str], *, has_command: bool) -> Namespace:
    """Parse the words before `--`, and explain a command that begins without it."""
    parser = build_parser()
    namespace, rest = parser.parse_known_args(words)
    if rest and _is_before_run(rest[0], words, namespace.uuid):
        # Its value was taken for the run's UUID, and may be a password.
        parser.error(unrecognized(rest))
    if namespace.create and namespace.uuid is not None and not has_command:
        rest = [namespace.uuid, *rest]
    if rest and not rest[0].startswith("-"):
        # Only its first word: the options behind it may contain a password.
        begin = shell_words(rest[:1])
        run = "--create --inputs FILE" if namespace.create else "UUID"
        raise UsageError(
            f"the command must follow --, which is missing before {begin}: write `{PROGRAM} "
            f"[options] {run} -- {begin} ...`"
        )
    if rest:
        parser.error(unrecognized(rest))
    return namespace


def _is_before_run(unknown: str, words: Sequence[str], uuid: str | None) -> bool:
    """Return whether an unknown option precedes what was taken for the run's UUID."""
    if not unknown.startswith("-") or uuid is None:
        return False
    # Of short options in one word, argparse may return a part (Python 3.13), with its own dash.
    at = words.index(unknown) if unknown in words else -1
    return uuid not in words or at < words.index(uuid)


def _joined(words: Sequence[str]) -> list[str]:
    """Join --sbatch-args and its value, which argparse would take for another option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--sbatch-args":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _check_run(options: Options) -> None:
    if options.create:
        if options.uuid is not None:
            raise UsageError("--create creates a new run: give either --create or a UUID")
        _check_created(options)
        return
    if options.uuid is None or not options.uuid.strip():
        raise UsageError(
            "no run UUID was given: `manageTF --list` lists the runs, --create creates one (is a "
            "shell variable unset?)"
        )
    if options.new or options.num_tasks is not None or options.name is not None:
        raise UsageError("--new, --num-tasks and --name go with --create")


def _sources(options: Options) -> list[str]:
    """Return the options given that name inputs."""
    given = {
        "--inputs": options.inputs is not None,
        "--csv": options.csv is not None,
        "--grid": bool(options.grid),
        "--glob": bool(options.glob),
        ":::": bool(options.values),
    }
    return [option for option, is_given in given.items() if is_given]


def _check_created(options: Options) -> None:
    if bool(_sources(options)) == (options.num_tasks is None):
        return
    behind = VALUES in options.command and not _sources(options)
    raise UsageError(
        "--create needs either --inputs FILE (one task for each input) or --num-tasks N; inputs "
        "can also come from --csv FILE, --grid NAME=VALUES, --glob PATTERN or ::: VALUE..."
        + (", which stands before the --" if behind else "")
    )


def _check_inputs(options: Options) -> None:
    sources = _sources(options)
    if len(sources) > 1:
        raise UsageError(f"{' and '.join(sources)} do not go together: inputs have one source")
    if options.nul and options.inputs is None:
        raise UsageError("-0 goes with --inputs")
    # Without inputs, 1 says that each task is an item.
    if options.chunk in (None, 1) or sources:
        return
    if options.num_tasks is not None:
        raise UsageError(
            f"--chunk divides inputs, and --num-tasks has none: write --grid i=0:"
            f"{options.num_tasks} in its place, and {{i}} for the number"
        )
    raise UsageError("--chunk goes with the inputs that it divides: give those of the run too")


def _check_together(options: Options) -> None:
    _check_inputs(options)
    if not options.retry_failed and options.join is None and options.kept_in is None:
        raise UsageError("--no-retry-failed goes with --join FOLDER, --results DIR or --log DIR")
    if FROM_STDIN in (options.inputs, options.csv) and options.password == Hidden(FROM_STDIN):
        raise UsageError("cannot read both the inputs and the password from stdin")
    if options.linger_s is not None and not options.linger:
        raise UsageError("--linger-s does not go with --no-linger")
    if options.kept_in is not None and (options.tag or options.line_buffer):
        raise UsageError("--tag and --line-buffer do not go with --results or --log")


def _check_slurm(options: Options) -> None:
    if options.slurm is None:
        for given, option in (
            (options.time, "--time"),
            (options.sbatch_args, "--sbatch-args"),
            (options.keep, "--keep"),
            (options.cancel_on_exit, "--cancel-on-exit"),
            (options.allow_loopback, "--allow-loopback"),
        ):
            if given:
                raise UsageError(f"{option} goes with --slurm N")
        return
    if options.password is not None:
        raise UsageError(
            "--slurm takes no password: the workers read the saved login, so log in once with "
            "`manageTF --login -u USER`"
        )
    if FROM_STDIN in (options.inputs, options.csv):
        raise UsageError(
            "the nodes cannot read this stdin: put the inputs into a file that they can read"
        )
    if options.cancel_on_exit and not options.keep:
        raise UsageError("--cancel-on-exit goes with --keep: without it workTF ends at once")
    if options.keep and options.linger_s is not None:
        raise UsageError("--linger-s does not go with --keep: its workers end when no task waits")
    shortest_s = lead_s(options.grace_s) + 2 * COARSE_S
    if options.time is not None and limit_s(options.time) < shortest_s:
        raise UsageError(
            f"--time {options.time} is too short: the last minutes are reserved for ending "
            f"commands, so give at least {math.ceil(shortest_s / 60)} minutes"
        )


def _check_steering(options: Options) -> None:
    if options.slurm is None or options.keep:
        return
    for given, option in ((options.on_end, "--on-end"), (options.on_failure, "--on-failure")):
        if given is not None:
            raise UsageError(
                f"{option} goes with --slurm only where --keep is: without it workTF ends long "
                "before the run does"
            )

"""The command line of workTF as a whole: what its options say, refused where they contradict."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.command_line.arguments import (
    FROM_STDIN,
    PROGRAM,
    Arguments,
    build_parser,
)
from taskfarm_cli.work.command_line.slurm_arguments import COARSE_S, lead_s, limit_s


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Return what a command line says.

    Args:
        argv: the words after the program's name; None for those of this process.

    Raises:
        UsageError: it makes no sense.
        SystemExit: it asked for the help or the version, which was printed.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    at = words.index("--") if "--" in words else len(words)
    arguments = build_parser().parse_args(_joined(words[:at]), namespace=Arguments())
    arguments.command = tuple(words[at + 1 :])
    if not arguments.command or not arguments.command[0]:
        raise UsageError(f"no command was given: {PROGRAM} [options] UUID -- COMMAND [ARG...]")
    _check_run(arguments)
    _check_together(arguments)
    _check_slurm(arguments)
    return arguments


def _joined(words: Sequence[str]) -> list[str]:
    """Join --sbatch-args and its value, which argparse would take for an option of ours."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--sbatch-args":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _check_run(arguments: Arguments) -> None:
    if arguments.create:
        if arguments.uuid is not None:
            raise UsageError("--create makes a run of its own: give no UUID, or not --create")
        if (arguments.inputs is None) == (arguments.num_tasks is None):
            raise UsageError(
                "--create takes either --inputs FILE, a task for each input, or --num-tasks N"
            )
        return
    if arguments.uuid is None or not arguments.uuid.strip():
        raise UsageError(
            "no run UUID was given: manageTF --list shows the runs, --create makes one (is a shell "
            "variable unset?)"
        )
    if arguments.new or arguments.num_tasks is not None:
        raise UsageError("--new and --num-tasks go with --create")


def _check_together(arguments: Arguments) -> None:
    if arguments.nul and arguments.inputs is None:
        raise UsageError("-0 goes with --inputs")
    if FROM_STDIN == arguments.inputs == arguments.password:
        raise UsageError("stdin cannot give both the inputs and the password")
    if arguments.linger_s is not None and not arguments.linger:
        raise UsageError("--linger-s goes without --no-linger")
    kept = arguments.results is not None or arguments.log is not None
    if kept and (arguments.tag or arguments.line_buffer):
        raise UsageError("--tag and --line-buffer are for output that no --results or --log keeps")


def _check_slurm(arguments: Arguments) -> None:
    if arguments.slurm is None:
        for given, option in (
            (arguments.time, "--time"),
            (arguments.sbatch_args, "--sbatch-args"),
            (arguments.keep, "--keep"),
            (arguments.cancel_on_exit, "--cancel-on-exit"),
            (arguments.allow_loopback, "--allow-loopback"),
        ):
            if given:
                raise UsageError(f"{option} goes with --slurm N")
        return
    if arguments.password is not None:
        raise UsageError(
            "--slurm takes no password: the workers read the saved login, so log in once with "
            "manageTF --login"
        )
    if arguments.inputs == "-":
        raise UsageError(
            "the nodes cannot read this stdin: put the inputs into a file that they see too"
        )
    if arguments.cancel_on_exit and not arguments.keep:
        raise UsageError("--cancel-on-exit goes with --keep: without it workTF ends at once")
    if arguments.keep and arguments.linger_s is not None:
        raise UsageError(
            "--linger-s does not go with --keep, whose workers leave when nothing waits"
        )
    shortest_s = lead_s(arguments.grace_s) + 2 * COARSE_S
    if arguments.time is not None and limit_s(arguments.time) < shortest_s:
        raise UsageError(
            f"--time {arguments.time} leaves no time to work: the last minutes are for ending "
            f"well, so give at least {math.ceil(shortest_s / 60)} minutes"
        )

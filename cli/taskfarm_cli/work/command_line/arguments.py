"""The command line of workTF. It imports neither the SDK nor attrs, so --help is quick."""

from __future__ import annotations

import argparse

from taskfarm_cli.common.connection_options import add_connection
from taskfarm_cli.common.parser import (
    Parser,
    add_version_and_help,
    number,
    number_of_tasks,
    seconds,
    seconds_or_none,
)
from taskfarm_cli.work.command_line.input_arguments import add_inputs
from taskfarm_cli.work.command_line.show_arguments import add_show
from taskfarm_cli.work.command_line.slurm_arguments import add_slurm
from taskfarm_cli.work.command_line.steering_arguments import add_steering

PROGRAM = "workTF"
FROM_STDIN = "-"

_DESCRIPTION = """\
Run a command for each task of a run, several at a time. Exit status 0 completes a task; any other
is a failed attempt. Stays until the run is finished, and takes over the tasks of lost workers."""

_EPILOG = """\
In each word of the command, replaced once:
  {item}   the item's number, from 0; without --chunk that of its task
  {task}   the task's number, from 0
  {input}  the item's input: a line, a name, or a JSON object of all columns
  {NAME}   the value of the input's column NAME; {{ is a brace where there are columns
  {}       the input, or the item's number if there are no inputs
  {.}      the same as {} without its extension
  {/}      its last part
  {//}     its folder
  {/.}     its last part without the extension
  {#}      the item's number, from 1
  {%}      the job slot, from 1

The command's environment holds TASKFARM_TASK, TASKFARM_NUM_TASKS, TASKFARM_ITEM, TASKFARM_RUN,
TASKFARM_ATTEMPT, TASKFARM_PERCENT (reported by an earlier attempt), TASKFARM_INPUT,
TASKFARM_IN_NAME for each column NAME, and TASKFARM_PROGRESS_FILE: a file to which it may write its
percentage, 0 to 100. Its stdin is empty.

exit status:
  0      success
  1      failed
  2      wrong usage
  3      not authenticated
  4      no such run
  5      tasks failed
  6      server not reachable
  7      ended by a limit (0 with --batch)
  126    the command cannot be executed
  127    there is no such program
  128+n  ended by signal n, 130 by Ctrl-C; running tasks were released (0 with --batch)
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of workTF's command line, up to the command."""
    parser = Parser(
        PROGRAM,
        usage=f"{PROGRAM} [options] UUID -- COMMAND [ARG...]\n"
        f"       {PROGRAM} [options] --create --inputs FILE -- COMMAND [ARG...]\n"
        f"       {PROGRAM} [options] --create ::: VALUE... -- COMMAND [ARG...]\n"
        f"       {PROGRAM} [options] --slurm N UUID -- COMMAND [ARG...]\n"
        f"       {PROGRAM} [options] --join FOLDER\n"
        f"       {PROGRAM} [options] --slurm N --join FOLDER\n"
        f"       {PROGRAM} --show DIR [--item N | --failed | --csv FILE]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    _add_run(parser)
    add_inputs(parser)
    add_connection(parser)
    _add_attempts(parser)
    _add_end(parser)
    add_steering(parser)
    _add_output(parser)
    add_show(parser)
    add_slurm(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--dry-run",
        action="store_true",
        help="print the commands of all items and run none; with --slurm: print the script",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument(
        "uuid", metavar="UUID", nargs="?", help="the run's UUID, or its name if it was created here"
    )
    run.add_argument(
        "--create",
        action="store_true",
        help="create a run, and describe it in taskfarm-UUID.json in this folder",
    )
    run.add_argument(
        "--join",
        metavar="FOLDER",
        help="compute the open items of a results folder of farm.prepare or farm.map, with the "
        "function in it; there is no UUID and no command",
    )
    run.add_argument(
        "--no-retry-failed",
        dest="retry_failed",
        action="store_false",
        help="if the run is finished, leave its failed items as they are; with --join, and with "
        "--results or --log where tasks are chunks",
    )
    run.add_argument(
        "--new",
        action="store_true",
        help="with --create: even if an unfinished run of the same work was created here",
    )
    run.add_argument(
        "--num-tasks",
        metavar="N",
        type=number_of_tasks,
        help="with --create: the number of tasks, if there are no inputs",
    )
    run.add_argument(
        "--name",
        metavar="NAME",
        help="with --create: a name for the run, which this user can give instead of its UUID: a "
        "letter, then letters, digits, '.', '_' and '-'",
    )
    run.add_argument(
        "--shell",
        action="store_true",
        help='the command is one argument, a line for /bin/sh; its input is "$TASKFARM_INPUT", a '
        'column of it "$TASKFARM_IN_NAME"; the '
        "exit status of a pipeline is that of its last command",
    )


def _add_attempts(parser: argparse.ArgumentParser) -> None:
    attempts = parser.add_argument_group("attempts")
    attempts.add_argument(
        "-j",
        "--jobs",
        metavar="JOBS",
        type=number,
        help="how many commands run at a time; default: SLURM_CPUS_PER_TASK, else the CPUs that "
        "this process may use",
    )
    attempts.add_argument(
        "--threads-per-task",
        metavar="N",
        type=number,
        help="how many threads NumPy and similar libraries use in each command (OMP_NUM_THREADS "
        "etc.); default: the CPUs divided by JOBS; variables already set are kept",
    )
    attempts.add_argument(
        "--timeout-s",
        metavar="S",
        type=seconds,
        help="end a command that takes longer; the attempt has failed",
    )
    attempts.add_argument(
        "--grace-s",
        metavar="S",
        type=seconds,
        default=10.0,
        help="time from asking a command to end until killing it; default 10",
    )
    attempts.add_argument(
        "--max-attempts",
        metavar="N",
        type=number,
        default=3,
        help="after N attempts a task has failed; default 3",
    )
    attempts.add_argument(
        "--retry-delay-s",
        metavar="S",
        type=seconds_or_none,
        default=30.0,
        help="hold a failed task back for S, while others wait, before anyone tries it again; "
        "default 30",
    )
    attempts.add_argument(
        "--halt-after",
        metavar="N",
        type=number,
        default=10,
        help="stop after N tasks in a row failed; default 10",
    )


def _add_end(parser: argparse.ArgumentParser) -> None:
    end = parser.add_argument_group("end")
    end.add_argument(
        "--linger",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="stay while other workers compute, and take over lost tasks; the default",
    )
    end.add_argument(
        "--linger-s", metavar="S", type=seconds, help="stay at most S seconds without work"
    )
    end.add_argument(
        "--unleased-after-s",
        metavar="S",
        type=seconds,
        help="take over a task without a heartbeat after S; default: 120 for a run that this user "
        "created with --create, else 1200, or 10 times the longest task here; tasks with a "
        "heartbeat: 120 after the last; tasks of a killed workTF on this machine: at once",
    )
    end.add_argument(
        "--stop-after-s",
        metavar="S",
        type=seconds,
        help="end after S; running tasks are released, no attempt is counted, and before that no "
        "task is started that would probably not finish",
    )
    end.add_argument(
        "--max-tasks", metavar="N", type=number, help="end after N tasks, including failed ones"
    )
    end.add_argument(
        "--batch",
        action="store_true",
        help="exit with 0 after a planned end: by a limit, or a signal that asks workTF to end",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group(
        "output", "By default, each command's output is printed when it ends."
    )
    output.add_argument(
        "--tag", action="store_true", help="begin each line with the item's number and a tab"
    )
    output.add_argument("--line-buffer", action="store_true", help="print each line as it comes")
    kept = output.add_mutually_exclusive_group()
    kept.add_argument(
        "--results",
        metavar="DIR",
        help="store it instead as DIR/ITEM/stdout, stderr and exit",
    )
    kept.add_argument(
        "--log",
        metavar="DIR",
        help="store it instead in one file with an index in DIR, for any number of items",
    )
    output.add_argument(
        "--joblog", metavar="FILE", help="add a line for each attempt, in GNU parallel's columns"
    )
    output.add_argument(
        "--journal", metavar="DIR", help="add lines of JSON for each attempt to a file in DIR"
    )

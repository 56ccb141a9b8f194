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
)
from taskfarm_cli.work.command_line.slurm_arguments import add_slurm

PROGRAM = "workTF"
FROM_STDIN = "-"

_DESCRIPTION = """\
Run a command for each task of a run, several at a time. Exit status 0 completes a task; any other
is a failed attempt. Stays until the run is finished, and takes over what lost workers leave."""

_EPILOG = """\
In each word of the command, replaced once:
  {task}   the task's number, from 0
  {input}  its input (--inputs)
  {}       the input, or the number if there are no inputs
  {.}      the same as {} without its extension
  {/}      its last part
  {//}     its folder
  {/.}     its last part without the extension
  {#}      the task's number, from 1
  {%}      the job slot, from 1

The command's environment holds TASKFARM_TASK, TASKFARM_NUM_TASKS, TASKFARM_RUN, TASKFARM_ATTEMPT,
TASKFARM_PERCENT (what an earlier attempt left), TASKFARM_INPUT, and TASKFARM_PROGRESS_FILE: a
file into which it may write how far it is, 0 to 100. It reads nothing from stdin.

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
        f"       {PROGRAM} [options] --slurm N UUID -- COMMAND [ARG...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    _add_run(parser)
    add_connection(parser)
    _add_attempts(parser)
    _add_end(parser)
    _add_output(parser)
    add_slurm(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--dry-run",
        action="store_true",
        help="print the commands of all tasks and run none; with --slurm: print the script",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument("uuid", metavar="UUID", nargs="?", help="the run's UUID")
    run.add_argument(
        "--create",
        action="store_true",
        help="make a run; taskfarm-UUID.json tells in this folder what it is about",
    )
    run.add_argument(
        "--new",
        action="store_true",
        help="with --create: even though an unfinished run of the same work was made here",
    )
    run.add_argument(
        "--num-tasks",
        metavar="N",
        type=number_of_tasks,
        help="with --create: how many tasks, where there are no inputs",
    )
    run.add_argument(
        "--inputs",
        metavar="FILE",
        help="a file with a line for each task, or a JSON array (FILE.json, or a text that begins "
        "with [); - is stdin",
    )
    run.add_argument(
        "-0", "--null", dest="nul", action="store_true", help="NUL bytes separate the inputs"
    )
    run.add_argument(
        "--shell",
        action="store_true",
        help='the command is one word, a line for /bin/sh; its input is "$TASKFARM_INPUT"; the '
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
        help="how many threads NumPy and the like use in each command (OMP_NUM_THREADS and its "
        "kin); default: the CPUs shared by JOBS, but for variables that are set already",
    )
    attempts.add_argument(
        "--timeout-s",
        metavar="S",
        type=seconds,
        help="end a command that takes longer: a failed attempt",
    )
    attempts.add_argument(
        "--grace-s",
        metavar="S",
        type=seconds,
        default=10.0,
        help="how long a command that is asked to end has until it is killed; default 10",
    )
    attempts.add_argument(
        "--max-attempts",
        metavar="N",
        type=number,
        default=3,
        help="after so many attempts a task has failed; default 3",
    )
    attempts.add_argument(
        "--halt-after",
        metavar="N",
        type=number,
        default=10,
        help="stop after so many tasks in a row failed; default 10",
    )


def _add_end(parser: argparse.ArgumentParser) -> None:
    end = parser.add_argument_group("end")
    end.add_argument(
        "--linger",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="stay while others compute, and take over what they lose; the default",
    )
    end.add_argument(
        "--linger-s", metavar="S", type=seconds, help="stay so long at most with nothing to do"
    )
    end.add_argument(
        "--unleased-after-s",
        metavar="S",
        type=seconds,
        help="after how long a task that never showed a sign of life is taken over; default: 120 "
        "for a run that --create of this user made, else 1200, or 10 times the longest task here; "
        "any other task: 120 after the last; what a killed workTF of this machine left: at once",
    )
    end.add_argument(
        "--stop-after-s",
        metavar="S",
        type=seconds,
        help="end after so long; what runs then is given back, uncounted, and before that nothing "
        "is begun that would most likely not be done",
    )
    end.add_argument(
        "--max-tasks", metavar="N", type=number, help="end after so many tasks, failed ones too"
    )
    end.add_argument(
        "--batch",
        action="store_true",
        help="end with 0 where the end was planned: by a limit, or a signal that asked for it",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group(
        "output", "Without these, each command's output is passed on when it ends."
    )
    output.add_argument(
        "--tag", action="store_true", help="begin each line with the task's number and a tab"
    )
    output.add_argument("--line-buffer", action="store_true", help="pass on each line as it comes")
    kept = output.add_mutually_exclusive_group()
    kept.add_argument(
        "--results",
        metavar="DIR",
        help="keep it instead, as DIR/TASK/stdout, stderr and exit",
    )
    kept.add_argument(
        "--log", metavar="DIR", help="keep it instead in one file with an index, however many tasks"
    )
    output.add_argument(
        "--joblog", metavar="FILE", help="add a line for each attempt, in GNU parallel's columns"
    )
    output.add_argument(
        "--journal", metavar="DIR", help="add lines of JSON for each attempt to a file in DIR"
    )

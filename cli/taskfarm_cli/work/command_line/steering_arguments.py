"""Options of workTF that steer its work, and say what comes before and after it."""

from __future__ import annotations

import argparse

from taskfarm_cli.work.command_line.input_arguments import Gather


def add_steering(parser: argparse.ArgumentParser) -> None:
    """Add --jobs-file, --after, --on-end and --on-failure."""
    steering = parser.add_argument_group(
        "steering",
        "CMD is a program and its arguments in one argument, with quotes as in a shell; with "
        "--shell it is a line for /bin/sh. Its environment holds TASKFARM_RUN, TASKFARM_URL, "
        "TASKFARM_TASKS, TASKFARM_DONE and TASKFARM_FAILED, and no credentials.",
    )
    steering.add_argument(
        "--jobs-file",
        metavar="FILE",
        help="read JOBS from FILE, again and again, so that it can change while workTF works; 0 "
        "pauses: no task is claimed; -j counts until FILE is there",
    )
    steering.add_argument(
        "--after",
        metavar="UUID",
        action=Gather,
        default=(),
        help="wait for another run before the first task is claimed, and end with 5 if that "
        "failed; may be given several times",
    )
    steering.add_argument(
        "--on-end",
        metavar="CMD",
        help="run CMD once when the run is finished; of several workTF on a run only those that "
        "have this option do",
    )
    steering.add_argument(
        "--on-failure", metavar="CMD", help="the same, and before it, if tasks failed"
    )

"""Options of workTF that go with `--slurm`, and the time limits that they hold."""

from __future__ import annotations

import argparse
import math
import re

from taskfarm_cli.common.parser import number
from taskfarm_cli.work.command_line.sbatch_args import sbatch_words

# Slurm sends its signal this long before the limit. Commands are then asked to end, and killed
# after their grace; the rest of the time is for requests to the server.
LEAD_S = 60
REST_OF_LEAD_S = 30
# Slurm checks the time so seldom that its signal may come this much early.
COARSE_S = 60

_TIMES = re.compile(
    r"(?:(?P<d>N)-(?P<dh>N)(?::(?P<dm>N)(?::(?P<ds>N))?)?)|(?P<t>N(:N){0,2})".replace(
        "N", "[0-9]{1,10}"
    )
)
_ENDLESS = ("UNLIMITED", "INFINITE")


def add_slurm(parser: argparse.ArgumentParser) -> None:
    """Add --slurm and what goes with it."""
    slurm = parser.add_argument_group(
        "slurm", "The workers run as jobs of a cluster; the login must be saved (manageTF --login)."
    )
    slurm.add_argument(
        "--slurm",
        metavar="N",
        type=number,
        help="submit an array of N workers instead of working here, with JOBS CPUs each (-j; "
        "default 1), and print its job id; they linger for 10 minutes, or as --linger-s says",
    )
    slurm.add_argument(
        "--time",
        metavar="T",
        type=time_limit,
        help="their time limit, in sbatch's format: 90 (minutes), 2:00:00, 1-12",
    )
    slurm.add_argument(
        "--sbatch-args",
        metavar="ARGS",
        type=sbatch_words,
        default=(),
        help="more options for sbatch in one argument, overriding those of workTF: "
        '"--partition=short --mem=4G"',
    )
    slurm.add_argument(
        "--keep",
        action="store_true",
        help="stay until the run is finished, and submit new workers for those that end",
    )
    slurm.add_argument(
        "--cancel-on-exit",
        action="store_true",
        help="with --keep: cancel the workers if workTF ends before the run is finished",
    )
    slurm.add_argument(
        "--allow-loopback",
        action="store_true",
        help="allow a server at localhost, for a cluster of this machine only",
    )


def lead_s(grace_s: float) -> int:
    """Return how long before a job's time limit its work is to end, in whole seconds."""
    return max(LEAD_S, math.ceil(grace_s) + REST_OF_LEAD_S)


def time_limit(text: str) -> str:
    """Return a time limit as sbatch takes it.

    Raises:
        ArgumentTypeError: it is not a time limit.
    """
    plain = text.strip().upper()
    if plain not in _ENDLESS and _TIMES.fullmatch(plain) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time limit: give minutes, H:MM:SS, or D-HH:MM:SS"
        )
    return plain


def limit_s(text: str) -> float:
    """Return how many seconds a time limit is."""
    found = _TIMES.fullmatch(text)
    if found is None:
        return math.inf
    if found["t"] is None:
        days, hours, minutes, seconds = (int(found[name] or 0) for name in ("d", "dh", "dm", "ds"))
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    parts = [int(part) for part in found["t"].split(":")]
    # One number is minutes, two are minutes and seconds.
    hours, minutes, seconds = parts if len(parts) == 3 else (0, *parts, 0)[:3]
    return (hours * 60 + minutes) * 60 + seconds

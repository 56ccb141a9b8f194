"""Submit workers with `workTF --slurm`, and replace them with `--keep`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from glob import escape, glob
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.parser import seconds
from taskfarm_cli.common.terminal import is_terminal
from taskfarm_cli.common.text import printable, shell_words
from taskfarm_cli.work import manifest
from taskfarm_cli.work.command_line.sbatch_args import value_of
from taskfarm_cli.work.command_line.slurm_arguments import COARSE_S, lead_s, limit_s
from taskfarm_cli.work.commands.failure_text import place_of_outputs
from taskfarm_cli.work.slurm import advice, cli, policy, script, worker_command
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.verdict import Ended
    from taskfarm_sdk import Farm, Run
    from taskfarm_sdk._items.chunks import Chunks
    from taskfarm_sdk.logins import Login

KEEP_EVERY_S = 30.0
# For tests, and for users who know how many requests a cluster permits.
KEEP_EVERY = "TASKFARM_KEEP_EVERY_S"
NEW_RUN = "UUID"
BASH = "/bin/bash"
SH = "/bin/sh"
LAST_LINES = 12
LAST_BYTES = 4000


def open_farm(options: Options) -> Farm:
    """Return the farm to ask, with the saved login that the workers will use.

    Raises:
        CommandError: there is none, or the nodes cannot reach its server.
    """
    from taskfarm_sdk import Farm

    login, url = _login(options)
    if login.host is not None and not options.allow_loopback:
        raise UsageError(
            f"{url} is an address of this machine only, and each node would look for the server "
            "on itself: give its name on the network (-b), or --allow-loopback if the cluster is "
            "this machine only"
        )
    return Farm(url, user=login.user, token=login.token, give_up_after_s=options.patience_s)


def _login(options: Options) -> tuple[Login, str]:
    from taskfarm_sdk.logins import default_login, find_login

    given = Hidden(options.baseurl or os.environ.get("TASKFARM_URL", "").strip())
    login = find_login(given.reveal()) if given.reveal() else default_login()
    if login is None or options.user not in (None, login.user):
        where = given.reveal() or (login.url if login else "URL")
        raise CommandError(
            f"no saved login{f' of {options.user}' if options.user else ''} for {where}, which "
            "the workers need: no password or token goes into a job. Log in once with `manageTF "
            f"--login -b {where} -u {options.user or 'USER'}`",
            ExitStatus.NOT_AUTHENTICATED,
        )
    return login, given.reveal() or login.url


def check(options: Options) -> None:
    """Refuse what the nodes cannot do, before a run is created.

    Raises:
        CommandError: they cannot, or there is no Slurm here.
    """
    script.output(str(_folder(NEW_RUN)))
    _keep_every_s()
    if options.dry_run:
        return
    if shutil.which("sbatch") is None:
        raise cli.missing("sbatch")
    workers, most = options.slurm or 1, cli.most_workers()
    if most is not None and workers > most:
        raise UsageError(advice.of_size(workers, most))


def dry_run(options: Options, farm: Farm, uuid: str, screen: Screen) -> ExitStatus:
    """Print the script that would be submitted."""
    folder = shell_words([str(_folder(uuid))])
    screen.say(f"nothing was submitted; before you submit it by hand: mkdir -p {folder}")
    text = _script(options, farm.url, uuid, options.slurm or 1)
    if is_terminal(sys.stdout):
        # A terminal shows what is in the script; only a file is to be submitted.
        print("\n".join(map(printable, text.split("\n"))), end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(text))
    return ExitStatus.OK


def probe(options: Options, farm: Farm, screen: Screen) -> None:
    """Have sbatch check the script and its options, before a run is created.

    Raises:
        CommandError: sbatch would refuse it.
    """
    text = _script(options, farm.url, NEW_RUN, options.slurm or 1)
    try:
        cli.test(text, options.sbatch_args, has_time=options.time is not None)
    except cli.Refused as refused:
        if not advice.may_wait(refused.said):
            raise
        screen.say(f"{refused}: the workers may have to wait, perhaps forever")


def submit(
    options: Options,
    farm: Farm,
    run: Run,
    screen: Screen,
    *,
    is_new: bool = False,
    end: Callable[[], ExitStatus] | None = None,
    ended: Ended | None = None,
    chunks: Chunks | None = None,
    check_whole: Callable[[], None] | None = None,
) -> ExitStatus:
    """Submit an array of workers, and print its id.

    Args:
        options: the user's options.
        farm: the run's.
        run: the run.
        screen: shows the messages.
        is_new: whether the run is new; it is deleted if Slurm refuses the array.
        end: reports on a finished run, and returns the exit status; None to do so by its tasks.
        ended: called for a finished run where `end` is None.
        chunks: the items of each task; None to look for a note about them.
        check_whole: raises an error if the folder that decides what is done lacks items, where
            `end` is None; None where there is no such folder.

    Raises:
        CommandError: Slurm refused it, or `--keep` gave up.
    """
    end = end or partial(
        _end, options, run, screen, ended=ended, chunks=chunks, check_whole=check_whole
    )
    if not is_new and run.status().finished:
        screen.say(f"run {run.uuid} is finished, so no worker is submitted")
        return end()
    arrays = _Arrays(options, farm, run)
    try:
        return _submit(options, run, screen, arrays, end)
    except cli.Refused as refused:
        if not is_new or arrays.has_submitted:
            raise
        raise CommandError(f"{refused}; {_undo(run)}") from refused


def _end(
    options: Options,
    run: Run,
    screen: Screen,
    *,
    ended: Ended | None,
    chunks: Chunks | None,
    check_whole: Callable[[], None] | None,
) -> ExitStatus:
    from taskfarm_cli.work.verdict import verdict

    return verdict(
        run,
        screen,
        baseurl=options.baseurl,
        place=_place_of_results(options, run.uuid),
        chunks=chunks,
        kept_in=options.kept_in,
        retry_failed=options.retry_failed,
        check_whole=check_whole,
        ended=ended,
    )


def _submit(
    options: Options, run: Run, screen: Screen, arrays: _Arrays, end: Callable[[], ExitStatus]
) -> ExitStatus:
    if options.keep:
        _keep(options, run, screen, arrays)
        return end()
    job = arrays.submit(options.slurm or 1)
    place = _place_of_output(options, run.uuid)
    screen.say(f"job {job}: {options.slurm} workers of run {run.uuid}; they write to {place}")
    folder = str(Path.cwd())
    if not options.allow_loopback and advice.is_local(folder):
        screen.say(advice.of_local_folder(folder))
    return ExitStatus.OK


def _undo(run: Run) -> str:
    """Delete a new run without workers, and return a message about it."""
    from taskfarm_cli.common import run_files
    from taskfarm_sdk import TaskfarmError

    try:
        status = run.status()
        if status.done or status.computing:
            return f"run {run.uuid} was created, and other workers work on it"
        run.delete()
    except TaskfarmError as error:
        return f"run {run.uuid} was created and could not be deleted: {error}"
    run_files.forget(run.uuid)
    return f"the new run {run.uuid} was deleted"


class _Arrays:
    """Submits arrays of workers of a run.

    Attributes:
        has_submitted: whether Slurm has, or may have, accepted one.
    """

    def __init__(self, options: Options, farm: Farm, run: Run) -> None:
        self._options = options
        self._url = farm.url
        self._uuid = run.uuid
        self.has_submitted = False

    def submit(self, workers: int) -> str:
        """Submit an array, print its id, and return it.

        Raises:
            CommandError: Slurm refused it.
        """
        options, folder = self._options, _folder(self._uuid)
        if _own_output(options) is None:
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                said = f"cannot create the folder {folder}: {error.strerror}"
                raise cli.Refused(said, said) from error
        text = _script(options, self._url, self._uuid, workers)
        was_submitted, self.has_submitted = self.has_submitted, True
        try:
            job = cli.submit(text, options.sbatch_args, has_time=options.time is not None)
        except cli.Refused:
            self.has_submitted = was_submitted
            with suppress(OSError):  # what workers wrote into it stays
                folder.rmdir()
            raise
        print(printable(job), flush=True)
        return job


def _keep(options: Options, run: Run, screen: Screen, arrays: _Arrays) -> None:
    from taskfarm_cli.work.slurm.keeper import Keeper, Terms

    lead = lead_s(options.grace_s)
    terms = Terms(
        _name(run.uuid),
        options.slurm or 1,
        options.jobs or 1,
        options.max_attempts,
        _keep_every_s(),
        options.cancel_on_exit,
        policy.Limits(lead, COARSE_S, options.stop_after_s),
        _remedy(options, lead),
        _folder_needed(options),
        manifest.unleased_after_s(run, options.unleased_after_s),
    )
    screen.say(f"the workers of run {run.uuid} write to {_place_of_output(options, run.uuid)}")
    said = partial(last_lines, _output(options, run.uuid))
    Keeper(run, terms, submit=arrays.submit, said=said, screen=screen).keep()


def _remedy(options: Options, lead: float) -> str:
    stop_after_s = options.stop_after_s
    is_later = options.time is not None and limit_s(options.time) - lead < (stop_after_s or 0)
    return advice.remedy(options.time, None if is_later else stop_after_s)


def _keep_every_s() -> float:
    try:
        return seconds(os.environ.get(KEEP_EVERY) or str(KEEP_EVERY_S))
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise UsageError(f"{KEEP_EVERY} must be a number of seconds greater than 0") from error


def _script(options: Options, url: str, uuid: str, workers: int) -> str:
    from taskfarm_sdk.logins import login_file

    return script.text(
        script.Job(
            name=_name(uuid),
            workers=workers,
            cpus=options.jobs or 1,
            time=options.time,
            lead_s=lead_s(options.grace_s),
            folder=str(_folder(uuid)),
            config=str(login_file().parent.absolute()),
            extra=options.sbatch_args,
            command=worker_command.of_worker(options, url, uuid),
            shell=BASH if Path(BASH).exists() else SH,
        )
    )


def last_lines(output: str, jobs: Sequence[str]) -> str:
    """Return the last lines that arrays' workers wrote: those of the file written to last.

    Args:
        output: the pattern of the files, as Slurm has it.
        jobs: the arrays' ids.
    """
    files = [Path(name) for job in jobs for name in glob(_glob_of(output, job))]  # noqa: PTH207 - absolute too
    if not files:
        return ""
    newest = max(files, key=lambda path: path.stat().st_mtime)
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - LAST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(printable(line) for line in lines[-LAST_LINES:])


def _glob_of(output: str, job: str) -> str:
    """Return a pattern of files of an array, as a shell has it, from Slurm's."""
    parts = re.split(r"(%%|%\d*[A-Za-z])", output)
    known = {"%%": "%", "%A": job}
    return "".join(
        known.get(part, "*") if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def _own_output(options: Options) -> str | None:
    """Return the workers' output file from --sbatch-args, or None."""
    return value_of(options.sbatch_args, "output", "o")


def _output(options: Options, uuid: str) -> str:
    return _own_output(options) or script.output(str(_folder(uuid)))


def _folder_needed(options: Options) -> str:
    """Return the folder without which a node cannot start a worker."""
    own = _own_output(options)
    return str(Path.cwd() if own is None else Path(own).absolute().parent)


def _place_of_results(options: Options, uuid: str) -> str:
    """Return the place of the output that shows why a task failed."""
    written = _place_of_output(options, uuid)
    kept = place_of_outputs(options)
    return written if kept is None else f"{kept}; the workers' lines: {written}"


def _place_of_output(options: Options, uuid: str) -> str:
    own = _own_output(options)
    if own is None:
        return str(_folder(uuid))
    is_one = re.search(r"%\d*[AajJNnst]", own.replace("%%", "")) is None
    return f"{own} (from --sbatch-args)" + (
        ", all of them to this one file: add %A_%a to its name for one each" if is_one else ""
    )


def _name(uuid: str) -> str:
    return f"taskfarm-{uuid}"


def _folder(uuid: str) -> Path:
    return Path.cwd() / f"taskfarm-{uuid}-slurm"

"""Submit workers with `workTF --slurm`, and stay with them with `--keep`."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.guard import printable
from taskfarm_cli.common.parser import seconds
from taskfarm_cli.work import manifest
from taskfarm_cli.work.command_line.slurm_arguments import lead_s
from taskfarm_cli.work.slurm import cli, script, worker_command

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Farm, Run
    from taskfarm_sdk.logins import Login

KEEP_EVERY_S = 30.0
# For tests, and for who knows what a cluster bears.
KEEP_EVERY = "TASKFARM_KEEP_EVERY_S"
NEW_RUN = "UUID"
LAST_LINES = 12
LAST_BYTES = 4000


def open_farm(options: Options) -> Farm:
    """Return the farm to ask, with the saved login that the workers will use.

    Raises:
        CommandError: there is none, or its server is not one that nodes can reach.
    """
    from taskfarm_sdk import Farm

    login, url = _login(options)
    if login.host is not None and not options.allow_loopback:
        raise UsageError(
            f"{url} means the machine that one is on, and the nodes would look for the server on "
            "themselves: give its name on the network (-b), or --allow-loopback if the cluster is "
            "this machine alone"
        )
    return Farm(url, user=login.user, token=login.token, give_up_after_s=options.patience_s)


def _login(options: Options) -> tuple[Login, str]:
    from taskfarm_sdk.logins import default_login, find_login

    given = options.baseurl or os.environ.get("TASKFARM_URL")
    login = find_login(given) if given else default_login()
    if login is None or options.user not in (None, login.user):
        where = given or (login.url if login else "URL")
        raise CommandError(
            f"no saved login{f' of {options.user}' if options.user else ''} for {where}, which "
            "the workers need: no password or token goes into a job. Log in once with `manageTF "
            f"--login -b {where} -u {options.user or 'USER'}`",
            ExitStatus.NOT_AUTHENTICATED,
        )
    return login, given or login.url


def check(options: Options) -> None:
    """Refuse what the nodes could not do, before anything is made.

    Raises:
        CommandError: they could not, or there is no Slurm here.
    """
    script.output(str(_folder(NEW_RUN)))
    if not options.dry_run and shutil.which("sbatch") is None:
        raise cli.missing("sbatch")


def dry_run(options: Options, farm: Farm, uuid: str, screen: Screen) -> ExitStatus:
    """Print the script that would be submitted."""
    folder = shlex.quote(str(_folder(uuid)))
    screen.say(f"nothing was submitted; before you do it by hand: mkdir -p {folder}")
    text = _script(options, farm.url, uuid, options.slurm or 1)
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(text))
    return ExitStatus.OK


def submit(options: Options, farm: Farm, run: Run, screen: Screen) -> ExitStatus:
    """Submit an array of workers, and print its id.

    Raises:
        CommandError: Slurm did not take it, or `--keep` gave up.
    """
    submit_some = _submitter(options, farm, run)
    if options.keep:
        return _keep(options, run, screen, submit_some)
    job = submit_some(options.slurm or 1)
    screen.say(
        f"job {job}: {options.slurm} workers of run {run.uuid}; they write to {_folder(run.uuid)}"
    )
    return ExitStatus.OK


def _submitter(options: Options, farm: Farm, run: Run) -> Callable[[int], str]:
    def submit_some(workers: int) -> str:
        folder = _folder(run.uuid)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise CommandError(f"cannot make the folder {folder}: {error.strerror}") from error
        text = _script(options, farm.url, run.uuid, workers)
        job = cli.submit(text, options.sbatch_args, has_time=options.time is not None)
        print(job, flush=True)
        return job

    return submit_some


def _keep(
    options: Options, run: Run, screen: Screen, submit_some: Callable[[int], str]
) -> ExitStatus:
    from taskfarm_cli.work.slurm.keeper import Keeper, Terms
    from taskfarm_cli.work.verdict import verdict

    terms = Terms(
        _name(run.uuid),
        options.slurm or 1,
        options.jobs or 1,
        options.max_attempts,
        _keep_every_s(),
        options.cancel_on_exit,
        manifest.unleased_after_s(run, options.unleased_after_s),
    )
    folder = _folder(run.uuid)
    screen.say(f"the workers of run {run.uuid} write to {folder}")
    keeper = Keeper(
        run, terms, submit=submit_some, said=lambda jobs: last_lines(folder, jobs), screen=screen
    )
    keeper.keep()
    return verdict(run, screen)


def _keep_every_s() -> float:
    try:
        return seconds(os.environ.get(KEEP_EVERY) or str(KEEP_EVERY_S))
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise UsageError(f"{KEEP_EVERY} is a number of seconds, more than 0") from error


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
        )
    )


def last_lines(folder: Path, jobs: Sequence[str]) -> str:
    """Return the last lines that arrays' workers wrote: those of the file written to last."""
    files = [path for job in jobs for path in folder.glob(f"{job}_*.out")]
    if not files:
        return ""
    newest = max(files, key=lambda path: path.stat().st_mtime)
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - LAST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(printable(line) for line in lines[-LAST_LINES:])


def _name(uuid: str) -> str:
    return f"taskfarm-{uuid}"


def _folder(uuid: str) -> Path:
    return Path.cwd() / f"taskfarm-{uuid}-slurm"

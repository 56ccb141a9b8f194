"""The script that --slurm submits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.slurm import script

JOB = script.Job(
    name="taskfarm-0123456789abcdef0123456789abcdef",
    workers=4,
    cpus=8,
    time="2:00:00",
    lead_s=60,
    folder='/home/me/it\'s 100% "here"/taskfarm-0123-slurm',
    config="/home/me/.config/task farm",
    extra=("--partition=short", '--comment=a "b" c\\d # e', "-p", "long"),
    command=("/usr/bin/python3", "-m", "work", "--inputs=/a b/$x", "--", "sh", "-c", "echo 'hi'\n"),
    shell="/bin/bash",
)
GOLDEN = r"""#!/bin/bash
#SBATCH --job-name=taskfarm-0123456789abcdef0123456789abcdef
#SBATCH --array=0-3
#SBATCH --cpus-per-task=8
#SBATCH --time=2:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH "--output=/home/me/it's 100%% \"here\"/taskfarm-0123-slurm/%A_%a.out"
#SBATCH --partition=short "--comment=a \"b\" c\\d # e" -p long
unset TASKFARM_PASSWORD TASKFARM_TOKEN TASKFARM_USER
export TASKFARM_CONFIG='/home/me/.config/task farm'
exec /usr/bin/python3 -m work '--inputs=/a b/$x' -- sh -c 'echo '"'"'hi'"'"'
'
"""


def test_the_script_of_a_job_with_all_there_is() -> None:
    assert script.text(JOB) == GOLDEN


def test_without_a_time_limit_or_more_options_there_is_no_line_for_them() -> None:
    lines = script.text(JOB._replace(time=None, extra=())).splitlines()
    assert [line for line in lines if "--time" in line] == []
    assert len([line for line in lines if line.startswith("#SBATCH")]) == 7


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["a b", "'", '"', "$x `y` \\", "*", ""], id="what shells look at"),
        pytest.param(["a\nb", "\n#SBATCH --array=0-9\n"], id="line ends"),
        pytest.param(["a\r\nb\r", "'\r'"], id="carriage returns"),
        pytest.param(["ümläut", "%A_%a", "~", "-n"], id="others"),
    ],
)
def test_each_word_of_the_command_arrives_as_it_was(words: list[str], tmp_path: Path) -> None:
    command = ("/usr/bin/printf", "%s\\0", *words)
    text = script.text(JOB._replace(command=command, config=str(tmp_path)))
    assert "\r" not in text, "sbatch refuses the line ends of Windows"
    ran = subprocess.run(["/bin/sh"], input=text.encode(), capture_output=True, check=True)
    assert ran.stdout.decode().split("\0")[:-1] == words


def test_a_function_that_was_exported_reaches_the_command() -> None:
    # As bash exports it; where /bin/sh is dash, that loses it.
    functions = {"BASH_FUNC_module%%": '() { echo "module $1"; }'}
    job = JOB._replace(command=("/bin/bash", "-c", "module load"), config="/config")
    shell = script.text(job).partition("\n")[0].removeprefix("#!")
    ran = subprocess.run(
        [shell], input=script.text(job), capture_output=True, text=True, check=True, env=functions
    )
    assert ran.stdout == "module load\n"


def test_what_could_be_taken_for_a_login_is_gone_and_the_saved_one_is_found() -> None:
    command = ("/bin/sh", "-c", 'echo "$TASKFARM_TOKEN$TASKFARM_PASSWORD$TASKFARM_USER"; env')
    ran = subprocess.run(
        ["/bin/sh"],
        input=script.text(JOB._replace(command=command, config="/a\rb 'c")).encode(),
        capture_output=True,
        check=True,
        env=dict.fromkeys(script.SECRETS, "secret"),
    )
    lines = ran.stdout.decode().split("\n")
    assert lines[0] == ""
    assert "TASKFARM_CONFIG=/a\rb 'c" in lines


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "a\rb"])
def test_a_folder_that_slurm_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="another folder"):
        script.text(JOB._replace(folder=f"/home/{name}/x"))

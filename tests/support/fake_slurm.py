"""Commands that answer in the place of Slurm's, and note how they were called."""

from __future__ import annotations

from pathlib import Path

SUBMITTED = "4711"


class FakeSlurm:
    """Slurm's commands in a folder, which is to be on the PATH.

    By default sbatch takes all it is given, the queue is empty, and arrays may have 1001 elements.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._calls = folder / "calls"
        self.answer_tests()
        self.answer_submissions(f"echo {SUBMITTED}")
        self._write(
            "sbatch", 'case " $* " in *" --test-only "*) . {0}/test;; *) . {0}/submit;; esac'
        )
        self._write("squeue", ":")
        self._write("scancel", ":")
        self.set_max_array_size("1001")

    @property
    def calls(self) -> list[str]:
        """The calls so far: a command and its arguments each."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    @property
    def submissions(self) -> int:
        """How many arrays were submitted, or tried to be."""
        return len([c for c in self.calls if c.startswith("sbatch ") and "--test-only" not in c])

    def answer_tests(self, script: str = ":") -> None:
        """Have `sbatch --test-only` do what a shell's script says."""
        (self._folder / "test").write_text(f"{script}\n")

    def answer_submissions(self, script: str) -> None:
        """Have other calls of sbatch do what a shell's script says."""
        (self._folder / "submit").write_text(f"{script}\n")

    def set_max_array_size(self, size: str) -> None:
        """Have `scontrol show config` tell of a MaxArraySize."""
        self._write("scontrol", f"echo 'MaxArraySize            = {size}'")

    def _write(self, name: str, script: str) -> None:
        path = self._folder / name
        note = f'echo "{name} $*" >> {self._calls}'
        path.write_text(f"#!/bin/sh\n{note}\n{script.format(self._folder)}\n")
        path.chmod(0o755)


def refusing(said: str) -> str:
    """Return a script for sbatch that refuses."""
    return f"echo 'sbatch: error: {said}' >&2; exit 1"

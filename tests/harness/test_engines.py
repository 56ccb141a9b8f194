"""Tests that need an engine where it is missing, and the line that says so."""

from __future__ import annotations

import pytest

from tests.support.engines import (
    VARIABLE,
    engine_of,
    is_missing,
    leave_out_unless_required,
    summary,
)


def test_a_missing_engine_fails_a_test_where_engines_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    leave_out_unless_required("Slurm")
    with pytest.raises(pytest.fail.Exception, match="Slurm is missing: install it"):
        is_missing("Slurm", "install it")


def test_a_missing_engine_skips_a_test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception) as not_asked:
        leave_out_unless_required("Slurm")
    with pytest.raises(pytest.skip.Exception) as missing:
        is_missing("Slurm", "install it")
    assert engine_of(str(not_asked.value)) == engine_of(str(missing.value)) == "Slurm"


def test_one_line_names_the_engines_that_were_left_out() -> None:
    assert engine_of("needs os.fork") is None
    assert summary(["nginx", "Slurm", "nginx"]) == (
        f"tests left out, by engine: nginx (2), Slurm (1); all of them: {VARIABLE}=1 make test-all"
    )

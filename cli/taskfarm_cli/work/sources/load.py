"""Load the inputs of a run from the one source that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources import grids, lines, names, tables
from taskfarm_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from taskfarm_cli.work.sources.inputs import Inputs


class Asked(NamedTuple):
    """What a command line says of the inputs: at most one of these, and `nul` with `inputs`.

    Attributes:
        inputs: the file of `--inputs`, or None.
        nul: whether NUL bytes separate them.
        csv: the file of `--csv`, or None.
        grid: the definitions of `--grid`.
        glob: the patterns of `--glob`.
        values: the words of each `:::`.
    """

    inputs: str | None
    nul: bool
    csv: str | None
    grid: Sequence[str]
    glob: Sequence[str]
    values: Sequence[Sequence[str]]


def load(asked: Asked) -> Inputs | None:
    """Return the inputs, or None where the items have none.

    Raises:
        UsageError: they cannot be read, or a command cannot be given one of them.
    """
    try:
        return _loaded(asked)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None


def _loaded(asked: Asked) -> Inputs | None:
    if asked.inputs is not None:
        return lines.load(asked.inputs, nul=asked.nul)
    if asked.csv is not None:
        return tables.load(asked.csv)
    if asked.grid:
        return grids.load(asked.grid)
    if asked.glob:
        return names.load(asked.glob)
    return grids.Combinations(asked.values) if asked.values else None

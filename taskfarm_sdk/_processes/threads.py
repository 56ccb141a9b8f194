"""Environment variables that say how many threads a numerical library uses."""

from __future__ import annotations

from collections.abc import Mapping

from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk.hidden import Hidden

# Those that Dask and joblib set, each with those that its library reads without it.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "OMP_NUM_THREADS": (),
    "OPENBLAS_NUM_THREADS": ("GOTO_NUM_THREADS", "OMP_NUM_THREADS"),
    "MKL_NUM_THREADS": ("OMP_NUM_THREADS",),
    "BLIS_NUM_THREADS": ("OMP_NUM_THREADS",),
    "VECLIB_MAXIMUM_THREADS": (),
    "NUMEXPR_NUM_THREADS": ("OMP_NUM_THREADS",),
    "NUMBA_NUM_THREADS": (),
}


def with_threads(
    environment: Hidden[Mapping[str, str]], slots: int, threads: int | None = None
) -> Hidden[Mapping[str, str]]:
    """Return an environment that keeps numerical libraries within the usable CPUs.

    Args:
        environment: the environment to add to; variables that it sets stay.
        slots: how many processes compute at a time.
        threads: how many threads each may use, whatever the environment says; None for its share
            of the usable CPUs.
    """
    if threads is not None:
        return Hidden({**environment.reveal(), **dict.fromkeys(VARIABLES, str(threads))})
    share = str(max(1, usable_cpus() // slots))
    unset = {
        name: share
        for name, otherwise in VARIABLES.items()
        if not any(environment.reveal().get(known) for known in (name, *otherwise))
    }
    return Hidden({**environment.reveal(), **unset})

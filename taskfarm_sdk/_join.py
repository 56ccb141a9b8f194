"""Work on a results folder that another program prepared."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Unpack

from taskfarm_sdk._map_options import MapOptions
from taskfarm_sdk._results.results import Results
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.farm import Farm, link_of

if TYPE_CHECKING:
    from taskfarm_sdk.execution.jobs import Jobs

__all__ = ["join"]


def join(
    folder: str | os.PathLike[str], *, farm: Farm | None = None, **options: Unpack[MapOptions]
) -> Results[Any]:
    """Compute the open items of a results folder with the function stored in it.

    ```python
    results = join("sweep", workers=8)
    ```

    Loading the function runs code, so the folder must be this user's own, and not writable by
    others.

    Args:
        folder: the results folder of a `Farm.prepare` or `Farm.map`.
        farm: the server; by default the one that the environment (`TASKFARM_URL`) names, or else
            the folder itself, with the credentials of the environment or of a saved login.
        options: see `MapOptions`.

    Returns:
        The results; see `Farm.map`.

    Raises:
        ConfigurationError: an option is wrong, the folder was not prepared, may not be trusted, or
            its function cannot be loaded here.
        ItemsFailed: see `Farm.map`.
        TaskfarmError: what `Farm.map` raises.
    """
    return joined(folder, farm, None, options)


def joined(
    folder: str | os.PathLike[str], farm: Farm | None, jobs: Jobs | None, options: MapOptions
) -> Results[Any]:
    """Do the work of `join`, for a number of items at a time that may change.

    Args:
        folder: see `join`.
        farm: see `join`.
        jobs: how many items to compute at a time; None for what the options say.
        options: see `join`.

    Raises:
        TaskfarmError: see `join`.
    """
    from taskfarm_sdk._results.folder import Folder
    from taskfarm_sdk.execution.mapping import entry

    if not (farm is None or isinstance(farm, Farm)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"farm must be a Farm, not {shown(farm)}")
    chosen = entry.settings(options, jobs)
    opened = Folder.open(folder)
    order = entry.order_of(opened)
    if farm is not None:
        return entry.join_on(link_of(farm), opened, order, chosen)
    url = None if os.environ.get("TASKFARM_URL") else order.server_url
    with Farm(url) as own:
        return entry.join_on(link_of(own), opened, order, chosen)

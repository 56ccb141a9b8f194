"""Map with all logs at DEBUG, a failing item, and everything that shows itself written out.

Its credentials come from the environment. Told: folder, journal, and out, a folder for texts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import pprint
from pathlib import Path

import attrs

from taskfarm_sdk import AsyncFarm, Farm, TaskfarmError
from tests.support.told import told


@attrs.frozen
class Told:
    """What the program is told: the folders of results, of the journal, and for texts."""

    folder: str
    journal: str
    out: Path = attrs.field(converter=Path)


def tell_all(number: int) -> str:
    """Return all that the environment and the command lines here show."""
    shown = [f"{name}={text}" for name, text in os.environ.items()]
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            shown.append(file.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    if number == 2:
        raise ValueError("\n".join(shown))
    return "\n".join(shown)


async def ask(uuid: str) -> list[str]:
    """Ask with asyncio, which logs each step of its loop; return what shows itself."""
    asyncio.get_running_loop().slow_callback_duration = 0.0
    async with AsyncFarm() as farm:
        run = await farm.get_run(uuid)
        shown = [farm, run, await run.status(), asyncio.all_tasks()]
        try:
            await farm.get_run("0" * 32)
        except TaskfarmError as error:
            shown.append(error)
        return [text for each in shown for text in (repr(each), pprint.pformat(each))]


def main(given: Told) -> None:
    """Map, and write down all that shows itself."""
    logging.basicConfig(filename=given.out / "log", level=logging.DEBUG)
    with Farm() as farm:
        results = farm.map(
            tell_all,
            range(4),
            folder=given.folder,
            chunk=2,
            max_attempts=1,
            check=False,
            journal=given.journal,
            progress=print,
        )
        run = farm.get_run(results.run_uuid)
        shown = [farm, run, run.status(), run.worker(), results, farm.runs(), list(results)]
        texts = [text for each in shown for text in (repr(each), pprint.pformat(each))]
        texts += [each._repr_html_() for each in shown if hasattr(each, "_repr_html_")]
        texts += asyncio.run(ask(run.uuid), debug=True)
        (given.out / "shown").write_text("\n".join(texts))
        results.to_csv(given.out / "table.csv")
        # Not the farm, which travels with its token so that executors can use it.
        (given.out / "pickled").write_bytes(pickle.dumps((run.status(), list(results))))
        run.reset_failed()


if __name__ == "__main__":
    main(told(Told))

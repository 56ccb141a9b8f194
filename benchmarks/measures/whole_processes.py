"""Whole processes: `manageTF` at a server, what imports cost, and what is imported."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping

from benchmarks.rounds import alternate, ratio, spread, timed
from benchmarks.rows import Row, at_most, missing
from benchmarks.servers import embedded
from benchmarks.setting import Setting

IMPORTS = ("import taskfarm_sdk", "from taskfarm_sdk import Farm")
# What has no business in a program that only makes a Farm.
UNWELCOME = ("rich", "asyncio", "anyio", "click", "taskfarm_sdk.aio", "taskfarm_sdk.execution")
LIST = "import sys; print(*sorted(sys.modules))"


def measure(setting: Setting) -> Iterator[Row]:
    """Start them in turns."""
    yield from _manage(setting)
    yield from _import_times(setting)
    yield from _imported(setting)
    yield from _imported_by_commands(setting)


def _manage(setting: Setting) -> Iterator[Row]:
    ours = setting.peers.program("sdk", "manageTF")
    theirs = setting.peers.program("taskfarm-worker", "manageTF")
    with embedded() as place, tempfile.TemporaryDirectory() as home:
        runs = [place.farm.create_run(10) for _ in range(10)]
        environment = _without_settings() | {"HOME": home, "XDG_CONFIG_HOME": home}
        account = ["-b", place.url, "-u", place.server.user]
        _run([ours, *account, "-p", place.server.password, "--login"], environment)
        for words in (["-l"], ["-i", runs[0].uuid]):
            sides = {
                "manageTF": [ours, "-b", place.url, *words],
                "theirs": [theirs, *account, "-p", place.server.password, *words],
                "theirs, given a token": [
                    *(theirs, "-b", place.url, "-u", place.token, "-p", ""), *words
                ],
                "bare Python": [setting.peers.program("sdk"), "-c", "pass"],
            }  # fmt: skip
            samples = alternate(_started(sides, environment), 2 * setting.rounds)
            found = ratio(samples["manageTF"], samples["theirs"])
            target, reached = at_most(found, 0.5)
            with_token = ratio(samples["manageTF"], samples["theirs, given a token"])
            yield Row(
                what=f"manageTF {words[0]}, logged in, whole process",
                against="taskfarm-worker's, with user and password",
                figure=f"{found} x",
                target=f"{target} x",
                reached=reached,
                note=f"{_ms(samples['manageTF'])} against {_ms(samples['theirs'])}; beside theirs "
                f"with a token for user {with_token} x; bare Python {_ms(samples['bare Python'])}",
                samples=samples,
            )


def _import_times(setting: Setting) -> Iterator[Row]:
    python = setting.peers.program("sdk")
    statements = (*IMPORTS, "import httpx", "pass")
    sides = {one: [python, "-c", one] for one in statements}
    samples = alternate(_started(sides, _without_settings()), 3 * setting.rounds)
    bare_s = spread(samples["pass"]).median
    for statement in IMPORTS:
        # Over bare Python, whose own time is in all of them.
        ours, httpx = (
            [max(one - bare_s, 1e-4) for one in samples[side]]
            for side in (statement, "import httpx")
        )
        found = ratio(ours, httpx)
        target, reached = at_most(found, 1.2)
        yield Row(
            what=f"{statement}, whole process over bare Python",
            against="import httpx",
            figure=f"{found} x",
            target=f"{target} x",
            reached=reached,
            note=f"{_ms(ours)} against {_ms(httpx)} over {1e3 * bare_s:.0f} ms",
            samples={side: samples[side] for side in (statement, "import httpx", "pass")},
        )


def _imported(setting: Setting) -> Iterator[Row]:
    for statement in IMPORTS:
        loaded = _modules(setting, statement)
        found = [name for name in UNWELCOME if name in loaded]
        models = sum(name.startswith("taskfarm_api.models.") for name in loaded)
        yield Row(
            what=f"modules loaded by {statement}",
            against="rich, asyncio, a command line of httpx, aio, execution",
            figure=f"{len(found)} of them",
            target="0",
            reached=not found,
            note=f"{len(loaded)} modules in all, {models} generated models, ssl "
            f"{'too' if 'ssl' in loaded else 'not'}; unwelcome: {', '.join(found) or 'none'}",
        )


def _modules(setting: Setting, statement: str) -> set[str]:
    said = _run([setting.peers.program("sdk"), "-c", f"{statement}; {LIST}"], _without_settings())
    return set(said.split())


def _imported_by_commands(setting: Setting) -> Iterator[Row]:
    program = setting.peers.program("sdk", "manageTF")
    python = setting.peers.program("sdk")
    for option in ("--help", "--version"):
        what = f"manageTF {option}, whole process"
        environment = _without_settings()
        tried = subprocess.run(
            [python, "-X", "importtime", program, option],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if tried.returncode != 0:
            yield missing(what, "python -c pass", "this manageTF does not know it")
            continue
        sides = {"manageTF": [program, option], "python -c pass": [python, "-c", "pass"]}
        samples = alternate(_started(sides, environment), 2 * setting.rounds)
        loads_httpx = any(
            line.rpartition("|")[2].strip() == "httpx" for line in tried.stderr.splitlines()
        )
        yield Row(
            what=what,
            against="python -c pass",
            figure=f"httpx is {'' if loads_httpx else 'not '}imported",
            target="httpx is not imported",
            reached=not loads_httpx,
            note=f"{ratio(*samples.values())} x: {_ms(samples['manageTF'])} against "
            f"{_ms(samples['python -c pass'])}",
            samples=samples,
        )


def _started(
    sides: Mapping[str, list[str]], environment: dict[str, str]
) -> dict[str, Callable[[], float]]:
    return {
        side: timed(lambda command=command: _run(command, environment))  # type: ignore[misc]
        for side, command in sides.items()
    }


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout


def _without_settings() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("TASKFARM_", "PYTHON"))}


def _ms(values: list[float]) -> str:
    return f"{spread([1e3 * one for one in values])} ms"

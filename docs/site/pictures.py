"""The site's pictures, drawn anew by the real programs: `python -m docs.site.pictures FOLDER`."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

from docs.site.screens import Screen, picture
from taskfarm_sdk import Farm, Run, logins
from taskfarm_sdk.testing import LocalServer
from tests.support.chromium import Browser, Page

COLUMNS = 84
BIN = Path(sys.executable).parent
WIDTH = 900
NODES = 3


def show(words: list[str], until: Callable[[], bool] = lambda: False) -> Screen:
    """Return what a command draws on a terminal, up to its end or until something is so.

    Args:
        words: the command.
        until: returns whether enough was drawn; asked after each part.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    screen = Screen(COLUMNS)
    screen.draw(f"\x1b[1m$ {' '.join(words)}\x1b[0m\r\n")
    program = [str(BIN / words[0]), *words[1:]]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    process = subprocess.Popen(program, stdin=its, stdout=its, stderr=its, env=env)
    os.close(its)
    try:
        while not until():
            try:
                screen.draw(os.read(ours, 1 << 16).decode(errors="replace"))
            except OSError:  # it has ended
                break
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return screen


def save(folder: Path, name: str, screen: Screen, title: str) -> None:
    """Write the picture of a screen."""
    text = picture(screen.lines(), screen.columns, title)
    (folder / name).write_text(text, encoding="utf-8")


def work_slowly(run: Run) -> None:
    """Complete a run's tasks one after the other, a few of them not."""
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            time.sleep(0.04)
            if task.number % 60 == 17:
                task.fail("no data", final=True)
            else:
                task.complete()


def work_on_nodes(run: Run) -> None:
    """Work a run off as a few nodes do, each with a journal of its own and some failures."""
    command = "sleep 0.$(({task} % 7 + 2)); test $(({task} % 40)) != 17"
    words = ["-j", "2", "--journal", "journal", "--max-attempts", "1", run.uuid, "--"]
    argv = [str(BIN / "workTF"), *words, "sh", "-c", command]
    nodes = [subprocess.Popen(argv, stderr=subprocess.DEVNULL) for _ in range(NODES)]
    for node in nodes:
        node.wait()
    # Not the name of whose machine this is.
    for number, path in enumerate(sorted(Path("journal").iterdir()), start=1):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        named = [json.dumps({**line, "host": f"node{number}"}) + "\n" for line in lines]
        path.write_text("".join(named), encoding="utf-8")


def draw_watch(folder: Path, farm: Farm) -> None:
    """Draw a run that is being computed, as manageTF shows it on a terminal."""
    run = farm.create_run(200)
    worker = threading.Thread(target=work_slowly, args=(run,))
    worker.start()
    watched = show(["manageTF", "--watch", run.uuid], lambda: run.status().done > 130)
    save(
        folder, "watch.svg", watched, "manageTF --watch: a bar, counts, the rate and the time left"
    )
    worker.join()


def draw_info(folder: Path, farm: Farm) -> None:
    """Draw a finished run, as manageTF shows it on a terminal."""
    run = farm.create_run(50)
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            if task.number == 17:
                task.fail("no data", final=True)
            else:
                task.complete()
    info = show(["manageTF", "--info", run.uuid])
    save(folder, "info.svg", info, "manageTF --info: a finished run of which a task failed")


def draw_work(folder: Path) -> None:
    """Draw what workTF shows on a terminal."""
    words = ["workTF", "--create", "-j", "2", "--max-attempts", "1", ":::", "one", "two", "three"]
    worked = show([*words, "--", "test", "{}", "!=", "two"])
    save(folder, "work.svg", worked, "workTF: a run of three tasks, one of which failed")


def draw_pages(folder: Path, farm: Farm) -> None:
    """Draw the report of a run, and its page in viewTF; needs Chromium."""
    run = farm.create_run(120)
    work_on_nodes(run)
    report = Path("report.html").absolute()
    words = ["--report", str(report), run.uuid, "--journal", "journal"]
    subprocess.run([BIN / "manageTF", *words], check=True)
    with Browser() as browser, browser.page(WIDTH) as page:
        page.go(report.as_uri())
        page.wait_for("How long")
        shoot(page, folder / "report.png", 1030)
    view = subprocess.Popen(
        [BIN / "viewTF", "--journal", "journal", run.uuid], stderr=subprocess.PIPE, text=True
    )
    try:
        assert view.stderr is not None
        address = re.search(r"http://\S+", view.stderr.readline())
        assert address is not None
        with Browser() as browser, browser.page(WIDTH) as page:
            page.go(address[0])
            page.wait_for("Of 120 tasks")
            shoot(page, folder / "view.png", 880)
    finally:
        view.terminate()
        view.wait()


def shoot(page: Page, file: Path, height: int) -> None:
    """Write a picture of the upper part of a page, at three quarters of its size."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 0.75}
    found = page.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    file.write_bytes(base64.b64decode(found["data"]))


def main(folder: Path) -> None:
    """Start a server, and draw everything."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"TASKFARM_CONFIG": home, "XDG_STATE_HOME": home, "XDG_DATA_HOME": home}
        os.chdir(home)
        with LocalServer() as server, server.farm() as farm:
            logins.save_login(server.url, server.user, farm.login())
            draw_watch(folder, farm)
            draw_info(folder, farm)
            draw_work(folder)
            draw_pages(folder, farm)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())

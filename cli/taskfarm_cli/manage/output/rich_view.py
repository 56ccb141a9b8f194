"""Show tables and bars on a terminal. The only module that imports rich, which is slow."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Container, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from taskfarm_cli.common import bars
from taskfarm_cli.common.forecast import Forecast
from taskfarm_cli.common.terminal import columns, lines
from taskfarm_cli.common.text import counted, percentage, printable, wrapped
from taskfarm_cli.manage.advice import advice
from taskfarm_cli.manage.output.history import block
from taskfarm_cli.manage.output.plain import Plain
from taskfarm_cli.manage.output.run_table import Table as RunTable
from taskfarm_cli.manage.picture import grid_of, head_of, legend_of
from taskfarm_cli.manage.rows import Line, chosen, table
from taskfarm_cli.manage.standing import Row, Standing
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunItems, RunNote
    from taskfarm_cli.manage.output.base import Board, Identity
    from taskfarm_cli.manage.output.wording import Wording
    from taskfarm_cli.manage.picture import Picture
    from taskfarm_cli.manage.run_list import RunList
    from taskfarm_sdk import Run, RunStatus, TaskInfo, TaskState
    from taskfarm_sdk.logins import Login

# A UUID must stay in one piece to be copied; a narrower terminal wraps the lines itself.
LEAST_WIDTH = 60
_PERCENT = len("100.0 %")
REFRESHES_PER_S = 4

_STYLES: dict[TaskState, str] = {
    "waiting": "dim",
    "computing": "",
    "done": "green",
    "failed": "bold red",
}
_STANDINGS = {
    Standing.WAITING: "dim",
    Standing.COMPUTING: "",
    Standing.STALE: "yellow",
    Standing.FINISHED: "green",
    Standing.FAILED: "bold red",
    Standing.DELETED: "bold red",
    Standing.UNREADABLE: "bold red",
}
_ACCEPTED = {True: "yes", False: "no", None: "unknown"}


class View:
    """Shows tables and bars on stdout.

    Args:
        wording: the mode's texts.
        baseurl: the URL given with -b, for the commands in advice.
    """

    def __init__(self, wording: Wording, baseurl: str | None = None) -> None:
        self._wording = wording
        self._baseurl = baseurl
        self._console = Console(highlight=False, markup=False, emoji=False)
        # Set only if needed: a width that is set no longer follows the terminal's.
        if self._console.width < LEAST_WIDTH:  # noqa: PLR1730
            self._console.width = LEAST_WIDTH

    def runs(self, listed: RunList) -> None:
        """Show a table of the runs, and the progress of the newest that the screen holds."""
        if not listed.runs:
            self._console.print("no unfinished runs" if listed.is_read else "no runs")
            return
        table = RunTable(listed.runs, listed.notes(), _width(), time.time(), glyphs=self._glyphs)
        number = len(listed.runs)
        if not listed.is_read:
            # The last line is the shell's.
            number = min(number, table.columns.rows(lines(sys.stdout) - 1))
        older = len(listed.runs) - number
        if older:
            self._print((table.head(), "bold"))
            for line in table.older(older):
                print(line)  # as rich would print it, and much sooner
        # Also below the older runs, for the first head is no longer on the screen.
        self._print((table.head(), "bold"))
        for parts in table.newest(number, listed.statuses(number)):
            self._print(*parts)

    def history(self, notes: Sequence[RunNote]) -> None:
        """Show a few lines about each run that was created here."""
        for note in notes:
            head, *others = block(note, _width())
            self._print((head, "bold"))
            for line in others:
                print(line)
        if not notes:
            self._console.print("no run was created here")

    def _print(self, *parts: tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def run(self, run: Run, status: RunStatus, items: RunItems | None = None) -> None:
        """Show the status of the run, with advice if something is wrong."""
        self._console.print(self._standing(run, status, items))
        if self._wording.advises:
            kept_in = None if items is None else items.kept_in
            for line in advice(run, status, self._baseurl, kept_in):
                self._say(line, style="dim")

    def follow(
        self, run: Run, statuses: Iterable[RunStatus], items: RunItems | None = None
    ) -> RunStatus | None:
        """Show the run while it changes, and leave its last status."""
        if self._console.is_dumb_terminal:
            # Lines cannot be drawn again there.
            return Plain().follow(run, statuses)
        status: RunStatus | None = None
        seen = Forecast(None if items is None else items.chunks)

        def frame() -> RenderableType:
            if status is None:
                return ""
            return Group(self._standing(run, status, items), _going(seen, status))

        try:
            with self._live(frame) as live:
                for status in statuses:
                    seen.add(time.monotonic(), status)
                    live.refresh()
        finally:
            if status is not None:
                self.run(run, status, items)
        return status

    @contextmanager
    def board(self) -> Generator[Board]:
        """Return what shows a line for each of several runs, and leaves the last ones."""
        if self._console.is_dumb_terminal:
            with Plain().board() as plain:
                yield plain
            return
        shown = _Board(self._console, self._glyphs)
        try:
            with self._live(shown.frame) as live:
                shown.refresh = live.refresh
                yield shown
        finally:
            self._console.print(shown.frame())

    def created(self, run: Run) -> None:
        """Print only the new run's UUID."""
        self._console.print(run.uuid)

    def tasks(self, run: Run, infos: Iterable[TaskInfo]) -> None:
        """Show a table of tasks, each row as soon as it is read.

        rich's own table would show nothing before the last row.
        """
        width = max(4, len(str(run.num_tasks)))
        count = 0
        for count, info in enumerate(infos, 1):
            if count == 1:
                head = f"{'TASK':>{width}}  {'STATE':<9}  {'DONE':>7}  ATTEMPTS"
                self._console.print(Text(head, style="bold"))
            self._console.print(_task(info, width))
        if not count:
            self._console.print("no such tasks")

    def picture(self, run: Run, picture: Picture) -> None:
        """Show the picture as wide as the terminal, in colours."""
        width = _width()
        grid = grid_of(picture, width - 1)
        drawn = [Text(line) for line in head_of(run, picture, grid, width)]
        drawn[0].stylize("bold")
        for row in grid.rows:
            number, _, cells = row.rpartition(" ")
            drawn.append(Text.assemble((f"{number} ", "dim"), *bars.styled(cells)))
        drawn += [Text(line, style="dim") for line in legend_of(grid, width)]
        for line in drawn:
            self._console.print(line, soft_wrap=True)

    def changed(self, run: Run, count: int | None = None) -> None:
        """Show what was changed."""
        tasks = "" if count is None else counted(count, self._wording.changes)
        self._say(self._wording.said.format(run.uuid, tasks))

    def login(self, login: Login) -> None:
        """Show which login was saved or removed."""
        said = self._wording.said.format(printable(login.url), printable(login.user))
        self._say(said)

    def identity(self, identity: Identity) -> None:
        """Show the user at the server."""
        table = Table.grid(padding=(0, 2))
        table.add_row("URL", printable(identity.url))
        table.add_row("user", printable(identity.user or "unknown"))
        table.add_row("credentials", identity.source or "none")
        table.add_row("accepted", _ACCEPTED[identity.accepted])
        self._console.print(table)

    @property
    def _glyphs(self) -> str:
        return bars.ASCII if self._console.options.ascii_only else bars.LINES

    @contextmanager
    def _live(self, frame: Callable[[], RenderableType]) -> Generator[Live]:
        """Draw a frame again and again inside the `with` block, and remove it at its end."""
        with (
            _cursor_kept(),
            Live(
                get_renderable=frame,
                console=self._console,
                refresh_per_second=REFRESHES_PER_S,
                transient=True,
            ) as live,
        ):
            yield live

    def _standing(self, run: Run, status: RunStatus, items: RunItems | None) -> RenderableType:
        percent = f"{bars.percent(status):>{_PERCENT}}"
        title = Text.assemble((f"run {run.id}", "bold"), f"  {run.uuid}")
        width = max(0, self._console.width - len(percent) - 1)
        bar = _coloured(bars.bar(status, width, self._glyphs))
        return Group(title, bar.append(f" {percent}"), _counts(run, status, items))

    def _say(self, text: str, style: str = "") -> None:
        # Broken here, not by rich, so that commands stay in one piece.
        self._console.print(Text(wrapped(text, self._console.width), style=style), soft_wrap=True)


def _width() -> int:
    # rich takes 80 columns for granted where a terminal is dumb.
    return max(LEAST_WIDTH, columns(sys.stdout))


@contextmanager
def _cursor_kept() -> Generator[None]:
    """Restore the terminal's cursor on SIGTERM (`timeout 60 manageTF --watch …`) too."""

    def end(number: int, _: object) -> None:
        os.write(sys.stdout.fileno(), b"\x1b[?25h\n")
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _counts(run: Run, status: RunStatus, items: RunItems | None) -> Text:
    count = None if items is None else items_done(items.chunks, status)
    tasks = printable(run.num_tasks_text)
    words = [
        f"{status.waiting} waiting",
        f"{status.computing} computing",
        f"{status.done} of {tasks if count is None else counted(tasks, 'task')} done",
    ]
    text = Text("   ".join(words), overflow="fold")
    if status.failed:
        failed = status.failed if count is None else counted(status.failed, "task")
        text.append(f"   {failed} failed", style="bold red")
    elif status.finished:
        text.append("   finished", style="bold green" if status.succeeded else "bold")
    return text if count is None else text.append(f"\n{count}")


def _task(info: TaskInfo, width: int) -> Text:
    done = percentage(info.percent_completed) or "-"
    return Text.assemble(
        f"{info.number:>{width}}  ",
        (f"{info.state:<9}", _STYLES[info.state]),
        f"  {done:>7}  {info.attempts:>8}",
    )


def _going(seen: Forecast, status: RunStatus) -> Text:
    if status.finished:
        return Text("")
    estimate = seen.estimate()
    if estimate is not None:
        left = estimate.left_text(time.monotonic())
        return Text(f"{estimate.rate_text()}   {left}" if left else "", style="dim")
    return Text("no progress in the last 2 minutes" * seen.stands_still(), style="dim")


def _coloured(text: str) -> Text:
    """Return a text whose characters have the colours of what they stand for."""
    return Text.assemble(*bars.styled(text), no_wrap=True)


class _Board:
    """Draws a line for each of several runs.

    Args:
        console: the terminal.
        glyphs: what bars consist of.
    """

    def __init__(self, console: Console, glyphs: str) -> None:
        self._console = console
        self._glyphs = glyphs
        self._rows: Sequence[Row] = ()
        self.refresh: Callable[[], None] = lambda: None

    def show(self, rows: Sequence[Row], changed: Row) -> None:  # noqa: ARG002 - as Board has it
        """Show all runs."""
        self._rows = rows
        self.refresh()

    def shown(self) -> Container[str]:
        """Return the UUIDs of the runs that have a line of their own."""
        return {row.run.uuid for row in chosen(self._rows, self._lines)}

    def frame(self) -> RenderableType:
        """Return the lines."""
        drawn = table(
            self._rows,
            columns=self._console.width,
            lines=self._lines,
            now=time.monotonic(),
            glyphs=self._glyphs,
        )
        return Group(*map(_line, drawn))

    @property
    def _lines(self) -> int:
        # The cursor has a line of its own.
        return max(2, self._console.height - 1)


def _line(line: Line) -> Text:
    if line.standing is None:
        return Text(str(line), style="dim", no_wrap=True)
    return Text.assemble(
        (f"{line.begin} ", "bold"),
        *bars.styled(f"{line.bar} " if line.bar else ""),
        f"{line.middle} ",
        (line.end, _STANDINGS[line.standing]),
        no_wrap=True,
    )

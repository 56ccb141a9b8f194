"""Serve the page: put its parts together, and run them in uvicorn."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.view.app import Setting, View
from taskfarm_cli.view.journals import Journals
from taskfarm_cli.view.keys import Keys
from taskfarm_cli.view.observer import Observer
from taskfarm_cli.view.opening import Opening
from taskfarm_cli.view.results import ResultsFolder
from taskfarm_cli.view.rules import hosts_of
from taskfarm_cli.view.sockets import address_of, bind
from taskfarm_cli.view.sources import Sources
from taskfarm_cli.view.steering import Steering

if TYPE_CHECKING:
    from taskfarm_cli.view.arguments import Arguments
    from taskfarm_sdk import Farm

# Streams end at once when they are told; a request of an action may last longer.
END_S = 2
BACKLOG = 128
_MOST_HEADER_BYTES = 1 << 20


class _Server(uvicorn.Server):
    """A server that tells the pages before it waits for them to go."""

    def __init__(self, config: uvicorn.Config, end: Callable[[], None]) -> None:
        super().__init__(config)
        self._end = end

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._end()
        super().handle_exit(sig, frame)


def serve(arguments: Arguments, farm: Farm, start: str, say: Callable[[str], None]) -> None:
    """Serve the page until a signal ends it.

    Args:
        arguments: the command line.
        farm: the server that the page shows.
        start: what is shown first, below the place of all pages.
        say: prints a line.

    Raises:
        CommandError: the page cannot be served there.
        UsageError: a folder is not what it is to be.
        ConfigurationError: the results folder may not be trusted.
        KeyboardInterrupt: a signal ended it.
    """
    sources = _sources(arguments)
    with ExitStack() as stack:
        sockets = [stack.enter_context(one) for one in bind(arguments.host, arguments.port)]
        pages = Invitations(address_of(arguments.host, sockets[0]), say)
        setting = Setting(
            url=farm.url,
            keys=pages.keys,
            hosts=hosts_of(arguments.host, socket.gethostname(), arguments.allow_host),
            port=sockets[0].getsockname()[1],
            start=start,
            allow_actions=arguments.allow_actions,
            on_admitted=pages.next,
        )
        observer = Observer(farm, sources)
        view = View(setting, observer, Steering(farm, observer))
        # From here on the address can be opened: a connection waits until it is answered.
        for one in sockets:
            one.listen(BACKLOG)
        _warn(arguments, say)
        with closing(pages):
            # The same exception as Ctrl-C, so that both end it in the same way.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            pages.first(in_browser=arguments.open)
            _Server(_config(view), view.end).run(sockets=sockets)


class Invitations:
    """The addresses that let browsers in, one after the other.

    Args:
        origin: the beginning of each.
        say: prints a line.
    """

    def __init__(self, origin: str, say: Callable[[str], None]) -> None:
        self.keys = Keys()
        self._origin = origin
        self._say = say
        self._opening: Opening | None = None

    @property
    def address(self) -> str:
        """The address for the next browser."""
        return f"{self._origin}/{self.keys.place}/enter?token={self.keys.token.reveal()}"

    def first(self, *, in_browser: bool) -> None:
        """Print the first address, and open it in a browser if that is wanted."""
        self._say(f"open {self.address}")
        self._say("it lets one browser in; Ctrl-C ends viewTF")
        if not in_browser:
            return
        try:
            self._opening = Opening(self.address)
        except OSError as error:  # a full disk
            self._say(
                f"no browser can be opened ({error.strerror or error}): open the address above "
                "yourself"
            )
            return
        if not self._opening.show():
            self._say("no browser was found: open the address above yourself")

    def next(self) -> None:
        """Print the next address."""
        self.close()
        self._say(f"a browser was let in; for another one open {self.address}")

    def close(self) -> None:
        """Remove what leads a browser to an address."""
        if self._opening is not None:
            self._opening.remove()
            self._opening = None


def _sources(arguments: Arguments) -> Sources:
    results = None if arguments.results is None else ResultsFolder(Path(arguments.results))
    if arguments.journal is not None and not Journals.is_folder(arguments.journal):
        raise UsageError(
            f"--journal {arguments.journal!r} is no folder: give the one that the workers write to "
            "(workTF --journal, run.worker(journal=…))"
        )
    journals = None if arguments.journal is None else Journals(arguments.journal)
    return Sources(journals, results)


def _warn(arguments: Arguments, say: Callable[[str], None]) -> None:
    from taskfarm_cli.view.rules import is_loopback

    if not is_loopback(arguments.host):
        say(
            "warning: others can read what is sent between browser and viewTF, also the address "
            "below; on 127.0.0.1 and through a tunnel (ssh -L) they cannot"
        )


def _config(view: View) -> uvicorn.Config:
    # Its log would contain the addresses; errors are told by the gate.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    logging.getLogger("uvicorn").propagate = False
    return uvicorn.Config(
        view.application(),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # Cookies of other programs on this host come along, some hundred of 4 kB each at most.
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        timeout_graceful_shutdown=END_S,
    )

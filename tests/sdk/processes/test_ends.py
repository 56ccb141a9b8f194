"""What ends a process, and what is a failure of what it runs."""

from __future__ import annotations

import signal
import sys
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from taskfarm_sdk._processes.signals import ends_process
from tests.support.odd_errors import ODD, repr_of


@pytest.fixture
def before() -> Iterator[None]:
    """Puts the handler of SIGUSR2 back."""
    handler = signal.getsignal(signal.SIGUSR2)
    yield
    signal.signal(signal.SIGUSR2, handler)


class Leaving:
    def leave(self, *_: object) -> None:
        sys.exit(1)

    __call__ = leave


def leave(*_: object) -> None:
    sys.exit(1)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_interruptions_end_what_runs(kind: type[BaseException]) -> None:
    assert ends_process(kind(), stopping=False)


@pytest.mark.parametrize("kind", [SystemExit, CancelledError])
def test_these_end_it_only_while_it_is_to_stop(kind: type[BaseException]) -> None:
    assert ends_process(kind(), stopping=True)
    assert not ends_process(kind(), stopping=False)


@pytest.mark.parametrize("odd", [*ODD, ValueError("odd")], ids=repr_of)
def test_nothing_else_ends_it(odd: BaseException) -> None:
    assert not ends_process(odd, stopping=False)


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(leave, id="function"),
        pytest.param(Leaving().leave, id="method"),
        pytest.param(Leaving(), id="object"),
        pytest.param(partial(leave, 7), id="partial"),
        pytest.param(lambda *_: sys.exit(1), id="lambda"),
    ],
)
@pytest.mark.usefixtures("before")
def test_leaving_in_a_handler_of_the_users_own_ends_it(handler: Callable[..., Any]) -> None:
    signal.signal(signal.SIGUSR2, handler)
    with pytest.raises(SystemExit) as raised:
        signal.raise_signal(signal.SIGUSR2)
    assert ends_process(raised.value, stopping=False)

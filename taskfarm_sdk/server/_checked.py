"""Checks of arguments that only this package takes."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from taskfarm_sdk import _validation
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError


def kind(name: str, value: object, wanted: type) -> None:
    """Refuse what is not of a class.

    Args:
        name: the argument's name.
        value: the argument.
        wanted: the class.
    """
    if not isinstance(value, wanted):
        raise ConfigurationError(f"{name} must be {wanted.__name__}, not {shown(value)}")


def sockets(name: str, value: Sequence[socket.socket]) -> None:
    """Refuse what are no sockets in a list or tuple."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(one, socket.socket)  # pyright: ignore[reportUnnecessaryIsInstance]
        for one in value
    ):
        raise ConfigurationError(f"{name} must be sockets in a list, not {shown(value)}")


def descriptors(name: str, value: Sequence[int]) -> None:
    """Refuse what are no file descriptors in a list or tuple."""
    if not isinstance(value, list | tuple) or not all(
        type(one) is int and one >= 0 for one in value
    ):
        raise ConfigurationError(
            f"{name} must be file descriptors, integers from 0, not {shown(value)}"
        )


def limit_s(timeout_s: float | None) -> float | None:
    """Return a time limit as a float; None for none."""
    return None if timeout_s is None else _validation.seconds("timeout_s", timeout_s, zero=True)

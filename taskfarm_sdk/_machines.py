"""Machines that share a home folder, each with a localhost of its own."""

from __future__ import annotations

import hashlib
import socket

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError


def machine_of(url: str) -> str | None:
    """Return the name of this machine for a loopback URL, which elsewhere is another server's.

    Args:
        url: the API's URL.

    Returns:
        None for a URL that means the same server everywhere, and for what is no URL.
    """
    try:
        return socket.gethostname() if _validation.is_loopback(url) else None
    except ConfigurationError:
        return None


def is_here(machine: str | None) -> bool:
    """Return whether a URL that belongs to this machine, or to none, is meant for this one."""
    return machine is None or machine == socket.gethostname()


def server_digest(url: str, machine: str | None) -> str:
    """Return a part of a file's name for a server.

    Args:
        url: the API's URL.
        machine: what `machine_of` returned for it.
    """
    key = url if machine is None else f"{machine} {url}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]

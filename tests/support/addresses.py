"""Addresses of this machine."""

from __future__ import annotations

import socket


def of_this_machine(*addresses: str) -> list[str]:
    """Return those of some addresses that can be bound here."""
    found: list[str] = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.bind((address, 0))
        except OSError:
            continue
        found.append(address)
    return found

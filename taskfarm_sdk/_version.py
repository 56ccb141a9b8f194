"""The version of the package: the one place where it stands."""

from __future__ import annotations

VERSION = "0.1.0"

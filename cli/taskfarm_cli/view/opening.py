"""Open a browser without its address on a command line, which all users of a machine can see."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from taskfarm_cli.view.markup import element
from taskfarm_sdk.hidden import Hidden

_SECRETS = ("TASKFARM_PASSWORD", "TASKFARM_TOKEN")


class Opening:
    """A file that only its owner can read, and that leads a browser to an address.

    Args:
        address: the address.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, address: str) -> None:
        # Both are for this user alone: mode 0700 and 0600.
        self._folder = Path(tempfile.mkdtemp(prefix="viewtf-"))
        self.file = self._folder / "open.html"
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="refresh", content=f"0; url={address}"),
        )
        page = element("html", head, element("body", element("a", "Open viewTF", href=address)))
        try:
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"<!DOCTYPE html>\n{page}\n")
        except OSError:
            self.remove()
            raise

    def show(self) -> bool:
        """Open the browser, and return whether there is one."""
        import webbrowser

        with suppress(OSError, webbrowser.Error), _without_credentials():
            return webbrowser.open(self.file.as_uri())
        return False

    def remove(self) -> None:
        """Remove the file."""
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def _without_credentials() -> Generator[None]:
    """Keep the credentials for the farm from a process that is started in the `with` block."""
    kept = {name: Hidden(os.environ.pop(name)) for name in _SECRETS if name in os.environ}
    try:
        yield
    finally:
        for name, secret in kept.items():
            os.environ[name] = secret.reveal()

"""Choose between plain lines, JSON documents and the terminal view."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from taskfarm_cli.common.terminal import is_terminal

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_cli.manage.output.wording import Wording


def choose(wording: Wording, *, json: bool, plain: bool, baseurl: str | None = None) -> Output:
    """Return the output that was requested, or the one that suits stdout."""
    if json:
        from taskfarm_cli.manage.output.documents import Documents

        return Documents(wording)
    if plain or not is_terminal(sys.stdout):
        from taskfarm_cli.manage.output.plain import Plain

        return Plain()
    from taskfarm_cli.manage.output.rich_view import View

    return View(wording, baseurl)

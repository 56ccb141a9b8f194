"""Parts of waitress that are not its API, and that the server uses or replaces."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk.server import _failures
from taskfarm_sdk.server._serving import connections, loop
from taskfarm_sdk.server._serving.with_waitress import WAITRESS, _require_release

ROOT = Path(__file__).parents[3]
CHANGED = (
    "waitress has changed in a part that taskfarm_sdk/server/_serving/ uses or "
    "replaces: compare the releases, adapt it, and change the release everywhere that this module "
    "names"
)
# The arguments of each function that is replaced or called, and the words that must be in it,
# because a function replaced relies on them.
FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "adjustments.Adjustments.__init__": ("self kw", ("Unknown adjustment",)),
    "parser.HTTPRequestParser.__init__": ("self adj", ("self.adj = adj",)),
    "parser.HTTPRequestParser.received": (
        "self data",
        (
            "self.parse_header(header_plus)",
            "except ParsingError",
            "self.header_plus = s",
            "self.body_bytes_received += consumed",
            "self.content_length >= max_body",
            "self.error = RequestEntityTooLarge(",
        ),
    ),
    "parser.HTTPRequestParser.parse_header": ("self header_plus", ("self.request_uri =",)),
    "channel.HTTPChannel.__init__": ("self server sock addr adj map", ("self.sendbuf_len =",)),
    "channel.HTTPChannel.readable": ("self", ("self.total_outbufs_len",)),
    "channel.HTTPChannel.writable": ("self", ("self.will_close",)),
    "channel.HTTPChannel.handle_read": ("self", ("self.received(data)",)),
    "channel.HTTPChannel.received": (
        "self data",
        (
            "self.parser_class(self.adj)",
            "self.request.expect_continue",
            "self.server.add_task(self)",
            "self.request = None",
        ),
    ),
    "channel.HTTPChannel.handle_write": (
        "self",
        ("self.close_when_flushed and not self.total_outbufs_len", "self.handle_close()"),
    ),
    "channel.HTTPChannel.handle_close": ("self", ("self.connected = False",)),
    "channel.HTTPChannel.service": (
        "self",
        (
            "self.error_task_class(self, request)",
            "self.task_class(self, request)",
            "if self.connected:",
            "self.server.add_task(self)",
        ),
    ),
    "channel.HTTPChannel._flush_some": ("self do_close", ("return True", "return False")),
    "channel.HTTPChannel._flush_outbufs_below_high_watermark": (
        "self",
        ("self.total_outbufs_len > self.adj.outbuf_high_watermark",),
    ),
    "task.Task.service": ("self", ("self.start()", "self.execute()", "self.finish()")),
    "task.Task.start": ("self", ()),
    "task.Task.set_close_on_finish": ("self", ('("Connection", "close")',)),
    "task.Task.build_response_header": (
        "self",
        ('if connection == "close":', "if not self.close_on_finish:", "if self.has_body:"),
    ),
    "task.Task.write": ("self data", ("self.content_bytes_written += len(towrite)",)),
    "task.ErrorTask.execute": ("self", ("e.to_response(ident)", "self.set_close_on_finish()")),
    "server.BaseWSGIServer.__init__": (
        "self application map _start _sock dispatcher adj sockinfo bind_socket kw",
        ("self.task_dispatcher = dispatcher", "self.trigger = trigger.trigger(map)"),
    ),
    "server.BaseWSGIServer.handle_accept": ("self", ("self.channel_class(",)),
    "server.BaseWSGIServer.maintenance": ("self now", ()),
    "server.BaseWSGIServer.pull_trigger": ("self", ()),
    "server.UnixWSGIServer.__init__": (
        "self application map _start _sock dispatcher adj sockinfo kw",
        (),
    ),
    "trigger._triggerbase.pull_trigger": ("self thunk", ("self._physical_pull()",)),
    "utilities.Error.to_response": ("self ident", ("self.body",)),
    "wasyncore.poll2": ("timeout map", ()),
    "wasyncore.close_all": ("map ignore_all", ()),
    "wasyncore.dispatcher.del_channel": ("self map", ()),
    "wasyncore.dispatcher.handle_expt": ("self", ()),
    "wasyncore.dispatcher.handle_error": ("self", ()),
}


def part(name: str) -> Any:
    """Return a part of waitress."""
    module, *path = name.split(".")
    found: Any = importlib.import_module(f"waitress.{module}")
    for one in path:
        found = getattr(found, one, None)
    return found


def test_the_release_is_the_one_that_everything_names() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = f"waitress=={WAITRESS}"
    assert wanted in document["project"]["optional-dependencies"]["server"], CHANGED
    assert wanted in (ROOT / "constraints.txt").read_text(encoding="utf-8").split(), CHANGED
    assert f"'{wanted}'" in _failures._INSTALL_ELSEWHERE, CHANGED
    assert importlib.metadata.version("waitress") == WAITRESS, CHANGED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_used_of_waitress_is_as_it_was(name: str) -> None:
    arguments, words = FUNCTIONS[name]
    function = part(name)
    assert function is not None, f"{CHANGED}: {name} is gone"
    assert " ".join(inspect.signature(function).parameters) == arguments, f"{CHANGED}: {name}"
    source = inspect.getsource(function)
    missing = [word for word in words if word not in source]
    assert not missing, f"{CHANGED}: {name} has no {missing}"


def test_what_replaces_a_part_of_waitress_is_compared() -> None:
    ours = {
        f"{base.__module__.removeprefix('waitress.')}.{base.__qualname__}.{name}"
        for module in (connections, loop)
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
        for name in vars(kind)
        for base in kind.__mro__[1:]
        if base.__module__.startswith("waitress.") and inspect.isfunction(vars(base).get(name))
    }
    assert ours
    inherited = {name for name in ours if name.startswith("wasyncore.")}
    assert ours - inherited <= set(FUNCTIONS)


@pytest.mark.parametrize("attribute", ["command", "request_uri", "version", "path"])
def test_a_request_has_what_the_access_log_shows(attribute: str) -> None:
    assert re.search(
        rf"self\.{attribute}\b", inspect.getsource(part("parser.HTTPRequestParser"))
    ), CHANGED


def test_another_release_is_refused_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "9.9")
    with pytest.raises(ImportError, match=rf"waitress {WAITRESS} is needed, but 9\.9 is installed"):
        _require_release()

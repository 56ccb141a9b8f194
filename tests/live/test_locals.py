"""Local variables of servers that do not start, as a traceback tool shows them: no secret."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.common import guard
from taskfarm_cli.serve.main import main as serve_tf
from taskfarm_sdk import ConfigurationError
from taskfarm_sdk.testing import LocalServer
from tests.support.locals_shown import lines_that_show, shown_with_locals
from tests.support.secrecy import PASSWORD

pytestmark = pytest.mark.live
# Nobody listens there.
ABSENT = f"postgresql://me:{PASSWORD}@127.0.0.1:1/name"


@pytest.fixture
def _signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("python", "url"),
    [
        pytest.param(None, ABSENT, id="no-database"),
        pytest.param("/no/such/python", None, id="no-interpreter"),
        pytest.param("/bin/false", ABSENT, id="no-server"),
        pytest.param(None, f"{ABSENT}?sslmode=odd", id="odd-option"),
        pytest.param(None, f"postgresql://me:{PASSWORD}%zz@127.0.0.1:1/name", id="odd-escape"),
    ],
)
def test_no_local_server_that_does_not_start_shows_a_secret(
    python: str | None, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server = LocalServer(python=python, database_url=url)
    secrets = [PASSWORD, server.password, server._secrets.key]
    with pytest.raises(ConfigurationError) as raised:
        server.start()
    assert lines_that_show(shown_with_locals(raised.value), secrets) == []


@pytest.mark.usefixtures("_signals")
def test_no_servetf_that_does_not_start_shows_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    errors: list[Exception] = []

    def note(error: Exception) -> str:
        errors.append(error)
        return "failed"

    monkeypatch.setattr(guard, "_told", note)
    words = ["--port", "0", "--data", str(tmp_path), "--database-url", ABSENT]
    kept = {"secret-key": "a-key-of-this-folder", "password-taskfarm": "a-password-of-this-folder"}
    for name, secret in kept.items():
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    assert serve_tf(words) == 1
    assert "127.0.0.1:1/name" in str(errors[0])
    assert lines_that_show(shown_with_locals(errors[0]), [PASSWORD, *kept.values()]) == []

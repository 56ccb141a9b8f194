"""The secrets of the page."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from taskfarm_cli.view.keys import MOST_SESSIONS, Keys
from taskfarm_cli.view.opening import Opening
from taskfarm_cli.view.serve import Invitations
from taskfarm_sdk.hidden import Hidden


def let_in(keys: Keys) -> str:
    session = keys.admit(keys.token)
    assert session is not None
    return session.reveal()


def test_a_token_lets_one_browser_in_once() -> None:
    keys = Keys()
    token = keys.token.reveal()
    session = keys.admit(Hidden(token))
    assert session is not None
    assert keys.knows(session.reveal())
    assert keys.admit(Hidden(token)) is None
    assert keys.token.reveal() != token


@pytest.mark.parametrize("token", ["", "x", "ü", "\ud800"])
def test_a_wrong_token_lets_nobody_in_and_uses_nothing_up(token: str) -> None:
    keys = Keys()
    assert keys.admit(Hidden(token)) is None
    assert let_in(keys)


@pytest.mark.parametrize("session", ["", "x", "ü", "\ud800"])
def test_a_cookie_that_was_not_given_out_is_not_known(session: str) -> None:
    keys = Keys()
    assert not keys.knows(session)
    let_in(keys)
    assert not keys.knows(session)


def test_the_token_is_no_cookie() -> None:
    keys = Keys()
    token = keys.token.reveal()
    let_in(keys)
    assert not keys.knows(token)
    assert not keys.knows(keys.token.reveal())


def test_a_form_of_one_browser_is_refused_from_another() -> None:
    keys = Keys()
    one, other = let_in(keys), let_in(keys)
    secret = keys.form_secret(one)
    assert keys.is_form_secret(one, secret)
    assert not keys.is_form_secret(other, secret)
    assert not keys.is_form_secret(one, Hidden(one))
    assert not keys.is_form_secret(one, Hidden(""))


def test_the_secrets_of_one_process_are_not_those_of_the_next() -> None:
    one, other = Keys(), Keys()
    session = let_in(one)
    assert one.place != other.place
    assert not other.knows(session)
    assert not other.is_form_secret(session, one.form_secret(session))


def test_the_oldest_browser_is_forgotten_among_many() -> None:
    keys = Keys()
    sessions = [let_in(keys) for _ in range(MOST_SESSIONS + 1)]
    assert not keys.knows(sessions[0])
    assert keys.knows(sessions[1])
    assert keys.knows(sessions[-1])


def test_no_secret_is_shown_where_the_keys_are() -> None:
    keys = Keys()
    session = let_in(keys)
    shown = f"{keys!r} {vars(keys)!r}"
    assert session not in shown
    assert keys.token.reveal() not in shown


def test_what_opens_a_browser_is_a_file_for_its_owner_alone() -> None:
    address = "http://127.0.0.1:1/place/enter?token=secret"
    opening = Opening(address)
    try:
        assert address in opening.file.read_text(encoding="utf-8")
        assert opening.file.stat().st_mode & 0o777 == 0o600
        assert opening.file.parent.stat().st_mode & 0o777 == 0o700
    finally:
        opening.remove()
    assert not opening.file.parent.exists()


def test_a_browser_is_opened_by_a_file_that_does_not_name_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []

    def note(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", note)
    opening = Opening("http://127.0.0.1:1/place/enter?token=secret")
    try:
        assert opening.show()
    finally:
        opening.remove()
    assert opened == [opening.file.as_uri()]
    assert "secret" not in opened[0]


def test_the_browser_gets_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    def note(_: str) -> bool:
        seen.append({*os.environ})
        return True

    monkeypatch.setattr("webbrowser.open", note)
    for name in ("TASKFARM_PASSWORD", "TASKFARM_TOKEN", "TASKFARM_URL"):
        monkeypatch.setenv(name, "something")
    opening = Opening("http://127.0.0.1:1/place/enter?token=secret")
    try:
        assert opening.show()
    finally:
        opening.remove()
    (given,) = seen
    assert given & {"TASKFARM_PASSWORD", "TASKFARM_TOKEN", "TASKFARM_URL"} == {"TASKFARM_URL"}
    # viewTF itself may need them again.
    assert {"TASKFARM_PASSWORD", "TASKFARM_TOKEN"} <= {*os.environ}


def test_on_a_full_disk_the_address_is_told_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "fdopen", fail)
    said: list[str] = []
    invitations = Invitations("http://127.0.0.1:1", said.append)
    invitations.first(in_browser=True)
    assert said[0] == f"open {invitations.address}"
    assert said[2] == (
        "no browser can be opened (No space left on device): open the address above yourself"
    )
    assert list(tmp_path.iterdir()) == []
    invitations.close()

"""Each mode of manageTF is one record, and nothing is done that has none."""

from __future__ import annotations

import string

import pytest

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.manage.arguments import parse
from taskfarm_cli.manage.mode import Mode, Uses
from taskfarm_cli.manage.modes import INFO, MODES

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"


def words_of(mode: Mode) -> list[str]:
    """Return a command line that chooses a mode."""
    value = [] if mode.value is None else ["3"]
    return [mode.options[0], *value, *([] if mode.uses is Uses.NO_RUN else [UUID])]


def test_no_two_modes_share_a_name_or_an_option() -> None:
    options = [option for mode in MODES for option in mode.options]
    assert len(set(options)) == len(options)
    assert INFO in MODES


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_its_option_chooses_the_very_record_that_is_carried_out(mode: Mode) -> None:
    assert parse(words_of(mode)).mode is mode


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_what_a_terminal_shows_has_places_for_what_it_was_done_to(mode: Mode) -> None:
    places = [field for _, field, _, _ in string.Formatter().parse(mode.said) if field is not None]
    needed = 1 if mode.uses is Uses.CHANGES_RUN else 0
    assert needed <= len(places) <= 2
    assert (len(places) == 2) == bool(mode.counted or mode.name in {"login", "logout"})


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("option", ["--timeout-s", "--state"])
def test_an_option_that_a_mode_does_not_take_is_refused(mode: Mode, option: str) -> None:
    words = [*words_of(mode), option, "7" if option == "--timeout-s" else "done"]
    if option.removeprefix("--").replace("-", "_") in mode.takes:
        assert parse(words).mode is mode
        return
    with pytest.raises(UsageError, match=f"{option} is only valid with "):
        parse(words)

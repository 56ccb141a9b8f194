"""Farms whose waits go by a clock of the test's."""

from __future__ import annotations

from taskfarm_sdk import AsyncFarm, Farm
from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._session.link import AsyncLink, Link, new_session
from taskfarm_sdk.hidden import Hidden, hide

TIMEOUT_S = 5.0
GIVE_UP_AFTER_S = 60.0


def farm_by(
    clock: Clock,
    url: str,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    timeout_s: float = TIMEOUT_S,
    give_up_after_s: float = GIVE_UP_AFTER_S,
) -> Farm:
    """Return a `Farm` by a clock, the other arguments as its own."""
    who = Hidden(url), user, hide(password), hide(token)
    return Farm._over(Link(new_session(*who, timeout_s, give_up_after_s, clock)))


def async_farm_by(
    clock: Clock,
    url: str,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    timeout_s: float = TIMEOUT_S,
    give_up_after_s: float = GIVE_UP_AFTER_S,
) -> AsyncFarm:
    """Return an `AsyncFarm` by a clock, the other arguments as its own."""
    who = Hidden(url), user, hide(password), hide(token)
    return AsyncFarm._over(AsyncLink(new_session(*who, timeout_s, give_up_after_s, clock)))

"""Send a request with a valid token, and retry it by its rule.

The server answers 500, not 401, to a token that its key does not verify, and 500 to everything
while its database is down. One thread of a farm finds out which it is, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from taskfarm_sdk._protocol import operations
from taskfarm_sdk._sansio.retry import READ, Answer, Backoff, Look, Rule, Then
from taskfarm_sdk._sansio.steps import NOTHING, Basic, Call, Flow, exclusive, send, sleep
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import (
    AuthenticationError,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)
from taskfarm_sdk.hidden import Hidden

R = TypeVar("R")


def ask(
    farm: Session,
    make: Callable[[], Call[R]],
    rule: Rule,
    *,
    look: Look | None = None,
    until: float | None = None,
) -> Flow[R]:
    """Send a request until it is answered, and return the result.

    Args:
        farm: the session, with token and clock.
        make: creates the request of each attempt.
        rule: the rule of the retry table.
        look: reads the server's state after a failure, if the rule says so.
        until: when the last attempt may start, by the farm's clock; the farm's own limit if None.

    Raises:
        TaskfarmError: a failure that the rule does not retry, or the last one at the deadline.
    """
    backoff = _backoff(farm, until)
    renewed = False
    while True:
        token = farm.shared.token or (yield from exclusive(lambda: _first_token(farm, backoff)))
        began = farm.clock.now()
        try:
            answer = yield from _sent(farm, make(), Basic(token))
        except TaskfarmError as error:
            failure = error
        else:
            farm.shared.outage.is_over(farm.clock.now(), began)
            return answer
        if not renewed and _may_be_the_token(failure):
            check = _TokenCheck(farm, token, failure, backoff)
            renewed = yield from exclusive(check.settle)
            if renewed:
                continue
        found = yield from _after(farm, failure, rule, backoff, look)
        if found is not None:
            return cast("R", found.value)


def login(farm: Session) -> Flow[Hidden[str]]:
    """Get a token from the server now, or check the one that is known."""
    if farm.settings.password is None:
        yield from ask(farm, operations.token, READ)
    else:
        backoff = _backoff(farm, None)
        yield from exclusive(lambda: _new_token(farm, backoff))
    return farm.shared.token or NOTHING


def _backoff(farm: Session, until: float | None) -> Backoff:
    limit = farm.deadline() if until is None else until
    return Backoff(farm.clock.now, lambda: farm.not_after(limit))


def _sent(farm: Session, call: Call[R], who: Basic) -> Flow[R]:
    if farm.hurry is not None and farm.hurry.left_s() <= 0:
        raise ConnectionFailed(
            f"no request was sent to {farm.url}, because the grace period of this process is over",
            sent=False,
            hopeless=True,
            url=farm.url,
        )
    return (yield from send(call.sent_as(who, farm.left_s)))


def _after(
    farm: Session, error: TaskfarmError, rule: Rule, backoff: Backoff, look: Look | None
) -> Flow[Answer | None]:
    """Wait, look or raise, by the rule; return an answer only if the look found one."""
    then = rule.after(error)
    if then is Then.RAISE:
        raise error
    if then is Then.UNKNOWN:
        raise _unknown(error) from error
    pause_s = backoff.pause_s(error)
    if pause_s is None:
        raise error
    if then is not Then.LOOK or look is None:
        farm.shared.outage.goes_on(farm.clock.now(), error)
        yield from sleep(pause_s)
        return None
    yield from sleep(pause_s)
    return (yield from look(error))


def _unknown(error: TaskfarmError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the reply was lost, so the server may or may not have acted: check before you try again "
        f"({error})",
        status=error.status,
        url=error.url,
        detail=error.detail,
    )


def _may_be_the_token(error: TaskfarmError) -> bool:
    return isinstance(error, AuthenticationError) or (
        isinstance(error, ServerError) and error.status == 500
    )


def _first_token(farm: Session, backoff: Backoff) -> Flow[Hidden[str]]:
    if farm.shared.token is None:
        yield from _new_token(farm, backoff)
    return farm.shared.token or NOTHING


def _new_token(farm: Session, backoff: Backoff) -> Flow[None]:
    """Get a token with the password; only this request costs the server a password hash."""
    settings = farm.settings
    who = Basic(Hidden(settings.user or ""), settings.password or NOTHING)
    while True:
        began = farm.clock.now()
        try:
            farm.shared.token = yield from _sent(farm, operations.token(), who)
        except AuthenticationError as error:
            raise AuthenticationError(
                f"{farm.url} rejected user {settings.user!r} with this password "
                f"(from {settings.source}): check both",
                status=error.status,
                url=farm.url,
                detail=error.detail,
            ) from error
        except NotFound as error:
            # Not NotFound, which callers would take as the answer to their own request.
            raise UnexpectedReply(str(error), status=404, url=error.url) from error
        except TaskfarmError as error:
            yield from _after(farm, error, READ, backoff, None)
        else:
            farm.shared.outage.is_over(farm.clock.now(), began)
            return


class _TokenCheck:
    """The check of a token after a request with it was answered 401 or 500."""

    def __init__(
        self, farm: Session, token: Hidden[str], error: TaskfarmError, backoff: Backoff
    ) -> None:
        self.farm = farm
        self.token = token
        self.error = error
        self.backoff = backoff

    def settle(self) -> Flow[bool]:
        """Return whether there is a new token to try; False means that the server failed."""
        farm = self.farm
        if farm.shared.token != self.token:
            return True
        is_bad = isinstance(self.error, AuthenticationError) or (yield from self._is_bad())
        if not is_bad:
            return False
        if farm.settings.password is None:
            raise AuthenticationError(
                f"{farm.url} rejected the token (from {farm.settings.source}): the server's key "
                "may have changed, or the token is from another server; log in again: "
                f"`manageTF --login -b {farm.url} -u {farm.settings.user or 'USER'}`",
                status=self.error.status,
                url=farm.url,
                detail=self.error.detail,
            ) from self.error
        yield from _new_token(farm, self.backoff)
        return True

    def _is_bad(self) -> Flow[bool]:
        farm = self.farm
        # Checked twice: a database that recovers between the two requests makes a valid token look
        # bad once.
        for _ in range(2):
            try:
                yield from _sent(farm, operations.token(), Basic(self.token))
            except AuthenticationError:
                return True
            except (ServerError, ConnectionFailed) as error:
                if error.status != 500 or not (yield from _server_is_sound(farm)):
                    return False
            else:
                return False
        return True


def _server_is_sound(farm: Session) -> Flow[bool]:
    """Log in as a user that cannot exist: 401 if the server works, 500 without its database."""
    import secrets

    nobody = Basic(Hidden(f"nobody-{secrets.token_hex(8)}"))
    try:
        yield from _sent(farm, operations.token(), nobody)
    except AuthenticationError:
        return True
    except TaskfarmError:
        return False
    return False

"""Rules of which requests a page answers: host, origin and cookie. They do no I/O."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable

import attrs

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(
    r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
)
_BLANKS = " \t"
# What a browser says of a request that a page of the same server, or the user, began.
_OWN_SITES = ("", "none", "same-origin")


@attrs.frozen
class Hosts:
    """The names under which browsers may reach the page.

    A page of another site can have its own name resolve to this machine (DNS rebinding), and would
    then be of the same origin. Its requests carry that name, which is none of these. An address
    cannot be made to resolve to another one.

    Attributes:
        names: the names and addresses, in lower case, without ports: a tunnel has another port.
        any_address: whether any IP address is accepted, for a page on all networks.
    """

    names: Collection[str]
    any_address: bool = False

    def accept(self, host: str) -> bool:
        """Return whether a request with this Host header may be answered."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = (found["six"] or found["name"]).lower()
        return name in self.names or (self.any_address and is_address(name))


def hosts_of(listens_on: str, own_name: str, more: Collection[str] = ()) -> Hosts:
    """Return the names for a page that listens on an address.

    Args:
        listens_on: the name or address that was asked for.
        own_name: the machine's name, for a page that others may open.
        more: further names, as for a tunnel or a proxy.
    """
    given = {name.lower() for name in more}
    if is_loopback(listens_on):
        return Hosts(frozenset({*LOOPBACK_NAMES, listens_on.lower(), *given}))
    is_everywhere = is_address(listens_on) and ipaddress.ip_address(listens_on).is_unspecified
    names = {*LOOPBACK_NAMES, listens_on.lower(), own_name.lower(), *given}
    return Hosts(frozenset(names), any_address=is_everywhere)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to a host."""
    if is_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def origin_fault(method: str, host: str, origin: str | None, site: str) -> str | None:
    """Return why a request is not from a page of this server, or None if it may be.

    Args:
        method: the request's method.
        host: its Host header, which was accepted.
        origin: its Origin header, or None without one.
        site: its Sec-Fetch-Site header, or an empty text without one.
    """
    if origin is not None and origin != f"http://{host}":
        return "it comes from a page of another server"
    if method in ("GET", "HEAD"):
        # What changes nothing may be opened from elsewhere: its answer stays unreadable there.
        return None
    if origin is None:
        return "it does not say which page it comes from (no Origin header)"
    if site not in _OWN_SITES:
        return "it comes from a page of another site"
    return None


def cookie_name(port: int) -> str:
    """Return the cookie's name, another one for each port: all ports of a host share cookies."""
    return f"viewtf-{port}"


def set_cookie(name: str, value: str, place: str) -> str:
    """Return the header that gives a browser its cookie, until the browser is closed.

    No script can read it, and the pages of other sites do not send it.
    """
    return f"{name}={value}; Path=/{place}/; HttpOnly; SameSite=Strict"


def cookies_of(headers: Iterable[str], name: str) -> list[str]:
    """Return the values of all cookies with a name, in the order of the Cookie headers.

    Programs on other ports of the host add cookies of their own, in whatever form, and may use this
    name too: what is no cookie is passed over.

    Args:
        headers: the values of the Cookie headers.
        name: the cookies' name.
    """
    pairs = (part.partition("=") for header in headers for part in header.split(";"))
    return [value.strip(_BLANKS) for key, _, value in pairs if key.strip(_BLANKS) == name]


SECURITY_HEADERS = {
    # No script and no style in the page itself, nothing from elsewhere, no frame around it.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # "no-referrer" would have browsers send forms with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

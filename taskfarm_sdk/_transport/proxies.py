"""The choice of the proxy for a server, from the environment.

httpx would choose it itself, but it does not support all common forms of `NO_PROXY`, and fails on
entries for other hosts: it would send credentials through an excluded proxy, or send no request.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden

_PORTS = {"http": 80, "https": 443}


def of_environment() -> Hidden[Mapping[str, str]]:
    """Return the proxies of the environment, whose URLs may contain passwords."""
    return Hidden(getproxies())


def unusable() -> ConfigurationError:
    """Return the error for a proxy's URL that cannot be used, without any part of it."""
    return ConfigurationError(
        "the environment names a proxy that cannot be used: set HTTP_PROXY, HTTPS_PROXY and "
        "ALL_PROXY to http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, and in a password "
        "write / @ : # as %2F %40 %3A %23; set NO_PROXY to the hosts to reach without a proxy"
    )


def proxy_for(url: str, proxies: Hidden[Mapping[str, str]]) -> Hidden[str] | None:
    """Return the URL of the proxy for a server, or None to connect directly.

    A server on this machine is reached directly: a proxy would look for it on its own machine.

    Args:
        url: the server's URL.
        proxies: the result of `urllib.request.getproxies`: proxies by the schemes "http", "https"
            and "all", and the value of `NO_PROXY` as "no".

    Raises:
        ConfigurationError: the proxy's URL has an '@' behind its host, as one has with a '/' in
            the password, and would be taken for the URL of another host.
    """
    parts = urlsplit(url)
    host, port = _host(parts.hostname or ""), parts.port or _PORTS.get(parts.scheme, 0)
    proxy = _named(parts.scheme, proxies)
    if proxy is None or _validation.is_loopback(url):
        return None
    if _is_excluded(host, port, proxies.reveal().get("no", "")):
        return None
    if "@" in _behind_host(proxy).reveal():
        raise unusable()
    return proxy


def _named(scheme: str, proxies: Hidden[Mapping[str, str]]) -> Hidden[str] | None:
    """Return the URL of the proxy for a scheme, or None."""
    proxy = Hidden((proxies.reveal().get(scheme) or proxies.reveal().get("all") or "").strip())
    if not proxy.reveal():
        return None
    # The scheme is optional for curl, and missing in many environments.
    return proxy if "://" in proxy.reveal() else Hidden(f"http://{proxy.reveal()}")


def _behind_host(proxy: Hidden[str]) -> Hidden[str]:
    """Return what follows host and port in a URL."""
    return Hidden("".join(re.split("[/?#]", proxy.reveal().partition("://")[2], maxsplit=1)[1:]))


def _is_excluded(host: str, port: int, no_proxy: str) -> bool:
    entries = re.split(r"[,\s]+", no_proxy.lower())
    return any(_matches(host, port, entry) for entry in entries if entry)


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    entry = entry.rpartition("://")[2]
    if (network := _network(entry)) is not None:
        return _is_in(host, network)
    name, wanted = _split(entry)
    if wanted not in ("", str(port)):
        return False
    if (network := _network(name)) is not None:
        return _is_in(host, network)
    # "*.domain", ".domain" and "domain" all mean the domain and its subdomains.
    name = name.removeprefix("*").strip(".")
    return bool(name) and _network(host) is None and f".{host}".endswith(f".{name}")


def _split(entry: str) -> tuple[str, str]:
    """Split an entry into host and port, either of which may be empty."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = entry.partition(":")
    return name, port


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _is_in(host: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False  # a name, which only the proxy resolves


def _host(name: str) -> str:
    return name.lower().rstrip(".")

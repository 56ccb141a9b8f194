"""Checks of arguments, made before anything is sent."""

from __future__ import annotations

import ipaddress
import math
import os
import re
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, Veil

MAX_TASKS = 2**31 - 1  # the server's column is a 32 bit integer on PostgreSQL
MOST_S = 1e9
LONGEST_NAME = 253
LONGEST_LABEL = 63
_UUID = re.compile(r"[0-9a-f]{32}")


def base_url(text: str | Hidden[str]) -> str:
    """Return the API's URL normalised: lower-case host, one slash at the end.

    Args:
        text: `http://` or `https://`, a host, optionally a port and a path; nothing else.

    Raises:
        ConfigurationError: the URL is invalid. The message never contains a password.
    """
    hidden = text if isinstance(text, Hidden) else Hidden(text)
    del text
    require_text("URL", hidden)
    with Veil():
        return _base_url(hidden.reveal())


def origin(url: str | Hidden[str]) -> str:
    """Return scheme, host and port of a URL; credentials are valid for one origin."""
    hidden = url if isinstance(url, Hidden) else Hidden(url)
    del url
    with Veil():
        return _origin(hidden.reveal())


def _base_url(text: str) -> str:
    parts = _split(text)
    # In the whole text, because a '/' in a password moves the '@' into the path.
    if "@" in text:
        raise ConfigurationError(
            "the URL contains a user or password, which would appear in logs: remove them from "
            "the URL, and give user and password separately"
        )
    if parts.query or parts.fragment:
        without = re.split("[?#]", text.strip())[0]
        raise ConfigurationError(f"the API's URL must not contain '?' or '#': use {shown(without)}")
    return f"{_origin(text)}{parts.path.rstrip('/')}/"


def _origin(url: str) -> str:
    parts = _split(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def is_loopback(url: str) -> bool:
    """Return whether a URL points to the local machine."""
    host = (_split(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # A server may print 0.0.0.0 as its address; a connection to it reaches this machine.
    return address.is_loopback or address.is_unspecified


def _split(url: str) -> SplitResult:
    parts = _parts(url.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"invalid URL {shown(_without_userinfo(url))}: give the API's URL, such as "
            "http://localhost:5000/api/"
        )
    if fault := _fault_of_host(parts.hostname):
        raise ConfigurationError(
            f"{shown(parts.hostname)} cannot be the name of a host ({fault}): check the URL "
            f"{shown(_without_userinfo(url))}"
        )
    return parts


def _fault_of_host(host: str) -> str:
    """Return why no host can have this name or address, or an empty text."""
    if ":" in host:
        return "" if _is_address(host.partition("%")[0]) else "it is no IPv6 address"
    if host.isascii():
        return _fault_of_name(host.removesuffix("."))
    import idna

    try:
        return _fault_of_name(idna.encode(host.removesuffix(".")).decode())
    except UnicodeError as error:
        return str(error)


def _fault_of_name(name: str) -> str:
    labels = name.split(".")
    if "" in labels:
        return "there is nothing between two of its dots" if ".." in name else "a part is empty"
    if len(name) > LONGEST_NAME or any(len(label) > LONGEST_LABEL for label in labels):
        return f"it or a part of it is too long: {LONGEST_NAME} and {LONGEST_LABEL} characters"
    if odd := re.search(r"[^A-Za-z0-9._-]", name):
        return f"it contains {odd[0]!r}"
    if len(labels) == 4 and all(map(str.isdigit, labels)) and not _is_address(name):
        return "it is no IPv4 address"
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _parts(url: str) -> SplitResult | None:
    # Returns None instead of raising: urllib's errors quote the text, and with a '/' in the
    # password they would quote a part of it as the port.
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    # urllib silently removes some characters that are invalid in a URL.
    is_odd = " " in url or "\\" in url or not url.isprintable()
    return None if port == 0 or is_odd else parts


def _without_userinfo(url: str) -> str:
    without = re.sub(r"^(\w+://)?.*@", r"\1***@", url, flags=re.DOTALL)
    # What is no port may be the password of a URL whose '@' is missing.
    return re.sub(r"^(\w+://[^/:@\[\]]*:)(?!\d*(/|$)).*", r"\1***", without, flags=re.DOTALL)


def require_text(name: str, value: object) -> None:
    """Refuse what is no text.

    Args:
        name: the argument's name.
        value: the argument. A secret is hidden; the error repeats neither.
    """
    kind = type(value.reveal()) if isinstance(value, Hidden) else type(value)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]
    if not issubclass(kind, str):
        raise ConfigurationError(f"the {name} must be a text (str), not a {kind.__name__}")


def file_name(name: str, value: object) -> str:
    """Return a path as text.

    Args:
        name: the argument's name.
        value: a text or a `PathLike` of one.

    Raises:
        ConfigurationError: it is neither, or no file can have this name.
    """
    try:
        known = os.fspath(value)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]
    except TypeError:
        known = None
    if not isinstance(known, str):
        raise ConfigurationError(f"{name} must be a path (str or os.PathLike), not {shown(value)}")
    if not known:
        raise ConfigurationError(f"{name} must be a path, not an empty text: is a variable unset?")
    try:
        encoded = os.fsencode(known)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ConfigurationError(f"{name} contains a character that no path can: {shown(known)}")
    return known


def path(name: str, text: str) -> Path:
    """Return a path of a setting, with `~` replaced by the home folder.

    A shell does this only at the beginning of a word, and no other program does it.

    Args:
        name: the setting's name, for the message.
        text: the path.

    Raises:
        ConfigurationError: it begins with `~NAME` and there is no such user, or no home folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(
            f"{name} names '{text}', but '{Path(text).parts[0]}' is no user with a home "
            "folder: give the whole path"
        ) from error


def run_uuid(text: object) -> str:
    """Return a run's uuid as the server writes it: 32 lower-case hexadecimal digits, no dashes.

    Raises:
        ConfigurationError: it is not a complete uuid.
    """
    plain = text.strip().replace("-", "").lower() if isinstance(text, str) else ""
    if not _UUID.fullmatch(plain):
        raise ConfigurationError(
            f"invalid run UUID {shown(text)}: give 32 hexadecimal digits, with or without dashes"
        )
    return plain


def number_of_tasks(value: int) -> int:
    """Return `value` if it is a valid number of tasks: 1 to 2,147,483,647."""
    # bool is a subclass of int, and True as a number of tasks is a mistake.
    if type(value) is not int or not 1 <= value <= MAX_TASKS:
        raise ConfigurationError(
            f"the number of tasks must be an integer from 1 to {MAX_TASKS:,}, not {shown(value)}"
        )
    return value


def at_least_one(name: str, value: int) -> int:
    """Return `value` if it is an integer of at least 1, and one of 64 bits."""
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"{name} must be an integer of at least 1, not {shown(value)}")
    if value > sys.maxsize:
        raise ConfigurationError(f"{name} must be at most {sys.maxsize:,}, not {shown(value)}")
    return value


def one_or_none(name: str, value: int) -> int:
    """Return `value` if it is 0 or 1."""
    if type(value) is not int or value not in (0, 1):
        raise ConfigurationError(f"{name} must be 0 or 1, not {shown(value)}")
    return value


def sound_run(uuid: str, num_tasks: int) -> None:
    """Refuse a run that another client created with an invalid number of tasks."""
    if num_tasks < 1:
        raise ConfigurationError(
            f"run {uuid} was created by another client with an invalid number of tasks and "
            f"cannot be worked on; `manageTF --delete {uuid}` removes it"
        )


def task_number(value: int, num_tasks: int) -> int:
    """Return `value` if the run has a task with this number: 0 to num_tasks - 1."""
    if type(value) is not int or not 0 <= value < num_tasks:
        raise ConfigurationError(
            f"a task's number must be an integer from 0 to {num_tasks - 1}, not {shown(value)}"
        )
    return value


def percentage(value: float) -> float:
    """Return `value` as a float if it is a percentage: finite, 0 to 100."""
    if not _is_finite(value) or not 0 <= value <= 100:
        raise ConfigurationError(f"a percentage must be a number from 0 to 100, not {shown(value)}")
    return float(value)


def flag(name: str, value: bool) -> bool:
    """Return `value` if it is True or False: to Python the text "no" is true, and so is "False"."""
    if not isinstance(value, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{name} must be True or False (a bool), not {shown(value)}")
    return value


def function(name: str, value: object) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise ConfigurationError(f"{name} must be a function, not {shown(value)}")


def exit_status(value: int | None) -> None:
    """Refuse what is neither None nor an exit status: those of Windows have 32 bits."""
    if value is not None and (type(value) is not int or not -(2**31) <= value < 2**32):
        raise ConfigurationError(
            f"exit_status must be an integer, as a command's exit status is, not {shown(value)}"
        )


def seconds(name: str, value: float, *, zero: bool = False, endless: bool = False) -> float:
    """Return `value` as a float if it is a time: positive; 0 and infinity only if allowed.

    Refuses more than `MOST_S`, for no system waits much longer: Python raises an OverflowError.
    """
    finite = _is_finite(value) or (endless and _is_endless(value))
    if not finite or value < 0 or (value == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        raise ConfigurationError(f"{name} must be a number of seconds, {least}, not {shown(value)}")
    if MOST_S < value < math.inf:
        raise ConfigurationError(
            f"{name} must be at most {MOST_S:,.0f} seconds, which is 31 years, not {shown(value)}"
        )
    return float(value)


def _is_finite(value: float) -> bool:
    """Return whether something is a number that a float can hold; True and False are none."""
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and value == math.inf

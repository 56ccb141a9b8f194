"""The order of a results folder, which says what it is for: one process makes it, all read it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any, cast

import attrs

from taskfarm_sdk._results.documents import broken, decode, encode
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import FUNCTION, ORDER
from taskfarm_sdk._version import VERSION
from taskfarm_sdk.errors import ConfigurationError

FORMAT = 1
_KINDS: dict[str, tuple[type, ...]] = {
    "server_url": (str,),
    "run_uuid": (str,),
    "num_items": (int,),
    "num_tasks": (int,),
    "chunk": (int,),
    "function": (str, type(None)),
    "items_digest": (str, type(None)),
    "seed": (int, type(None)),
    "python": (str,),
    "sdk": (str,),
    "created_at": (str,),
}


def python_version() -> str:
    """Return the version of this Python, such as `3.13`: pickled functions need the same."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@attrs.frozen(kw_only=True)
class Order:
    """What the items of a folder are computed by.

    Attributes:
        server_url: the API's.
        run_uuid: the run's.
        num_items: how many items it has.
        num_tasks: how many tasks the run has.
        chunk: how many items a task has.
        function: the function's qualified name; None if a command computes.
        items_digest: a digest of the items; None if there is none for their kind.
        seed: for `Item.seed`; None for the run's UUID.
        python: the version of Python that pickled the function.
        sdk: the version of this package.
        created_at: when, as ISO 8601 in UTC.
    """

    server_url: str
    run_uuid: str
    num_items: int
    num_tasks: int
    chunk: int
    function: str | None = None
    items_digest: str | None = None
    seed: int | None = None
    python: str = attrs.field(factory=python_version)
    sdk: str = VERSION
    created_at: str = attrs.field(factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def publish(self, folder: Folder) -> bool:
        """Write it into a folder, and return whether it is this folder's order now.

        Items and function must be there before: whoever sees an order finds all that it needs.

        Raises:
            TaskfarmError: the folder cannot be written.
        """
        content = encode({"format": FORMAT, **attrs.asdict(self)})
        return folder.publish(ORDER, lambda file: file.write(content))

    @classmethod
    def load(cls, folder: Folder) -> Order | None:
        """Return a folder's order; None if it has none.

        Raises:
            ConfigurationError: it may not be trusted, or cannot be read.
        """
        content = folder.read(ORDER)
        if content is None:
            return None
        document = decode(folder, ORDER, content)
        if document.get("format") != FORMAT:
            raise ConfigurationError(
                f"'{folder.path}' was made by a newer version of taskfarm-sdk "
                f"({document.get('sdk')}): update this one ({VERSION})"
            )
        if not all(_fits(name, document.get(name), kind) for name, kind in _KINDS.items()):
            raise broken(folder, ORDER)
        return cls(**{name: cast("Any", document[name]) for name in _KINDS})

    def refuse_other(
        self,
        folder: Folder,
        *,
        run_uuid: str | None = None,
        num_items: int | None = None,
        num_tasks: int | None = None,
        function: str | None = None,
        items_digest: str | None = None,
        seed: str | None = None,
    ) -> None:
        """Refuse to go on with other work than the folder's; what is None is not compared.

        Args:
            folder: the folder that it is the order of.
            run_uuid: the run's.
            num_items: how many items there are.
            num_tasks: how many tasks the run has.
            function: the function's qualified name.
            items_digest: a digest of the items, by `digest_name`.
            seed: for `Item.seed`, by `seed_name`.

        Raises:
            ConfigurationError: something differs; the message names all that does.
        """
        asked = {
            "run": (self.run_uuid, run_uuid),
            "number of items": (self.num_items, num_items),
            "number of tasks": (self.num_tasks, num_tasks),
            "function": (self.function, function),
            "items (by their SHA-256)": (digest_name(self.items_digest), items_digest),
            "seed": (seed_name(self.seed), seed),
        }
        different = [
            f"{what}: {_shown(there)} there, {_shown(here)} here"
            for what, (there, here) in asked.items()
            if here is not None and there is not None and here != there
        ]
        if different:
            raise ConfigurationError(
                f"'{folder.path}' holds the results of other work ({'; '.join(different)}): choose "
                "another folder, or go on with what it was made for"
            )

    def refuse_other_python(self, folder: Folder) -> None:
        """Refuse to unpickle the folder's function in another Python than its own.

        Raises:
            ConfigurationError: this Python has another version.
        """
        here = python_version()
        if self.python != here:
            raise ConfigurationError(
                f"the function in '{folder.path}' was pickled by Python {self.python}, and another "
                f"version ({here}) cannot read it: start this program with Python {self.python}"
            )


def seed_name(seed: int | None) -> str:
    """Return a seed as messages name it; None stands for the run's UUID."""
    return "the run's UUID" if seed is None else str(seed)


def digest_name(digest: str | None) -> str:
    """Return a digest of items as messages name it; None stands for items that have none."""
    return "none, as not all are JSON-like" if digest is None else digest


def publish_function(folder: Folder, pickled: bytes) -> bool:
    """Write the pickled function into a folder; return whether it had none.

    Raises:
        TaskfarmError: the folder cannot be written.
    """
    return folder.publish(FUNCTION, lambda file: file.write(pickled))


def function_of(folder: Folder) -> bytes:
    """Return a folder's pickled function.

    Raises:
        ConfigurationError: it may not be trusted, or the folder has none.
    """
    pickled = folder.read(FUNCTION)
    if pickled is None:
        raise ConfigurationError(
            f"'{folder.path}' holds no function: was {FUNCTION} removed? Go on with `farm.map`, "
            "which brings the function itself"
        )
    return pickled


def _fits(name: str, value: object, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return not isinstance(value, int) or value >= 1 or name == "seed"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

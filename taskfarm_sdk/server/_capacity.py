"""Compare the connections that a server needs with those that PostgreSQL allows."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from taskfarm_sdk.hidden import shown_half_made

# Each limit (of the server, the role and the database; NULL means none), and how many connections
# of others count against it. Any role may run this; only the first limit applies to a superuser.
QUERY = """
WITH them AS (
    SELECT usesysid, datid FROM pg_stat_activity
    WHERE datid IS NOT NULL AND pid <> pg_backend_pid()
)
SELECT current_setting('max_connections')::int
         - CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
             + coalesce(current_setting('reserved_connections', true), '0')::int END,
       (SELECT count(*) FROM them),
       CASE WHEN rolsuper THEN NULL ELSE nullif(rolconnlimit, -1) END,
       (SELECT count(*) FROM them WHERE usesysid = pg_roles.oid),
       CASE WHEN rolsuper THEN NULL ELSE nullif(datconnlimit, -1) END,
       (SELECT count(*) FROM them WHERE datid = pg_database.oid)
FROM pg_roles, pg_database
WHERE rolname = current_user AND datname = current_database()
"""


@shown_half_made
@attrs.frozen
class Capacity:
    """The connections that a server needs, and those that its database allows.

    Attributes:
        needed: the most connections that the server opens: one for each request that it handles at
            once, and twice as many while SIGHUP replaces the processes.
        allowed: the lowest of PostgreSQL's limits.
        held: how many connections others use now.
    """

    needed: int
    allowed: int
    held: int

    @property
    def fits(self) -> bool:
        """Whether the server can now open all connections that it needs."""
        return self.needed <= self.allowed - self.held

    @classmethod
    def from_row(cls, row: Sequence[int | None] | None, at_once: int) -> Capacity | None:
        """Return the capacity from the query's row; None if the query failed.

        Args:
            row: each limit, followed by how many count against it already.
            at_once: how many requests are handled at once.
        """
        if row is None:
            return None
        pairs = zip(row[::2], row[1::2], strict=True)
        known = [(limit, held or 0) for limit, held in pairs if limit is not None]
        allowed, held = min(known, key=lambda pair: pair[0] - pair[1])
        return cls(needed=2 * at_once, allowed=allowed, held=held)

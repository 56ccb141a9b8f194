"""Count the connections that a server needs of its PostgreSQL, and those that it allows."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

# Each limit (the server's, the role's, the database's; NULL is none) and how many count against it
# without ours. Any role may ask that, and no limit but the first holds for a superuser.
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


@attrs.frozen
class Capacity:
    """What a server needs of its database, against what there is.

    Attributes:
        needed: its connections at most: one for each request that is handled at once, and twice
            as many while SIGHUP replaces the processes.
        allowed: the tightest of PostgreSQL's limits for it.
        held: how many of those others hold now.
    """

    needed: int
    allowed: int
    held: int

    @property
    def fits(self) -> bool:
        """Whether the server gets all that it needs, as things stand."""
        return self.needed <= self.allowed - self.held

    @classmethod
    def from_row(cls, row: Sequence[int | None] | None, at_once: int) -> Capacity | None:
        """Make it from what the query found; None if that could not be asked.

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

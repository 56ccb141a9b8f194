"""The options of a mapping that a caller leaves out."""

from __future__ import annotations

from taskfarm_sdk.execution.mapping.entry import settings


def test_all_workers_of_a_mapping_are_known_to_send_heartbeats() -> None:
    patience = settings({}).worker.stale_after
    assert patience.for_task(0.0, None) == patience.stale_after_s == 120
    # Another client's number shows that it is not so.
    assert patience.for_task(0.0, None, foreign_seen=True) == 1200
    assert settings({"unleased_after_s": 7.0}).worker.stale_after.for_task(0.0, None) == 7

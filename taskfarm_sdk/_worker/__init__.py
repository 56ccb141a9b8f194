"""The parts of a worker: heartbeat, prefetch, deadline, journal."""

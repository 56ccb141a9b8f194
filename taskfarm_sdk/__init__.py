"""The Python client for the taskfarm server."""

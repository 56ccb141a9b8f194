"""Requests to the server, as flows without I/O."""

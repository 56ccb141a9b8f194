"""Modules of the server's own process, which `_bootstrap.py` runs with any interpreter.

They import the standard library, each other by relative imports, and the packages of the extra
`server`; nothing else of taskfarm_sdk, which that interpreter may not have.
"""

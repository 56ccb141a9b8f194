"""Execute a notebook in a kernel of its own, and print it as JSON, with its outputs."""

from __future__ import annotations

import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, kernel_name="python3").execute()
print(nbformat.writes(notebook))

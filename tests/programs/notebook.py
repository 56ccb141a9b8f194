"""Execute a notebook in a kernel of its own, and print it as JSON, with its outputs."""

from __future__ import annotations

import sys


def main(path: str) -> None:
    """Execute the notebook in a file."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3").execute()
    print(nbformat.writes(notebook))


if __name__ == "__main__":
    main(sys.argv[1])

"""The outputs of items, read from their files, and written to this process's stdout and stderr."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

from taskfarm_cli.work.commands.kept_items import BLOCK_BYTES, Output

# A folder may have a log of each of a thousand workers.
MOST_OPEN = 64
# A last line that is longer is cut at its beginning.
LAST_LINE_BYTES = 4096


class Reader:
    """Reads outputs; the files of the last ones stay open, for a log holds those of many items."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, int] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

    def blocks(self, output: Output) -> Iterator[bytes]:
        """Yield an output, a part at a time; nothing if its file is gone.

        Raises:
            OSError: the file cannot be read.
        """
        if output.length == 0:
            return
        if output.length is None:
            try:
                yield from output.blocks()
            except FileNotFoundError:
                return
            return
        file, at = self._file(output.path), output.offset
        end = at + output.length
        while at < end and (block := os.pread(file, min(BLOCK_BYTES, end - at), at)):
            at += len(block)
            yield block

    def whole(self, output: Output) -> bytes:
        """Return an output.

        Raises:
            OSError: the file cannot be read.
        """
        return b"".join(self.blocks(output))

    def last_line(self, output: Output) -> str:
        """Return the last line of an output that is not empty; an empty text if there is none.

        Raises:
            OSError: the file cannot be read.
        """
        if output.length is None:
            try:
                size = os.stat(output.path).st_size  # noqa: PTH116 - a path here is a text
            except FileNotFoundError:
                return ""
            output = output._replace(length=size)
        length = min(output.length or 0, LAST_LINE_BYTES)
        skipped = (output.length or 0) - length
        end = self.whole(Output(output.path, output.offset + skipped, length))
        lines = end.decode(errors="backslashreplace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _file(self, path: str) -> int:
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        while len(self._open) >= MOST_OPEN:
            os.close(self._open.popitem(last=False)[1])
        self._open[path] = os.open(path, os.O_RDONLY)
        return self._open[path]


def copy(blocks: Iterator[bytes], to: BinaryIO, tag: bytes = b"") -> None:
    """Write an output.

    Args:
        blocks: its parts.
        to: where.
        tag: begins each line, if it is not empty; then the last line is ended too.

    Raises:
        OSError: it cannot be written.
    """
    if not tag:
        to.writelines(blocks)
        return
    is_begin = True
    for block in blocks:
        to.write((tag if is_begin else b"") + block[:-1].replace(b"\n", b"\n" + tag) + block[-1:])
        is_begin = block.endswith(b"\n")
    if not is_begin:
        to.write(b"\n")

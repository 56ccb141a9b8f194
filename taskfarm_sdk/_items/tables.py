"""The rows of a CSV file as dicts, held as its bytes and the place of each row."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator
from operator import sub

from taskfarm_sdk._items import columns
from taskfarm_sdk._items.digests import digest_of
from taskfarm_sdk._items.lines import BOM, check_utf8, starts_of
from taskfarm_sdk._models import counted
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

# Whoever forgets to name the right one has one of these instead.
_OTHER_DELIMITERS = (",", ";", "\t")


class Table:
    """Rows by the names in the first one. Lines that are empty are passed over.

    Args:
        content: the file's bytes.
        source: the file's name, for errors.
        delimiter: what separates the fields of a row.

    Raises:
        ConfigurationError: the bytes are not UTF-8 or not CSV, a name is missing, is no identifier
            or stands twice, a row has another number of fields than the first, or `delimiter` is
            not one character that can separate fields.
    """

    def __init__(self, content: bytes, source: str, *, delimiter: str = ",") -> None:
        _check_delimiter(delimiter)
        check_utf8(content, source)
        self._content = content.removeprefix(BOM)
        self._source, self._delimiter = source, delimiter
        lines = starts_of(self._content)
        starts: array[int] = array(lines.typecode)
        self.columns: tuple[str, ...] = ()
        for first_line, row in self._numbered_rows():
            if not self.columns:
                self.columns = self._checked_header(row)
                continue
            if len(row) != len(self.columns):
                raise self._ragged(first_line, row)
            starts.append(lines[first_line])
        starts.append(len(self._content))
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def longest(self) -> int:
        """The number of bytes in the longest row, with its end; 0 if there are no rows."""
        return max(map(sub, self._starts[1:], self._starts), default=0)

    def at(self, number: int) -> dict[str, str]:
        """Return a row: 0 is the first below the header, and numbers are below `len`."""
        record = self._content[self._starts[number] : self._starts[number + 1]]
        return next(self._dicts(io.BytesIO(record)))

    def __iter__(self) -> Iterator[dict[str, str]]:
        file = io.BytesIO(self._content)
        file.seek(self._starts[0])
        return self._dicts(file)

    def digest(self) -> str | None:
        """Return the digest of the rows."""
        return digest_of(self)

    def _dicts(self, file: io.BytesIO) -> Iterator[dict[str, str]]:
        names = self.columns
        for row in csv.reader(_lines(file), delimiter=self._delimiter, strict=True):
            if row:
                yield dict(zip(names, row, strict=True))

    def _numbered_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with the index of its first line."""
        lines = _lines(io.BytesIO(self._content))
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        first_line = 0
        try:
            for row in reader:
                if row:
                    yield first_line, row
                first_line = reader.line_num
        except csv.Error as error:
            place = f"line {first_line + 1:,} of {self._source}"
            raise ConfigurationError(f"{place} is not CSV: {_fault(str(error))}") from None

    def _checked_header(self, row: list[str]) -> tuple[str, ...]:
        for other in _OTHER_DELIMITERS:
            if len(row) == 1 and other in row[0]:
                raise ConfigurationError(
                    f"the columns of {self._source} seem to be separated by {other!r}, not "
                    f"{self._delimiter!r}: give the delimiter {other!r}"
                )
        return columns.checked(row, self._source)

    def _ragged(self, first_line: int, row: list[str]) -> ConfigurationError:
        return ConfigurationError(
            f"line {first_line + 1:,} of {self._source} has {counted(len(row), 'field')}, but the "
            f"header has {len(self.columns)}: correct the line"
        )


def _fault(text: str) -> str:
    """Return what csv says of a row; of a carriage return it speaks as of a program's fault."""
    if "new-line character" not in text:
        return text
    return (
        "it has a carriage return without a line feed; if these end the lines, convert the file "
        r"with `tr '\r' '\n'`"
    )


def _check_delimiter(delimiter: object) -> None:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ConfigurationError(
            f"the delimiter must be one character, such as ',' or ';', not {shown(delimiter)}"
        )


def _lines(file: io.BytesIO) -> Iterator[str]:
    # Of bytes, so that csv counts the same lines as `starts_of`.
    return map(bytes.decode, file)

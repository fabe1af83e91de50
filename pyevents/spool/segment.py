"""One file of records: its header, its making and its reading; when one ends and goes is the log's business.

The header is the same in every format there will be: magic 8 | format 4 | CRC-32C of both 4. A file whose
header is intact and names a newer format is refused; one with a damaged header is read as far as it has records.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple

from google_crc32c import value as _crc32c

from pyevents.spool.errors import NewerFormat
from pyevents.spool.record import Entry, scan

__all__ = ["HEADER_SIZE", "Part", "Segment", "create", "load", "load_all"]

FORMAT = 1
STRIDE = 1 << 16
_MAGIC = b"\xf7PyEvLog"
_HEADER = struct.Struct("<8sII")
HEADER_SIZE = _HEADER.size
_SUFFIX = ".segment"
_LEAST = 1 << 12
_CHUNK = 1 << 18


class Part(NamedTuple):
    """Some entries of a segment."""

    entries: list[tuple[int, Entry]]
    first: int
    """Offset of the first entry's record."""
    end: int
    """Offset to go on from."""
    exhausted: bool
    """Nothing is left behind `end`."""
    damage: list[tuple[int, int]]
    """Stretches that belong to no intact record."""
    last: int
    """Highest position seen."""


class Segment:
    """A file of records with ascending positions.

    Args:
        path: Of the file.
        base: The position that it begins with.
        size: Bytes that count; what the file holds behind them does not.
        grows: This process writes it, and sets the marks while it does.
    """

    __slots__ = ("_grows", "_marks", "base", "damage", "leased", "path", "size")

    def __init__(self, path: Path, base: int, size: int, *, grows: bool) -> None:
        self.path = path
        self.base = base
        self.size = size
        self.leased = size
        """Bytes of the budget that it holds."""
        self.damage: set[int] = set()
        """Where damage was found and dealt with."""
        self._grows = grows
        self._marks: list[tuple[int, int]] = []

    def mark(self, position: int, offset: int) -> None:
        """Remember that positions from this one on are not found before *offset*."""
        if not self._marks or offset >= self._marks[-1][1] + STRIDE:
            self._marks.append((position, offset))

    def seek(self, position: int) -> int:
        """Return an offset before which *position* is not found, less than about 64 KiB too early."""
        index = bisect_right(self._marks, (position, self.size))
        return self._marks[max(0, index - 1)][1]

    def read(self, offset: int, wanted: int, limit: int, limit_bytes: int) -> Part:
        """Read entries from *offset* on whose position is at least *wanted*.

        Args:
            offset: Where to begin; need not be the beginning of a record.
            wanted: Lowest position to return.
            limit: Entries to return at most.
            limit_bytes: Bytes to read for them, roughly.

        Raises:
            OSError: The file is gone or cannot be read.
        """
        end, found, damage = self.size, list[tuple[int, Entry]](), list[tuple[int, int]]()
        first, last, doubled = offset, 0, 0
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while offset < end and len(found) < limit and limit_bytes > 0:
                wish = min(max(_LEAST, min(_CHUNK, limit_bytes)) << doubled, end - offset)
                data = os.pread(descriptor, wish, offset)
                rest = end - offset if len(data) == wish else len(data)
                part = scan(data, rest, wanted, limit - len(found))
                for start, stop in part.damage:
                    _extend(damage, offset + start, offset + stop)
                if part.entries:
                    first = first if found else offset + part.first
                    found += part.entries
                    wanted = found[-1][0] + 1
                    limit_bytes -= part.end
                doubled = 0 if part.end else doubled + 1
                last = max(last, part.last)
                offset = offset + part.end if data else end
                if last and not self._grows:
                    self.mark(last + 1, offset)
        finally:
            os.close(descriptor)
        return Part(found, first, offset, offset >= end, damage, last)

    def bytes_of(self, start: int, stop: int) -> bytes:
        """Return a stretch of the file as it is."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


def create(folder: Path, base: int) -> tuple[Segment, int]:
    """Make the file and return it with a descriptor to write to.

    Raises:
        OSError: There is no room, or no right to write; no file is left.
    """
    path = folder / f"{base:020d}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        if os.pwrite(descriptor, _header(FORMAT), 0) != HEADER_SIZE:
            raise OSError(f"no room for the {HEADER_SIZE} bytes of a header")
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return Segment(path, base, HEADER_SIZE, grows=True), descriptor


def load(path: Path) -> Segment:
    """Return the segment in a file that somebody else wrote.

    Raises:
        NewerFormat: This version cannot read it.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(HEADER_SIZE)
        size = os.fstat(file.fileno()).st_size
    segment = Segment(path, int(path.stem), size, grows=False)
    start = 0
    if len(header) == HEADER_SIZE:
        magic, version, crc = _HEADER.unpack(header)
        if magic == _MAGIC and crc == _crc32c(header[:-4]):
            if version != FORMAT:
                raise NewerFormat(path, version, FORMAT)
            start = HEADER_SIZE
    segment.mark(segment.base, start)
    return segment


def load_all(folder: Path) -> list[Segment]:
    """Return the segments of a stream's folder in order.

    Raises:
        NewerFormat: This version cannot read one of them.
        OSError: One cannot be read.
    """
    return [load(path) for path in sorted(folder.glob(f"*{_SUFFIX}")) if path.stem.isdecimal()]


def _header(version: int) -> bytes:
    start = _HEADER.pack(_MAGIC, version, 0)[:-4]
    return _HEADER.pack(_MAGIC, version, _crc32c(start))


def _extend(stretches: list[tuple[int, int]], start: int, stop: int) -> None:
    if stretches and stretches[-1][1] == start:
        stretches[-1] = stretches[-1][0], stop
    else:
        stretches.append((start, stop))

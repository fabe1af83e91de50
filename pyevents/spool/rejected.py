"""Events that the broker will never take as they are: kept beside the streams until a person replays or discards them.

The file `rejected/<stream>` in a cluster's folder holds the stream's own records, the reason as one more header of
each. It outlives the stream's folder. Whoever writes or removes one holds its flock(2), which ends with the process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from pyevents.errors import SpoolError
from pyevents.spool.record import Entry, encode, scan

__all__ = ["FOLDER", "Rejected", "files", "keep", "read", "taking"]

FOLDER = "rejected"
_REASON = "pyevents-rejected"


class Rejected(NamedTuple):
    """One event, and why it is here."""

    position: int
    """That it had in its stream."""
    reason: str
    entry: Entry


def keep(cluster: Path, stream: str, position: int, entry: Entry, reason: str) -> Path:
    """Add an event to the rejected ones of its stream, on the disk when this returns, and say where that is.

    Only then may it be acknowledged. A crash in between keeps it twice, under one position: `read` gives it once.

    Args:
        cluster: The folder that the stream's own is in.
        stream: Its name.
        position: In the stream.
        entry: The event.
        reason: In words that hold no payload.

    Raises:
        SpoolError: It cannot be written; nothing half-written is left.
    """
    folder = cluster / FOLDER
    path = folder / stream
    labelled = replace(entry, headers=((_REASON, reason.encode()), *entry.headers))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with _locked(path, os.O_CREAT) as descriptor:
            end = os.fstat(descriptor).st_size
            data = encode(position, labelled)
            try:
                if os.pwrite(descriptor, data, end) != len(data):
                    raise OSError("the disk is full")
                os.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
    except OSError as error:
        raise SpoolError(
            f"{path} does not take a rejected event: {error.strerror or error}. Its topic waits; free space there."
        ) from None
    return path


def files(cluster: Path) -> list[Path]:
    """Return the files of rejected events in a cluster's folder, one a stream, oldest first."""
    try:
        return sorted((cluster / FOLDER).iterdir(), key=lambda path: path.name.rpartition("~")[2])
    except FileNotFoundError:
        return []


def read(path: Path) -> list[Rejected]:
    """Return the events in such a file, in the order of their stream; damaged ones are left out.

    Raises:
        SpoolError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SpoolError(f"{path} cannot be read: {error.strerror}. Was it replayed or discarded?") from None
    return _parse(data)


@contextmanager
def taking(path: Path) -> Iterator[list[Rejected]]:
    """Give the events in such a file to the block, and remove the file once the block is done without an error.

    A producer that rejects another one meanwhile waits, and begins a new file.

    Raises:
        SpoolError: It cannot be read.
    """
    try:
        with _locked(path) as descriptor:
            yield _parse(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
            path.unlink()
    except OSError as error:
        raise SpoolError(f"{path} cannot be taken: {error.strerror}. Was it replayed or discarded?") from None


def _parse(data: bytes) -> list[Rejected]:
    found = {}
    for position, entry in _records(data):
        reason = next((value.decode() for name, value in entry.headers if name == _REASON), "unknown")
        headers = tuple(header for header in entry.headers if header[0] != _REASON)
        found[position] = Rejected(position, reason, replace(entry, headers=headers))
    return [found[position] for position in sorted(found)]


def _records(data: bytes) -> Iterator[tuple[int, Entry]]:
    """Yield one by one, since only within one scan positions have to ascend; a restart begins lower again."""
    while data:
        part = scan(data, len(data), 0, 1)
        yield from part.entries
        data = data[part.end :]


@contextmanager
def _locked(path: Path, create: int = 0) -> Iterator[int]:
    """Open the file and lock it; opened anew where somebody removed it before the lock was had."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | create, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            os.close(descriptor)

"""The segments of one stream: appending, syncing, rolling and dropping them; ownership and watermark are the
stream's business.

An event is written at an offset that this object keeps (`pwrite`), not at the end of the file: whatever a
failed or interrupted write left behind is overwritten by the next one.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from pyevents.errors import Closed, SpoolError, SpoolFull
from pyevents.spool.budget import Budget
from pyevents.spool.durability import Durability, sync_folder
from pyevents.spool.errors import NotDurable
from pyevents.spool.record import Entry, encode
from pyevents.spool.segment import HEADER_SIZE, STRIDE, Segment, create

__all__ = ["Log", "Place"]


_NEW, _CLOSED = -1, -2  # in place of the room in the active segment


class Place(NamedTuple):
    """Where a position is to be looked for."""

    segment: Segment
    behind: int
    """Positions from this one on are not in that segment."""


class Log:
    """Append-only segments in one folder; safe to use from any thread.

    Args:
        folder: Of the stream; nobody else writes there.
        budget: Where room comes from.
        durability: When to sync.
        segment_size: Bytes after which a new segment begins.
        segments: What another process left there; such a log takes no events.
        last: The highest position that is there.
    """

    def __init__(
        self,
        folder: Path,
        budget: Budget,
        durability: Durability,
        segment_size: int,
        segments: Iterable[Segment] | None = None,
        last: int = 0,
    ) -> None:
        self.folder = folder
        self.last = last
        self.acknowledged = 0
        """All up to here may go when room is needed."""
        self._segments = list(segments or ())
        self._budget = budget
        self._durability = durability
        self._segment_size = segment_size
        self._lock = threading.Lock()
        self._turn = threading.Condition()  # of those who sync; taken after _lock, never before
        self._syncing = False
        self._synced = last
        self._unsyncable = range(0)
        self._room = _NEW if segments is None else _CLOSED
        self._no_segment()
        for segment in self._segments:
            segment.leased = segment.size
            budget.charge(segment.size)

    def append(self, entry: Entry) -> int:
        """Write *entry* and return its position; with `each`, return once it is on the disk.

        Raises:
            SpoolFull: No room; nothing was written.
            NotDurable: It was written and could not be synced.
            Closed: The log was closed.
        """
        with self._lock:
            position = self.last + 1
            record = encode(position, entry)
            segment = self._active
            offset = segment.size
            if offset + len(record) > self._room:
                segment = self._make_room(position, len(record))
                offset = segment.size
            try:
                written = os.pwrite(self._descriptor, record, offset)
            except OSError as error:
                raise self._undone(offset, _reason(error)) from None
            if written != len(record):
                raise self._undone(offset, f"the disk took {written} of {len(record)} bytes")
            self.last = position  # first: a position that is used twice would hide an event
            segment.size = offset + written
        if self._durability.each:
            self._sync_through(position)
        return position

    def sync(self) -> None:
        """Bring everything accepted so far to the disk.

        Raises:
            NotDurable: The operating system reports that it could not.
        """
        with self._alone():
            if not self._fdatasync():
                raise NotDurable(self._active.path)

    def find(self, position: int) -> Place | None:
        """Return where *position* is to be looked for; None behind the last."""
        with self._lock:
            if position > self.last or not self._segments:
                return None
            index = max(0, bisect_right(self._segments, position, key=_base) - 1)
            newest = index + 1 == len(self._segments)
            behind = self.last + 1 if newest else self._segments[index + 1].base
            return Place(self._segments[index], behind)

    def bytes_behind(self, segment: Segment) -> int:
        """Return the bytes of the segments after this one."""
        with self._lock:
            return sum(other.size for other in self._segments if other.base > segment.base)

    def drop(self, acknowledged: int, *, newest: bool = False) -> None:
        """Delete the segments that hold nothing above *acknowledged*; the newest only when asked to."""
        with self._lock:
            self.acknowledged = max(self.acknowledged, acknowledged)
            dropped = self._take_out(newest)
            if newest:
                _delete(dropped)
        if not newest:  # no file of the same name can come meanwhile
            _delete(dropped)

    def stop(self) -> None:
        """Take no more events."""
        with self._lock:
            self._room = _CLOSED

    def close(self) -> None:
        """Take no more events and give none; the files stay."""
        with self._lock:
            self._room = _CLOSED
            self._settle()
            self._no_segment()
            self._budget.give(self._held())
            self._segments = []

    def close_inherited(self) -> None:
        """Close the descriptor in a forked child, whatever the parent's threads were doing."""
        self._lock, self._turn = threading.Lock(), threading.Condition()
        self._syncing = False
        self._room = _CLOSED
        self._segments = []
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._no_segment()

    def _make_room(self, position: int, size: int) -> Segment:
        """Return a segment that has room for *size* more bytes; called every 64 KiB or so."""
        if self._room == _CLOSED:
            raise Closed("stream")
        try:
            return self._extended(position, size)
        except SpoolFull:
            dropped = self._take_out(newest=True)
            if not dropped:
                raise
            _delete(dropped)
            return self._extended(position, size)

    def _extended(self, position: int, size: int) -> Segment:
        segment = self._active
        if self._room == _NEW or segment.size + size > max(self._segment_size, HEADER_SIZE + size):
            return self._roll(position, size)
        need = segment.size + size - segment.leased
        wish = min(STRIDE, self._segment_size - segment.leased)
        segment.leased += self._budget.take(need, max(need, wish), self._held())
        segment.mark(position, segment.size)
        self._room = segment.leased
        return segment

    def _roll(self, position: int, size: int) -> Segment:
        need = HEADER_SIZE + size
        granted = self._budget.take(need, max(need, min(STRIDE, self._segment_size)), self._held())
        try:
            segment, descriptor = create(self.folder, position)
            if self._durability.synced:
                sync_folder(self.folder)
        except OSError as error:
            self._budget.give(granted)
            raise self._budget.disk_full(_reason(error)) from None
        self._settle()
        self._active, self._descriptor = segment, descriptor
        segment.leased = granted
        segment.mark(position, segment.size)
        self._segments.append(segment)
        self._room = granted
        return segment

    def _held(self) -> int:
        return sum(segment.leased for segment in self._segments)

    def _settle(self) -> None:
        """End the active segment: cut what does not count, sync it, give back what it did not need."""
        if self._descriptor < 0:
            return
        with self._alone():
            _cut(self._descriptor, self._active.size)
            if self._durability.synced:
                self._fdatasync()
            os.close(self._descriptor)
            self._descriptor = -1
        self._budget.give(self._active.leased - self._active.size)
        self._active.leased = self._active.size

    def _take_out(self, newest: bool) -> list[Segment]:
        """Take the acknowledged segments off the list and return them; the caller deletes the files."""
        keep = bisect_right(self._segments, self.acknowledged + 1, key=_base) - 1
        if newest and self.acknowledged >= self.last:
            keep = len(self._segments)
            self._settle()
            self._no_segment()
        dropped = self._segments[: max(0, keep)]
        self._segments = self._segments[max(0, keep) :]
        self._budget.give(sum(segment.leased for segment in dropped))
        return dropped

    def _undone(self, offset: int, problem: str) -> SpoolError:
        """Leave the segment as it was before a write that failed."""
        _cut(self._descriptor, offset)
        return self._budget.disk_full(problem)

    def _sync_through(self, position: int) -> None:
        """Group commit: one publisher syncs for all who wrote before, the others wait until it is done."""
        with self._turn:
            while self._syncing and self._synced < position:
                self._turn.wait()
            done = self._synced >= position or position in self._unsyncable
        if not done:
            with self._alone():
                if self._synced < position:
                    self._fdatasync()
        if position in self._unsyncable:
            raise NotDurable(self._active.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who syncs, or changes the file that is synced."""
        with self._turn:
            while self._syncing:
                self._turn.wait()
            self._syncing = True
        try:
            yield
        finally:
            with self._turn:
                self._syncing = False
                self._turn.notify_all()

    def _fdatasync(self) -> bool:
        """Sync the active segment, alone.

        The kernel reports a failure once and may forget the pages (fsync(2)): what was waiting then is never
        called durable by a later success.
        """
        reached = self.last
        if self._descriptor < 0 or reached <= self._synced:
            return True
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            start = self._unsyncable.start if self._unsyncable else self._synced + 1
            self._unsyncable = range(start, reached + 1)
            return False
        self._synced = reached
        return True

    def _no_segment(self) -> None:
        self._active = Segment(self.folder, self.last + 1, 0, grows=False)
        self._descriptor = -1
        if self._room != _CLOSED:
            self._room = _NEW


def _base(segment: Segment) -> int:
    return segment.base


def _delete(segments: Iterable[Segment]) -> None:
    for segment in segments:
        segment.path.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _cut(descriptor: int, size: int) -> None:
    """Shorten the file; bytes behind `size` do no harm but in a later recovery, which counts them."""
    with suppress(OSError):
        os.ftruncate(descriptor, size)

"""One stream on disk: its owner's lock, its watermark, and reading back; the bytes are the log's."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pyevents.errors import SpoolError
from pyevents.spool.budget import Budget
from pyevents.spool.damage import Damage, missing, set_aside
from pyevents.spool.durability import Durability
from pyevents.spool.errors import OtherCluster, StreamTaken
from pyevents.spool.lock import Lock
from pyevents.spool.log import Log, Place
from pyevents.spool.record import Entry
from pyevents.spool.rejected import keep
from pyevents.spool.segment import Part, Segment, load_all
from pyevents.spool.state import State, StateFile
from pyevents.spool.state import read as read_state
from pyevents.spool.stream import Pending

__all__ = ["DiskStream", "adopted", "created"]

_STATE_EVERY = 256
_BEYOND = 1 << 63


class _Front(NamedTuple):
    """Where the first waiting event lies."""

    watermark: int
    segment: Segment
    offset: int
    timestamp: int


class DiskStream:
    """A stream in a folder of its own; made by `created` or `adopted`.

    Args:
        folder: Its own.
        topic: Where its events go.
        lock: That this process holds on it.
        log: Its segments.
        state: As it was written down.
        damage: What was found already.
    """

    def __init__(self, folder: Path, topic: str, lock: Lock, log: Log, state: State, damage: Damage) -> None:
        self.name = folder.name
        self.topic = topic
        self.damage = damage
        self.closed = False
        self.append = log.append
        self._folder = folder
        self._lock = lock
        self._log = log
        self._state = state
        self._file = StateFile(folder)
        self._watermark = state.watermark
        self._cluster_id = state.cluster_id
        self._guard = threading.Lock()  # watermark and state
        self._reading = threading.Lock()
        self._cursor: tuple[int, Segment | None, int] = (0, None, 0)
        self._hollow = (0, 0)
        self._front: _Front | None = None

    @property
    def last(self) -> int:
        return self._log.last

    @property
    def watermark(self) -> int:
        return self._watermark

    @property
    def cluster_id(self) -> str | None:
        return self._cluster_id

    @property
    def pending(self) -> Pending:
        events = self._log.last - self._watermark
        front = self._find_front() if events > 0 else None
        if front is None:
            return Pending(max(0, events), 0)
        size = front.segment.size - front.offset + self._log.bytes_behind(front.segment)
        return Pending(events, size)

    @property
    def oldest(self) -> int | None:
        front = self._find_front() if self._log.last > self._watermark else None
        return front.timestamp if front else None

    def read(self, position: int, limit: int = 1000, limit_bytes: int = 1 << 20) -> list[tuple[int, Entry]]:
        found: list[tuple[int, Entry]] = []
        first, last, ended = position, self._log.last, False
        with self._reading:
            while len(found) < limit and limit_bytes > 0:
                place = self._log.find(position)
                if place is None:
                    ended = True
                    break
                segment = place.segment
                offset = self._offset(position, segment)
                part = self._read_part(place, offset, position, limit - len(found), limit_bytes)
                limit_bytes -= part.end - offset if part.entries else 0
                entries = part.entries
                if entries and entries[-1][0] >= place.behind:
                    entries = [pair for pair in entries if pair[0] < place.behind]
                found += entries
                if entries:
                    position = entries[-1][0] + 1
                self._cursor = position, segment, part.end
                if part.exhausted:
                    position = place.behind
        if ended and not found and first <= last:
            self._step_over(first, last)
        return found

    def acknowledge(self, position: int) -> None:
        with self._guard:
            if position + 1 == self._hollow[0]:
                position = self._hollow[1]
            if position <= self._watermark or self.closed:
                return
            self._watermark = self._log.acknowledged = min(position, self._log.last)
            if self._watermark - self._state.watermark < _STATE_EVERY:
                return
            self._write_state()
        self._log.drop(self._watermark)

    def reject(self, position: int, entry: Entry, reason: str) -> None:
        keep(self._folder.parent, self.name, position, entry, reason)

    def confirm_cluster(self, cluster_id: str) -> None:
        with self._guard:
            if self._cluster_id is None:
                self._cluster_id = cluster_id
                self._write_state()
        if self._cluster_id != cluster_id:
            raise OtherCluster(self._folder, self._cluster_id, cluster_id)

    def checkpoint(self) -> None:
        if self.closed:
            return
        if not self._lock.still_held():
            self._let_go()
            raise StreamTaken(self._folder)
        with self._guard:
            self._write_state()
        self._log.drop(self._watermark, newest=self._watermark >= self._log.last)

    def sync(self) -> None:
        """Bring everything accepted so far to the disk.

        Raises:
            NotDurable: The operating system reports that it could not.
        """
        self._log.sync()

    def close(self) -> None:
        if self.closed:
            return
        owner = self._lock.still_held()
        if owner:
            with self._guard:
                self._write_state()
            self._log.stop()
            if self._watermark >= self._log.last:
                self._log.drop(self._watermark, newest=True)
                _remove_empty(self._folder)
        self._let_go()

    def close_inherited(self) -> None:
        """Close the descriptors in a forked child; the parent goes on with the stream."""
        if not self.closed:
            self.closed = True
            self._guard, self._reading = threading.Lock(), threading.Lock()
            self._log.close_inherited()
            self._file.close()
            self._lock.close_inherited()

    def _let_go(self) -> None:
        with self._guard:
            self.closed = True
            self._log.close()
            self._file.close()
        self._lock.release()

    def _write_state(self) -> None:
        state = State(self._watermark, self._cluster_id)
        if state != self._state and not self.closed:
            self._file.write(state)
            self._state = state

    def _offset(self, position: int, segment: Segment) -> int:
        at, last_segment, offset = self._cursor
        return offset if at == position and last_segment is segment else segment.seek(position)

    def _read_part(self, place: Place, offset: int, position: int, limit: int, limit_bytes: int) -> Part:
        segment = place.segment
        try:
            part = segment.read(offset, position, limit, limit_bytes)
            if part.damage:
                self.damage = set_aside(segment, part.damage, self.damage)
        except FileNotFoundError:
            if self._watermark < place.behind - 1:  # else it was acknowledged and deleted meanwhile
                self.damage = missing(segment, self.damage)
            return Part([], offset, segment.size, True, [], 0)
        except OSError as error:
            raise SpoolError(f"{segment.path} cannot be read: {error.strerror}. Check the disk.") from None
        return part

    def _step_over(self, first: int, last: int) -> None:
        """Nothing intact is left from *first* to *last*: once all before is acknowledged, so are they."""
        self._hollow = first, last
        if self._watermark >= first - 1:
            self.acknowledge(first - 1)

    def _find_front(self) -> _Front | None:
        """Find the first waiting event; remembered for as long as the watermark stands still."""
        watermark = self._watermark
        front = self._front
        if front is not None and front.watermark == watermark:
            return front
        position = watermark + 1
        with self._reading:
            while (place := self._log.find(position)) is not None:
                segment = place.segment
                part = self._read_part(place, segment.seek(position), position, 1, 1)
                if part.entries and part.entries[0][0] < place.behind:
                    timestamp = part.entries[0][1].timestamp
                    self._front = _Front(watermark, segment, part.first, timestamp)
                    return self._front
                position = place.behind
        return None


def created(
    folder: Path, topic: str, lock: Lock, budget: Budget, durability: Durability, segment_size: int
) -> DiskStream:
    """Return the new stream in an empty folder that this process has locked."""
    log = Log(folder, budget, durability, segment_size)
    return DiskStream(folder, topic, lock, log, State(), Damage())


def adopted(folder: Path, topic: str, lock: Lock, budget: Budget, segment_size: int) -> DiskStream:
    """Return the stream that another process left, in a folder that this process has locked.

    Raises:
        NewerFormat: It was written by a newer version.
        OSError: It cannot be read.
    """
    segments = load_all(folder)
    state = read_state(folder)
    damage = Damage()
    last = 0
    for segment in reversed(segments):
        part = segment.read(segment.seek(0), _BEYOND, 1, 1 << 20)
        damage = set_aside(segment, part.damage, damage)
        last = part.last
        if last:
            break
    watermark = max(state.watermark, segments[0].base - 1) if segments else state.watermark
    last = max(last, watermark)
    log = Log(folder, budget, Durability(), segment_size, segments, last)
    stream = DiskStream(folder, topic, lock, log, state._replace(watermark=watermark), damage)
    log.drop(watermark)
    return stream


def _remove_empty(folder: Path) -> None:
    """Remove the folder of a stream that holds no events; one that still has something stays."""
    if any(folder.glob("*.segment")):
        return
    for name in ("state", "owner", "lock"):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()

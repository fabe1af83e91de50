"""A spool in memory, for tests and for those who choose it (`spool=None`); nothing survives the process."""

from __future__ import annotations

import threading
from collections import deque

from pyevents.errors import Closed
from pyevents.spool.budget import Budget
from pyevents.spool.damage import Damage
from pyevents.spool.errors import OtherCluster
from pyevents.spool.record import Entry
from pyevents.spool.stream import Pending

__all__ = ["MemorySpool", "MemoryStream"]

_OVERHEAD = 64


class MemoryStream:
    """The waiting events of one topic.

    Args:
        topic: Where its events go.
        budget: Where room comes from.
    """

    damage = Damage()

    def __init__(self, topic: str, budget: Budget) -> None:
        self.name = topic
        self.topic = topic
        self.last = 0
        self.watermark = 0
        self.closed = False
        self.cluster_id: str | None = None
        self._budget = budget
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, Entry]] = deque()
        self._size = 0

    @property
    def pending(self) -> Pending:
        return Pending(len(self._waiting), self._size)

    @property
    def oldest(self) -> int | None:
        with self._lock:
            return self._waiting[0][1].timestamp if self._waiting else None

    def append(self, entry: Entry) -> int:
        size = _size_of(entry)
        with self._lock:
            if self.closed:
                raise Closed("stream")
            self._budget.take(size, size, self._size)
            self._size += size
            self.last += 1
            self._waiting.append((self.last, entry))
            return self.last

    def read(self, position: int, limit: int = 1000, limit_bytes: int = 1 << 20) -> list[tuple[int, Entry]]:
        found: list[tuple[int, Entry]] = []
        with self._lock:
            first = self._waiting[0][0] if self._waiting else 0
            for index in range(max(0, position - first), len(self._waiting)):
                if len(found) >= limit or limit_bytes <= 0:
                    break
                found.append(self._waiting[index])
                limit_bytes -= _size_of(found[-1][1])
        return found

    def acknowledge(self, position: int) -> None:
        with self._lock:
            freed = 0
            while self._waiting and self._waiting[0][0] <= position:
                self.watermark, entry = self._waiting.popleft()
                freed += _size_of(entry)
            self._size -= freed
            self._budget.give(freed)

    def reject(self, position: int, entry: Entry, reason: str) -> None:
        return  # it goes with the process as all the others do

    def confirm_cluster(self, cluster_id: str) -> None:
        if self.cluster_id is None:
            self.cluster_id = cluster_id
        if self.cluster_id != cluster_id:
            raise OtherCluster(self.topic, self.cluster_id, cluster_id)

    def checkpoint(self) -> None:
        return

    def close(self) -> None:
        with self._lock:
            self.closed = True
            self._waiting.clear()
            self._budget.give(self._size)
            self._size = 0


class MemorySpool:
    """Streams that end with the process.

    Args:
        limit: Bytes that they may take together.
    """

    where = "memory"
    adopts = False

    def __init__(self, *, limit: int = 1 << 28) -> None:
        self.limit = limit
        self._closed = False
        self._begin()

    @property
    def taken(self) -> int:
        return self._budget.taken

    def stream(self, topic: str) -> MemoryStream:
        stream = self._streams.get(topic)
        if stream is not None and not stream.closed:
            return stream
        with self._lock:
            if self._closed:
                raise Closed("spool")
            stream = self._streams.get(topic)
            if stream is None or stream.closed:
                stream = self._streams[topic] = MemoryStream(topic, self._budget)
            return stream

    def orphans(self) -> list[str]:
        return []

    def adopt(self, name: str) -> None:
        return None

    def checkpoint(self) -> None:
        return

    def after_fork_in_child(self) -> None:
        for stream in self._streams.values():
            stream.closed = True
        self._begin()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        for stream in list(self._streams.values()):
            stream.close()

    def _begin(self) -> None:
        self._budget = Budget("the queue in memory", self.limit)
        self._streams: dict[str, MemoryStream] = {}
        self._lock = threading.Lock()


def _size_of(entry: Entry) -> int:
    headers = sum(len(name) + len(value) for name, value in entry.headers)
    return _OVERHEAD + len(entry.key or b"") + headers + len(entry.body)

"""A broker and a registry in memory: for a service's own tests, without Kafka.

It keeps order per partition, groups, offsets and redelivery. It knows no network, no rights and no retention.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from pyevents.errors import SchemaUnknown
from pyevents.registry import Schema
from pyevents.transport import LARGEST, Delivery, Message, Needs, Partition, Rebalance, Record

__all__ = ["MemoryRegistry", "MemoryTransport"]


class MemoryRegistry:
    """A registry that takes every schema and gives the same id to the same text."""

    url = "memory"

    def __init__(self) -> None:
        self._schemas: list[Schema] = []
        self._subjects: set[tuple[str, Schema]] = set()
        self._lock = threading.Lock()

    def register(self, subject: str, schema: Schema) -> int:
        """Register the schema, or find it there, and return its id."""
        with self._lock:
            if schema not in self._schemas:
                self._schemas.append(schema)
            self._subjects.add((subject, schema))
            return self._schemas.index(schema) + 1

    def look_up(self, subject: str, schema: Schema) -> int:
        """Return the id under which the subject has this schema."""
        with self._lock:
            if (subject, schema) not in self._subjects:
                raise SchemaUnknown(f"that schema under {subject}", self.url)
            return self._schemas.index(schema) + 1

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id."""
        if not 0 < schema_id <= len(self._schemas):
            raise SchemaUnknown(f"a schema with the id {schema_id}", self.url)
        return self._schemas[schema_id - 1]


class MemoryTransport:
    """A broker in this process.

    Args:
        partitions: Of every topic.
    """

    name = "memory"
    lasting = False
    largest = LARGEST

    def __init__(self, partitions: int = 3) -> None:
        self.changed = threading.Condition()
        self._count = partitions
        self._logs: dict[Partition, list[Message]] = {}
        self._groups: dict[str, _Group] = {}
        self._down = False

    def stop(self) -> None:
        """Take nothing and give nothing, like a broker that is away."""
        with self.changed:
            self._down = True

    def start(self) -> None:
        """Work again."""
        with self.changed:
            self._down = False
            self.changed.notify_all()

    def messages(self, topic: str) -> list[Message]:
        """Return everything on a topic, partition by partition, in order."""
        with self.changed:
            return [message for part in self.partitions(topic) for message in self._logs.get(part, [])]

    def committed(self, group_id: str) -> dict[Partition, int]:
        """Return the committed offsets of a group."""
        with self.changed:
            return dict(self._groups[group_id].committed) if group_id in self._groups else {}

    def sender(
        self, client_id: str, *, largest: int | None = None, singly: bool = False, watched: bool = False
    ) -> _Sender:
        """Return a new sender."""
        return _Sender(self)

    def receiver(self, group_id: str, *, client_id: str, auto_offset_reset: str) -> _Receiver:
        """Return a new receiver of that group."""
        with self.changed:
            group = self._groups.setdefault(group_id, _Group())
        return _Receiver(self, group, auto_offset_reset)

    def unusable(self, topics: Needs, timeout: float) -> dict[str, str]:
        """Return nothing: every topic is there as soon as somebody names it."""
        return {}

    @property
    def down(self) -> bool:
        """Whether it was stopped."""
        return self._down

    def partitions(self, topic: str) -> list[Partition]:
        """Return the partitions of a topic."""
        return [Partition(topic, number) for number in range(self._count)]

    def append(self, record: Record) -> Message:
        """Put a record at the end of its partition; the caller has `changed`."""
        parts = self.partitions(record.topic)
        part = parts[zlib.crc32(record.key or b"") % len(parts)]
        log = self._logs.setdefault(part, [])
        when = record.timestamp or time.time_ns() // 1_000_000
        message = Message(part.topic, part.number, len(log), record.key, record.value, record.headers, when)
        log.append(message)
        self.changed.notify_all()
        return message

    def log(self, partition: Partition) -> Sequence[Message]:
        """Return the messages of a partition."""
        return self._logs.get(partition, ())


class _Group:
    def __init__(self) -> None:
        self.committed: dict[Partition, int] = {}
        self.members: list[_Receiver] = []

    def shares(self, transport: MemoryTransport) -> dict[_Receiver, set[Partition]]:
        shares: dict[_Receiver, set[Partition]] = {member: set() for member in self.members}
        topics = sorted({topic for member in self.members for topic in member.topics})
        for topic in topics:
            takers = [member for member in self.members if topic in member.topics]
            for part in transport.partitions(topic):
                shares[takers[part.number % len(takers)]].add(part)
        return shares


class _Sender:
    trouble = None
    retrying: frozenset[str] = frozenset()
    losses = 0
    mixed = False

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport
        self._queue: deque[tuple[Record, Callable[[Delivery], None], int]] = deque()

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        with self._transport.changed:
            self._queue.append((record, done, number))
            self._transport.changed.notify_all()

    def poll(self, timeout: float) -> int:
        served = 0
        with self._transport.changed:
            if timeout > 0 and (self._transport.down or not self._queue):
                self._transport.changed.wait(timeout)
        while True:
            with self._transport.changed:
                if self._transport.down or not self._queue:
                    return served
                record, done, number = self._queue.popleft()
                message = self._transport.append(record)
            done(Delivery(number, len(record.value or b""), message.partition, message.offset, None))
            served += 1

    def cluster_id(self, timeout: float) -> str | None:
        return None if self._transport.down else "memory"

    def close(self, timeout: float) -> int:
        self.poll(timeout if self._queue else 0)
        return len(self._queue)


class _Receiver:
    def __init__(self, transport: MemoryTransport, group: _Group, auto_offset_reset: str) -> None:
        self.topics: tuple[str, ...] = ()
        self._transport = transport
        self._group = group
        self._earliest = auto_offset_reset == "earliest"
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._rebalance: Rebalance | None = None

    def subscribe(self, topics: Sequence[str], rebalance: Rebalance) -> None:
        with self._transport.changed:
            self.topics = tuple(topics)
            self._rebalance = rebalance
            self._group.members.append(self)
            self._transport.changed.notify_all()

    def receive(self, limit: int, timeout: float) -> list[Message]:
        self._balance()
        with self._transport.changed:
            found = self._take(limit)
            if not found:
                self._transport.changed.wait(timeout)
                found = self._take(limit)
        return found

    def commit(self, offsets: Iterable[tuple[Partition, int]], *, wait: bool) -> None:
        with self._transport.changed:
            self._group.committed.update(dict(offsets))

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._paused.difference_update(partitions)

    def high(self, partition: Partition) -> int | None:
        return len(self._transport.log(partition))

    def close(self) -> None:
        if self._rebalance and self._positions:
            self._rebalance.revoked(list(self._positions))
        with self._transport.changed:
            if self in self._group.members:
                self._group.members.remove(self)
            self._positions.clear()
            self._transport.changed.notify_all()

    def _balance(self) -> None:
        assert self._rebalance is not None
        with self._transport.changed:
            share = self._group.shares(self._transport).get(self, set())
        gone = [part for part in self._positions if part not in share]
        if gone:
            self._rebalance.revoked(gone)
            for part in gone:
                del self._positions[part]
        with self._transport.changed:
            taken = {part for member in self._group.members if member is not self for part in member._positions}
            new = [part for part in sorted(share) if part not in self._positions and part not in taken]
            for part in new:
                start = 0 if self._earliest else len(self._transport.log(part))
                self._positions[part] = self._group.committed.get(part, start)
        if new:
            self._rebalance.assigned(new)

    def _take(self, limit: int) -> list[Message]:
        found: list[Message] = []
        if self._transport.down:
            return found
        for part, position in self._positions.items():
            if part not in self._paused:
                messages = self._transport.log(part)[position : position + limit - len(found)]
                self._positions[part] = position + len(messages)
                found.extend(messages)
        return found

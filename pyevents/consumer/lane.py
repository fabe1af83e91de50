"""What the dispatcher keeps: partitions, their lanes of events in order, and the work that somebody has in hand."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from pyevents.consumer.doubles import Doubles
from pyevents.transport import Message, Partition
from pyevents.watermark import Watermark

__all__ = ["Failure", "Gather", "Lane", "State", "Track", "Work", "size_of"]


def size_of(messages: Sequence[Message]) -> int:
    """Return the bytes of keys and values."""
    return sum([len(message.value or b"") + len(message.key or b"") for message in messages])


class Gather(NamedTuple):
    """How many events make a batch, and how many seconds the first of them may wait for the others."""

    size: int
    wait: float


class Failure(NamedTuple):
    """What is known of the failed attempts at one event."""

    attempts: int
    first: float
    """Seconds since 1970, of the first failed attempt."""


class State(enum.Enum):
    """Where a lane stands."""

    IDLE = enum.auto()
    """Nothing waits."""

    GATHERING = enum.auto()
    """A batch is not full yet, nor has its time come."""

    READY = enum.auto()
    """Its first event may be handled."""

    RUNNING = enum.auto()
    """Somebody has it in hand."""

    DELAYED = enum.auto()
    """Its first event failed and has to wait."""

    HELD = enum.auto()
    """An event of it becomes a dead letter, and the broker has not confirmed it yet."""

    BLOCKED = enum.auto()
    """A worker from an earlier assignment of the partition still has the key in hand."""

    @property
    def blocks(self) -> bool:
        """Whether its events wait for something other than a worker."""
        return self in (State.DELAYED, State.HELD, State.BLOCKED)


class Lane:
    """Events that have to be handled one after the other: those of a key, or those of a partition."""

    __slots__ = ("due", "failures", "key", "solo", "state", "track", "waiting")

    def __init__(self, track: Track, key: bytes | None) -> None:
        self.track = track
        self.key = key
        self.waiting: deque[Message] = deque()
        self.state = State.IDLE
        self.due = 0.0
        self.failures: dict[int, Failure] = {}
        self.solo = 0
        """So many events are given out alone, since the batch that they made failed for good."""


class Track:
    """One partition that is assigned to this member."""

    __slots__ = (
        "by_key", "closing", "committed", "dead", "doubles", "gather", "held", "lanes", "moved", "partition", "paused",
        "watermark",
    )  # fmt: skip

    def __init__(self, partition: Partition, gather: Gather | None, *, by_key: bool, doubles: Doubles) -> None:
        self.partition = partition
        self.gather = gather
        self.by_key = by_key
        self.doubles = doubles
        self.watermark: Watermark | None = None
        self.lanes: dict[bytes | None, Lane] = {}
        self.held = 0
        """Bytes of events that were read and are not finished."""
        self.paused = False
        self.closing = False
        self.committed: int | None = None
        self.moved = 0.0
        """When an event was finished last, or came to a partition where all were; monotonic."""
        self.dead = 0

    @property
    def gap(self) -> int:
        """Offsets from the first unfinished event to the newest that was read."""
        return self.watermark.next - self.watermark.value if self.watermark else 0


class Work:
    """Consecutive events of one lane, handed to one worker."""

    __slots__ = ("lane", "messages", "since", "stopped", "worker")

    def __init__(self, lane: Lane, messages: Sequence[Message], since: float) -> None:
        self.lane = lane
        self.messages = messages
        self.since = since
        self.stopped = False
        """The worker should give back what it has not begun."""
        self.worker: object = None
        """Who has it: a thread's identifier, or a task."""

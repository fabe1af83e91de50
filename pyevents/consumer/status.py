"""What a consumer says of itself, in numbers."""

from __future__ import annotations

from typing import NamedTuple

from pyevents.transport import Partition

__all__ = ["ConsumerStatus", "Counts", "PartitionStatus", "Tally"]


class Counts:
    """Events since the start; changed under the engine's lock alone."""

    def __init__(self) -> None:
        self.handled = 0
        self.skipped = 0
        self.passed = 0
        self.failures = 0
        self.doubles = 0
        self.dead = 0


class Tally:
    """What one piece of work adds to the counts."""

    __slots__ = ("doubles", "failures", "handled", "passed", "skipped")

    def __init__(self) -> None:
        self.handled = self.skipped = self.passed = self.failures = self.doubles = 0

    def add_to(self, counts: Counts) -> None:
        counts.handled += self.handled
        counts.skipped += self.skipped
        counts.passed += self.passed
        counts.failures += self.failures
        counts.doubles += self.doubles


class PartitionStatus(NamedTuple):
    """One partition that is assigned to this member."""

    position: int | None
    """The next offset to read; None before the first message."""

    committed: int | None
    """The first offset that is not finished, as it was last committed."""

    lag: int | None
    """Messages between the first unfinished one and the newest; None where the newest is not known yet."""

    in_flight: int
    """Events that workers have in hand."""

    oldest: float
    """Seconds for which the longest of those has been in hand."""

    waiting_keys: int
    """Keys that wait for another attempt, for a dead letter's confirmation, or for an older worker."""

    dead_letters: int
    paused: bool
    """Too much was read beyond the first unfinished event."""

    blocked_by: str | None
    """Where it is paused: the hash of the key of that event (`pyevents deadletter` names keys the same way)."""


class ConsumerStatus(NamedTuple):
    """Cheap enough to ask for with every request of a probe."""

    handled: int
    skipped: int
    """Messages of types that nobody here handles."""

    passed: int
    """Events that were passed over, with `on_error="skip"`."""

    failures: int
    """Failed attempts."""

    doubles: int
    """Events dropped because their id was handled lately."""

    dead_letters: int
    """Confirmed by the broker."""

    partitions: dict[Partition, PartitionStatus]

    @property
    def assigned(self) -> tuple[Partition, ...]:
        """The partitions of this member, sorted."""
        return tuple(sorted(self.partitions))

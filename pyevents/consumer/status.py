"""What a consumer says of itself."""

from __future__ import annotations

from typing import NamedTuple

from pyevents.transport import Partition

__all__ = ["ConsumerStatus", "Counts"]


class Counts:
    """Events since the start, counted by the one worker that handles them."""

    def __init__(self) -> None:
        self.handled = 0
        self.skipped = 0
        self.passed = 0
        self.failures = 0


class ConsumerStatus(NamedTuple):
    """Cheap enough to ask for with every request."""

    handled: int
    skipped: int
    """Messages of types that nobody here handles."""

    passed: int
    """Events that failed and were passed over, with `on_error="skip"`."""

    failures: int
    """Failed attempts."""

    waiting: dict[Partition, str]
    """Partitions whose first event is tried again, with the error's class."""

    assigned: tuple[Partition, ...]

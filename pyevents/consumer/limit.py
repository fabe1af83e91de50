"""When to stop rather than make dead letters of everything: pure counting, told the time."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from pyevents.errors import ConfigurationInvalid

__all__ = ["DeadLetterLimit", "Meter"]


class DeadLetterLimit(Struct, frozen=True):
    """How many dead letters are too many; beyond it the consumer stops.

    A handler that fails at every event (a bug, a dropped table) would otherwise empty its topic into the dead letters.
    Both have to be passed: the count, so that a single bad event in a quiet hour stops nobody, and the share.

    Args:
        count: Dead letters in the window.
        share: Of all events finished in the window, above 0 and at most 1.
        window: Seconds.

    Raises:
        ConfigurationInvalid: A number cannot work.
    """

    count: int = 100
    share: float = 0.5
    window: float = 60.0

    def __post_init__(self) -> None:
        for name, good in (
            ("count", self.count >= 1),
            ("share", 0 < self.share <= 1),
            ("window", self.window > 0),
        ):
            if not good:
                raise ConfigurationInvalid(
                    f"DeadLetterLimit.{name}", f"{getattr(self, name)} cannot work", "See its docstring for the range."
                )


class Meter:
    """Counts finished events and dead letters in a sliding window of ten parts.

    Args:
        limit: None counts without end and never says that it is passed.
    """

    def __init__(self, limit: DeadLetterLimit | None) -> None:
        self._limit = limit
        self._parts: deque[list[float]] = deque()

    def handled(self, count: int, now: float) -> None:
        """Count events that were handled."""
        if self._limit and count:
            self._part(now)[1] += count

    def admits(self, now: float) -> bool:
        """Count one more dead letter, unless the limit would be passed; return whether it was counted."""
        if self._limit is None:
            return True
        part = self._part(now)
        dead = sum(one[2] for one in self._parts) + 1
        handled = sum(one[1] for one in self._parts)
        if dead > self._limit.count and dead > self._limit.share * (dead + handled):
            return False
        part[2] += 1
        return True

    def _part(self, now: float) -> list[float]:
        assert self._limit is not None
        while self._parts and self._parts[0][0] <= now - self._limit.window:
            self._parts.popleft()
        if not self._parts or self._parts[-1][0] <= now - self._limit.window / 10:
            self._parts.append([now, 0, 0])
        return self._parts[-1]

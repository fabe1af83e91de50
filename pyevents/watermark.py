"""Which of many positions are finished when they finish out of order: the rule behind acknowledged and committed.

Shared by the producer (records the broker has confirmed) and the consumer (offsets that handlers have done).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

__all__ = ["Watermark"]


class Watermark:
    """The first position that is not finished, of a growing sequence that is finished in any order.

    Not safe for concurrent use; its owner has the lock. Every call is O(1) for each position.

    Args:
        start: The first position that will be started.
    """

    __slots__ = ("_next", "_open")

    def __init__(self, start: int = 0) -> None:
        self._open: OrderedDict[int, None] = OrderedDict()
        self._next = start

    def start(self, position: int) -> None:
        """Begin a position; positions begin in ascending order, gaps are allowed."""
        self._open[position] = None
        self._next = position + 1

    def start_all(self, positions: Sequence[int]) -> None:
        """Begin several positions, as `start` does one by one."""
        self._open.update(dict.fromkeys(positions))
        self._next = positions[-1] + 1

    def finish(self, position: int) -> None:
        """End a position; one that is not open is ignored, so that a late report does no harm."""
        self._open.pop(position, None)

    def finish_all(self, positions: Iterable[int]) -> None:
        """End several positions, as `finish` does one by one."""
        end = self._open.pop
        for position in positions:
            end(position, None)

    @property
    def value(self) -> int:
        """Everything below this position is finished."""
        return next(iter(self._open)) if self._open else self._next

    @property
    def next(self) -> int:
        """One above the highest position that ever began."""
        return self._next

    @property
    def open(self) -> int:
        """How many positions have begun and not ended."""
        return len(self._open)

    def __contains__(self, position: int) -> bool:
        return position in self._open

    @property
    def oldest(self) -> int | None:
        """The first position that has begun and not ended, or None."""
        return next(iter(self._open), None)

"""Which events of a partition were handled lately, so that one that comes twice is handled once."""

from __future__ import annotations

from collections import deque

__all__ = ["Doubles"]


class Doubles:
    """The ids of the last events that were handled.

    A producer that is killed sends again what the broker had not confirmed; without this its handlers would run
    again, and an old state could come back over a newer one. It is kept in memory: for doubles that are further apart,
    or after a restart, a service needs an inbox.

    Args:
        size: Ids to remember; 0 remembers none.
    """

    __slots__ = ("_order", "_size", "known")

    def __init__(self, size: int) -> None:
        self._size = size
        self._order: deque[str] = deque()
        self.known: set[str] = set()
        """Their ids."""

    def add(self, event_id: str) -> None:
        """Remember an event that was handled; each step is atomic, so that several workers may share this."""
        if not self._size:
            return
        self.known.add(event_id)
        self._order.append(event_id)
        if len(self._order) > self._size:
            self.known.discard(self._order.popleft())

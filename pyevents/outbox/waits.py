"""Which topics wait, why, and until when. It sends nothing and owns no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pyevents.retry import Backoff

__all__ = ["Waits"]


class _Wait(NamedTuple):
    until: float
    attempt: int
    reason: str


class Waits:
    """The topics of one relay that cannot be sent to now.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._backoff = Backoff()
        self._topics: dict[str, _Wait] = {}

    def add(self, topic: str, reason: str) -> bool:
        """Let a topic wait, longer each time; return whether the reason is news."""
        before = self._topics.get(topic)
        attempt = before.attempt + 1 if before else 1
        self._topics[topic] = _Wait(self._clock() + self._backoff.delay(attempt), attempt, reason)
        return before is None or before.reason != reason

    def end(self, topics: Iterable[str]) -> None:
        """These were sent to."""
        for topic in topics:
            self._topics.pop(topic, None)

    def now(self) -> list[str]:
        """Return the topics that are not to be tried yet."""
        moment = self._clock()
        return [topic for topic, wait in self._topics.items() if wait.until > moment]

    def reasons(self) -> dict[str, str]:
        """Return every waiting topic with its reason."""
        return {topic: wait.reason for topic, wait in list(self._topics.items())}

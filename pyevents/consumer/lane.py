"""One partition in a consumer: what was read and not handled, and up to where everything is done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from pyevents.retry import Backoff
from pyevents.transport import Message, Partition

__all__ = ["Lane"]

_FULL = 2_000
_ROOM = 500


class Lane:
    """The messages of one partition, handled one after the other.

    The polling thread puts messages in and asks what may be committed; one worker at a time takes them out.

    Args:
        partition: Whose messages these are.
        backoff: Between two attempts at the same event.
        clock: Seconds, monotonic.
    """

    def __init__(self, partition: Partition, backoff: Backoff, clock: Callable[[], float]) -> None:
        self.partition = partition
        self.paused = False
        self.failing: str | None = None
        self._backoff = backoff
        self._clock = clock
        self._queue: deque[Message] = deque()
        self._free = threading.Condition()
        self._busy = False
        self._closed = False
        self._attempts = 0
        self._not_before = 0.0
        self._done: int | None = None
        self._committed: int | None = None

    def put(self, messages: Sequence[Message]) -> None:
        """Add messages that were read, in order."""
        self._queue.extend(messages)

    @property
    def full(self) -> bool:
        """Whether reading more should wait."""
        return len(self._queue) >= _FULL

    @property
    def has_room(self) -> bool:
        """Whether reading may go on."""
        return len(self._queue) <= _ROOM

    def claim(self) -> bool:
        """Become the one worker of this lane, if there is something to do now."""
        with self._free:
            if self._busy or self._closed or not self._queue or self._clock() < self._not_before:
                return False
            self._busy = True
            return True

    def first(self) -> Message | None:
        """Return the message to handle now; None gives the lane back."""
        with self._free:
            if self._closed or not self._queue:
                self._give_back()
                return None
            return self._queue[0]

    def succeeded(self) -> None:
        """The first message is done."""
        with self._free:
            message = self._queue.popleft()
            self._done = message.offset + 1
            self._attempts = 0
            self.failing = None

    def failed(self, kind: str) -> float:
        """The first message failed: keep it, wait, give the lane back; return the seconds until the next attempt."""
        with self._free:
            self._attempts += 1
            wait = self._backoff.delay(self._attempts)
            self._not_before = self._clock() + wait
            self.failing = kind
            self._give_back()
            return wait

    @property
    def attempts(self) -> int:
        """Failed attempts at the first message."""
        return self._attempts

    def to_commit(self) -> int | None:
        """Return the offset to commit if it moved since the last call, else None."""
        with self._free:
            if self._done is None or self._done == self._committed:
                return None
            self._committed = self._done
            return self._done

    def close(self, timeout: float) -> None:
        """Take no further message; wait until the one in hand is done, at most `timeout` seconds."""
        with self._free:
            self._closed = True
            self._free.wait_for(lambda: not self._busy, timeout)

    def _give_back(self) -> None:
        self._busy = False
        self._free.notify_all()

"""One stream on its way out: which events are with a client, which wait, and in what order they go.

Its owner holds the producer's lock around every call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pyevents.errors import SpoolError
from pyevents.spool.record import Entry
from pyevents.spool.stream import Stream
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused
from pyevents.watermark import Watermark

__all__ = ["Outbound", "Send", "Told", "Unsendable", "Word"]

Send = Callable[[Record, Callable[[Delivery], None], int], None]

# What is with the client is sent twice after a crash, and is in memory, so it is bounded.
_EVENTS = 10_000
_BYTES = 16 << 20
_AT_ONCE = 200


class Word(NamedTuple):
    """The last word on one event: where the broker has it, or why it never will."""

    partition: int
    offset: int
    problem: str | None


Told = Callable[[Word], None]


class Unsendable(SpoolError):
    """The catalog of this process does not have the contract of an event; another release accepted it."""

    def __init__(self, event_type: str, version: str) -> None:
        super().__init__(
            f"this release has no contract {event_type} {version} as it was when the event was accepted. "
            f"The release that accepted it sends it, when it runs again."
        )


class Outbound:
    """The events of one stream.

    Args:
        stream: Where they wait.
        message_of: Returns the message of an entry, or None while its schema id is not known.
    """

    def __init__(self, stream: Stream, message_of: Callable[[Entry], bytes | None]) -> None:
        self.stream = stream
        self.adopted = stream.last > 0
        self.with_client = 0
        """How many events a client has without having reported on them."""
        self.retried = 0
        self.suspect = 0
        """Up to here one of the events was refused for good; which one is not known yet."""
        self.told: dict[int, Told] = {}
        """Who wants to know what becomes of which position."""
        self.words: list[tuple[Told, Word]] = []
        """What is to be told."""
        self._message_of = message_of
        self._reports: deque[Delivery] = deque()
        self._report = self._reports.append
        self._open = Watermark(stream.watermark + 1)
        self._next = stream.watermark + 1
        self._bytes = 0
        self._failed = False

    @property
    def waiting(self) -> int:
        """How many events the broker has not confirmed."""
        return max(0, self.stream.last - self.stream.watermark)

    @property
    def behind(self) -> bool:
        """Whether events wait that the client would take now."""
        return self._next <= self.stream.last and self.with_client < _EVENTS and self._bytes < _BYTES

    @property
    def next(self) -> int:
        """The position that goes next."""
        return self._next

    def hand_over(self, position: int, entry: Entry, send: Send) -> Fault | bool:
        """Give an event that was just appended to the client, if nothing is before it.

        Returns:
            Whether the client has it; otherwise it waits for `advance`. A fault is the client's refusal.
        """
        if position != self._next or self._failed or self.with_client >= _EVENTS or self._bytes >= _BYTES:
            return False
        return self._give(position, entry, send)

    def advance(self, send: Send, events: int = _EVENTS) -> Fault | None:
        """Give the client some of what waits, as far as it takes it, until it has *events*; return its refusal.

        Some, because nobody can publish meanwhile; call it again while the stream is `behind`.

        Raises:
            Unsendable: See there.
            SpoolError: The stream cannot be read.
        """
        if self._failed:
            if self.with_client:
                return None  # its reports come first: what failed goes again in order
            self._failed = False
            self._next = min(self._next, self._open.value)
        if self.with_client < events and self._bytes < _BYTES and self._next <= self.stream.last:
            for position, entry in self.stream.read(self._next, limit=min(_AT_ONCE, events)):
                if position < self._open.next and position not in self._open:
                    self._next = position + 1  # it was delivered before an earlier one failed
                    continue
                given = self._give(position, entry, send)
                if isinstance(given, Fault):
                    return given
                if not given or self.with_client >= events:
                    break
        return None

    def settle(self) -> Iterator[Delivery]:
        """Take the client's word on its events, and give each word back for its consequences."""
        while self._reports:
            delivery = self._reports.popleft()
            self.with_client -= 1
            self._bytes -= delivery.size
            if delivery.fault is not None:
                self._failed = True
            else:
                self._open.finish(delivery.number)
                if self.told:
                    self._tell(delivery.number, Word(delivery.partition, delivery.offset, None))
            yield delivery

    def set_aside(self, position: int, reason: str) -> None:
        """Move an event to the rejected ones, so that those behind it can go.

        Raises:
            SpoolError: It cannot be written.
        """
        found = self.stream.read(position, limit=1)
        if found and found[0][0] == position:
            self.stream.reject(position, found[0][1], reason)
        self._open.finish(position)
        self._tell(position, Word(-1, -1, reason))

    def acknowledge(self) -> None:
        """Let the stream forget what is confirmed."""
        below = self._open.value - 1
        if below > self.stream.watermark:
            self.stream.acknowledge(below)

    def restart(self) -> None:
        """Begin again with another client: nothing is with it, and reports of the old one do not count."""
        self._reports = deque()
        self._report = self._reports.append
        self.with_client = self._bytes = 0
        self._failed = True

    def leave(self, reason: str) -> None:
        """Tell all who wait for a word that there will be none from this process."""
        for position in list(self.told):
            self._tell(position, Word(-1, -1, reason))

    def _tell(self, position: int, word: Word) -> None:
        told = self.told.pop(position, None)
        if told is not None:
            self.words.append((told, word))

    def _give(self, position: int, entry: Entry, send: Send) -> Fault | bool:
        message = self._message_of(entry)
        if message is None:
            return False
        size = len(message)
        record = Record(entry.label.topic, entry.key, message, entry.headers, entry.timestamp)
        try:
            send(record, self._report, position)
        except Backpressure:
            return False
        except Refused as refused:
            self._failed = True
            return refused.fault
        if position < self._open.next:
            self.retried += 1
        else:
            self._open.start(position)
        self.with_client += 1
        self._bytes += size
        self._next = position + 1
        return True

"""One topic on its way out: which events are with the client, which wait, and in what order they go.

Its owner holds the producer's lock around every call.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pyevents.errors import SpoolError
from pyevents.outcome import Outcome, after_fault, in_words
from pyevents.retry import Backoff
from pyevents.spool.record import Entry
from pyevents.spool.stream import Stream
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused
from pyevents.watermark import Watermark

__all__ = ["Outbound", "Send", "Unsendable"]

Send = Callable[[Record, Callable[[Delivery], None]], None]

# What is with the client is sent twice after a crash, so it is bounded.
_IN_FLIGHT = 10_000


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
        report: Takes what the broker said: this outbound, the client's generation, the position and the delivery.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        stream: Stream,
        message_of: Callable[[Entry], bytes | None],
        report: Callable[[tuple[Outbound, int, int, Delivery]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream = stream
        self.reason: str | None = None
        self.adopted = stream.last > 0
        self._message_of = message_of
        self._report = report
        self._clock = clock
        self._backoff = Backoff()
        self._open = Watermark(stream.watermark + 1)
        self._next = stream.watermark + 1
        self._with_client = 0
        self._generation = 0
        self._again = False
        self._failures = 0
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """How many events the broker has not confirmed."""
        return max(0, self.stream.last - self.stream.watermark)

    @property
    def finished(self) -> bool:
        """Whether an adopted stream has nothing left to send."""
        return not self._with_client and not self.waiting

    def hand_over(self, position: int, entry: Entry, send: Send) -> bool:
        """Give an event that was just appended to the client, if nothing is before it.

        Returns:
            Whether the client has it; otherwise it waits for `advance`.
        """
        if position != self._next or self._again or self.reason or self._with_client >= _IN_FLIGHT:
            return False
        return self._give(position, entry, send)

    def advance(self, send: Send) -> None:
        """Give the client what waits, as far as it takes it."""
        if self._clock() < self._not_before or (self._again and self._with_client):
            return
        if self._again:
            # Everything that was with the client has a report now; what failed goes again, in order.
            self._again = False
            self._next = min(self._next, self._open.value)
        while self._with_client < _IN_FLIGHT and not self._again:
            entries = self.stream.read(self._next, limit=200)
            for position, entry in entries:
                if position in self._open or position > self._highest():
                    if not self._give(position, entry, send):
                        return
                else:
                    self._next = position + 1  # it was delivered before a later one failed
            if not entries:
                return

    def settle(self, generation: int, position: int, delivery: Delivery) -> Outcome | None:
        """Take the broker's word on one event; return what its failure asks for, or None."""
        if generation != self._generation:
            return None
        self._with_client -= 1
        if delivery.fault is None:
            self._open.finish(position)
            self._failures = 0
            self.reason = None
            return None
        return self._fail(delivery.fault)

    def acknowledge(self) -> None:
        """Let the stream forget what the broker has."""
        below = self._open.value - 1
        if below > self.stream.watermark:
            self.stream.acknowledge(below)

    def restart(self) -> None:
        """Begin again with a new client: nothing is with it, and reports of the old one do not count."""
        self._generation += 1
        self._with_client = 0
        self._again = True

    def _highest(self) -> int:
        return self._open.next - 1

    def _give(self, position: int, entry: Entry, send: Send) -> bool:
        message = self._message_of(entry)
        if message is None:
            return False
        generation = self._generation
        record = Record(entry.topic, entry.key, message, entry.headers, entry.timestamp)
        try:
            send(record, lambda delivery: self._report((self, generation, position, delivery)))
        except Backpressure:
            return False
        except Refused as refused:
            self._fail(refused.fault)
            return False
        if position not in self._open:
            self._open.start(position)
        self._with_client += 1
        self._next = position + 1
        return True

    def _fail(self, fault: Fault) -> Outcome:
        outcome = after_fault(fault)
        if not self._again:
            self._failures += 1
            self._not_before = self._clock() + self._backoff.delay(self._failures)
        self._again = True
        self.reason = in_words(fault)
        return outcome

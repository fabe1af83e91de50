"""Writing dead letters: a client of their own, tried until the broker has confirmed each."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from pyevents.consumer.group import Reading
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid
from pyevents.retry import Backoff
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused, Transport

__all__ = ["Letters", "usable"]

log = logging.getLogger("pyevents.consumer")

_BACKOFF = Backoff(first=0.5, longest=15)
_SECONDS_TO_LOOK = 5.0


def usable(transport: Transport, read: Reading, group: str) -> bool:
    """Look whether the topics for dead letters and retries can be used; return whether anybody could tell.

    Raises:
        ConfigurationInvalid: One does not exist, or this service has no right to it.
    """
    wanted: dict[str, Literal["READ", "WRITE"]] = dict.fromkeys(sorted(set(read.letters.values())), "WRITE")
    wanted |= dict.fromkeys(sorted(read.replays), "READ")
    if not wanted:
        return True
    try:
        bad = transport.unusable(wanted, _SECONDS_TO_LOOK)
    except BrokerUnreachable as error:
        log.warning("%s The topics for dead letters are looked at later.", error)
        return False
    for topic, problem in bad.items():
        raise ConfigurationInvalid(
            f"topic {topic}",
            f"{problem}; {group} needs it for events that it cannot handle",
            "Name the consumer in the contracts of that topic if it is not, make the topics of the contracts with "
            "`pyevents topics apply` or docker/kafka/create-topics.sh, and give this service its rights; "
            'or run with on_error="stop" or "skip".',
        )
    return True


class Letters:
    """Sends records until the broker confirms them; the client and its thread come with the first one.

    Args:
        transport: Where the client comes from.
        client_id: Its name at the broker.
        largest: Bytes of the largest record that it has to admit.
    """

    def __init__(self, transport: Transport, client_id: str, largest: int) -> None:
        self.fault: Fault | None = None
        """Why the last record was not taken, until one is."""
        self._transport = transport
        self._client_id = client_id
        self._largest = largest
        self._waiting: deque[tuple[Record, Callable[[], None]]] = deque()
        self._failed: list[tuple[Record, Callable[[], None]]] = []
        self._open = 0
        self._awake = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, record: Record, confirmed: Callable[[], None]) -> None:
        """Take a record; `confirmed` is called from this object's thread once the broker has it."""
        with self._lock:
            self._waiting.append((record, confirmed))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="pyevents-letters", daemon=True)
                self._thread.start()
        self._awake.set()

    def close(self) -> None:
        """Send no more; what is not confirmed by now was not confirmed."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._awake.set()
        if thread is not None:
            thread.join(5)

    def _run(self) -> None:
        sender = self._transport.sender(self._client_id, largest=self._largest)
        attempt = 0
        while not self._closed:
            try:
                while self._waiting:
                    self._hand_over(sender.send)
            except Backpressure:
                pass
            sender.poll(0.01 if self._open else 0.0)
            if self._failed:
                attempt += 1
                self._waiting.extend(self._failed)
                self._failed.clear()
                if self.fault and self.fault.fatal:
                    sender.close(0)
                    sender = self._transport.sender(self._client_id, largest=self._largest)
                self._pause(_BACKOFF.delay(attempt))
            elif not self._open:
                attempt = 0
                self._awake.wait(1.0)
                self._awake.clear()
        sender.close(0)

    def _hand_over(self, send: Callable[[Record, Callable[[Delivery], None]], None]) -> None:
        record, confirmed = self._waiting[0]

        def done(delivery: Delivery) -> None:
            self._open -= 1
            if delivery.fault is None:
                self.fault = None
                confirmed()
            else:
                self._fail(record, confirmed, delivery.fault)

        self._open += 1
        try:
            send(record, done)
        except Backpressure:
            self._open -= 1
            raise
        except Refused as error:
            self._open -= 1
            self._fail(record, confirmed, error.fault)
        self._waiting.popleft()

    def _fail(self, record: Record, confirmed: Callable[[], None], fault: Fault) -> None:
        if self.fault is None or self.fault.code != fault.code:
            log.error("a dead letter for %s was not taken (%s: %s); it is tried again", record.topic, *fault[:2])
        self.fault = fault
        self._failed.append((record, confirmed))

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            self._awake.wait(min(left, 0.5))
            self._awake.clear()

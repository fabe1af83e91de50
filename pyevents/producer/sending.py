"""The background thread of a producer: serves delivery reports and sends what waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from pyevents.outcome import Outcome
from pyevents.producer.outbound import Outbound
from pyevents.spool.stream import Spool
from pyevents.transport import Delivery, Transport

__all__ = ["Sending"]

log = logging.getLogger("pyevents.producer")

_CHECKPOINT = 1.0


class Sending:
    """Owns the client of the transport.

    Args:
        transport: Where clients come from.
        client_id: Their name at the broker.
        lock: The producer's; held while events change hands.
        spool: Whose watermarks are saved now and then.
    """

    def __init__(self, transport: Transport, client_id: str, lock: threading.Lock, spool: Spool) -> None:
        self.sent = 0
        self.last_error: str | None = None
        self._transport = transport
        self._client_id = client_id
        self._lock = lock
        self._spool = spool
        self._sender = transport.sender(client_id)
        self.send = self._sender.send
        self._reports: deque[tuple[Outbound, int, int, Delivery]] = deque()
        self.report = self._reports.append
        self._topics: list[Outbound] = []
        self._awake = threading.Event()
        self._empty = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="pyevents-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def add(self, topic: Outbound) -> None:
        """Take care of another topic."""
        self._topics.append(topic)
        self._awake.set()

    def wake(self) -> None:
        """Look at what waits now rather than a little later."""
        self._awake.set()

    def pending(self) -> tuple[int, int]:
        """Return how many events wait, and their bytes."""
        waiting = [topic.stream.pending for topic in list(self._topics)]
        return sum(one.events for one in waiting), sum(one.size for one in waiting)

    def wait_empty(self, timeout: float) -> int:
        """Wait until nothing is pending, at most `timeout` seconds; return how many events are left."""
        self._awake.set()
        with self._empty:
            self._empty.wait_for(lambda: self.pending()[0] == 0, timeout)
        return self.pending()[0]

    def stop(self, timeout: float) -> int:
        """Wait until nothing is pending or the time is over, then end; return how many events are left."""
        self.wait_empty(timeout)
        self._stopped = True
        self._awake.set()
        self._thread.join()
        self._sender.close(0)
        self._serve()
        return self.pending()[0]

    def _run(self) -> None:
        checkpoint = time.monotonic() + _CHECKPOINT
        while not self._stopped:
            served = self._sender.poll(0.02 if self._idle() else 0.0)
            self._serve()
            self._advance()
            if not served and not self._reports:
                self._awake.wait(0.005 if self.pending()[0] else 0.1)
                self._awake.clear()
            if time.monotonic() > checkpoint:
                self._spool.checkpoint()
                checkpoint = time.monotonic() + _CHECKPOINT

    def _idle(self) -> bool:
        return not self._awake.is_set()

    def _serve(self) -> None:
        """Settle every report that has come."""
        replace = False
        with self._lock:
            while self._reports:
                topic, generation, position, delivery = self._reports.popleft()
                before = topic.reason
                outcome = topic.settle(generation, position, delivery)
                if delivery.fault is None:
                    self.sent += 1
                elif topic.reason != before and topic.reason:
                    self.last_error = f"{topic.stream.topic}: {topic.reason}"
                    log.warning("%s waits: %s", topic.stream.topic, topic.reason)
                replace = replace or outcome is Outcome.REPLACE
            for topic in self._topics:
                topic.acknowledge()
            if replace:
                self._replace()
        if not self.pending()[0]:
            with self._empty:
                self._empty.notify_all()

    def _advance(self) -> None:
        for topic in list(self._topics):
            with self._lock:
                topic.advance(self.send)

    def _replace(self) -> None:
        log.error(
            "the Kafka client failed for good (%s); a new one goes on from the first unconfirmed event", self.last_error
        )
        broken, self._sender = self._sender, self._transport.sender(self._client_id)
        self.send = self._sender.send
        for topic in self._topics:
            topic.restart()
        broken.close(0)

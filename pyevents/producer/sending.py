"""The background thread of a producer: serves delivery reports and sends what waits."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator

from pyevents.outcome import Outcome
from pyevents.producer.lane import Lane
from pyevents.producer.outbound import Outbound
from pyevents.spool.record import Entry
from pyevents.spool.stream import Stream
from pyevents.transport import Delivery, Transport

__all__ = ["Sending"]

log = logging.getLogger("pyevents.producer")


class Sending:
    """Owns the client of the transport, and a lane for each topic.

    Args:
        transport: Where clients come from.
        client_id: Their name at the broker.
        lock: The producer's; held while events change hands.
        open_stream: Returns this process's own stream of a topic.
        message_of: Returns the message of an entry, or None while its schema id is not known.
    """

    def __init__(
        self,
        transport: Transport,
        client_id: str,
        lock: threading.Lock,
        open_stream: Callable[[str], Stream],
        message_of: Callable[[Entry], bytes | None],
    ) -> None:
        self.sent = 0
        self.last_error: str | None = None
        self._transport = transport
        self._client_id = client_id
        self._lock = lock
        self._open_stream = open_stream
        self._message_of = message_of
        self._cluster_id: str | None = None
        self._sender = transport.sender(client_id)
        self._send = self._sender.send
        self._reports: deque[tuple[Outbound, int, int, Delivery]] = deque()
        self._left: deque[Stream] = deque()
        self._lanes: dict[str, Lane] = {}
        self._awake = threading.Event()
        self._empty = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="pyevents-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def append(self, entry: Entry) -> int:
        """Put an event into its stream and on its way; the caller has the lock.

        Raises:
            SpoolError: The spool cannot take it.
        """
        if self._left:
            self._take_in()
        lane = self._lanes.get(entry.topic) or self._lane(entry.topic)
        position = lane.own().stream.append(entry)
        if not lane.hand_over(position, entry, self._send):
            self._awake.set()
        return position

    def adopt(self, stream: Stream) -> None:
        """Send what another process left."""
        self._left.append(stream)
        log.info("%s: %d events of a process that is gone are sent first", stream.topic, stream.pending.events)
        self._awake.set()

    def ask_cluster(self, timeout: float) -> None:
        """Learn the cluster's own id, once, and write it beside the events that are for it."""
        if self._cluster_id is None and self._lanes:
            found = self._sender.cluster_id(timeout)
            if found is not None:
                with self._lock:
                    self._cluster_id = found
                    for outbound in self._outbounds():
                        if not outbound.adopted:
                            outbound.stream.confirm_cluster(found)
                self._awake.set()

    def wake(self) -> None:
        """Look at what waits now rather than a little later."""
        self._awake.set()

    def outbounds(self) -> list[Outbound]:
        """Return every stream that is being sent."""
        with self._lock:
            return list(self._outbounds())

    def waiting(self) -> int:
        """Return how many events the broker has not confirmed."""
        return sum(outbound.waiting for outbound in self.outbounds())

    def wait_empty(self, timeout: float) -> int:
        """Wait until nothing is pending, at most `timeout` seconds; return how many events are left."""
        self._awake.set()
        with self._empty:
            self._empty.wait_for(lambda: self.waiting() == 0, timeout)
        return self.waiting()

    def stop(self, timeout: float) -> int:
        """Wait until nothing is pending or the time is over, then end; return how many events are left."""
        self.wait_empty(timeout)
        self._stopped = True
        self._awake.set()
        self._thread.join()
        self._sender.close(0)
        self._settle()
        return self.waiting()

    def _take_in(self) -> None:
        while self._left:
            stream = self._left.popleft()
            lane = self._lanes.get(stream.topic) or self._lane(stream.topic)
            lane.adopt(Outbound(stream, self._message_of, self._reports.append))

    def _outbounds(self) -> Iterator[Outbound]:
        for lane in self._lanes.values():
            yield from lane

    def _lane(self, topic: str) -> Lane:
        lane = self._lanes[topic] = Lane(lambda: self._open(topic))
        return lane

    def _open(self, topic: str) -> Outbound:
        stream = self._open_stream(topic)
        if self._cluster_id is not None:
            stream.confirm_cluster(self._cluster_id)
        return Outbound(stream, self._message_of, self._reports.append)

    def _run(self) -> None:
        while not self._stopped:
            served = self._sender.poll(0.0 if self._awake.is_set() else 0.02)
            left = self._settle()
            self._advance()
            if not served:
                self._awake.wait(0.005 if left else 0.1)
                self._awake.clear()

    def _settle(self) -> int:
        """Settle every report that has come, and return how many events are left."""
        replace = False
        with self._lock:
            while self._reports:
                outbound, generation, position, delivery = self._reports.popleft()
                before = outbound.reason
                outcome = outbound.settle(generation, position, delivery)
                if delivery.fault is None:
                    self.sent += 1
                elif outbound.reason != before and outbound.reason:
                    self.last_error = f"{outbound.stream.topic}: {outbound.reason}"
                    log.warning("%s waits: %s", outbound.stream.topic, outbound.reason)
                replace = replace or outcome is Outcome.REPLACE
            for outbound in self._outbounds():
                outbound.acknowledge()
            if replace:
                self._replace()
            left = sum(outbound.waiting for outbound in self._outbounds())
        if not left:
            with self._empty:
                self._empty.notify_all()
        return left

    def _advance(self) -> None:
        with self._lock:
            self._take_in()
        for lane in list(self._lanes.values()):
            with self._lock:
                lane.advance(self._send, self._cluster_id)

    def _replace(self) -> None:
        log.error(
            "the Kafka client failed for good (%s); a new one goes on from the first unconfirmed event", self.last_error
        )
        broken, self._sender = self._sender, self._transport.sender(self._client_id)
        self._send = self._sender.send
        for outbound in self._outbounds():
            outbound.restart()
        broken.close(0)

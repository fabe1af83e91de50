"""What works behind a producer in one process: made at its start, and again in a forked child."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from pyevents.catalog import Loaded
from pyevents.codec.framing import frame
from pyevents.errors import UnknownEventType, UnknownVersion
from pyevents.label import Label
from pyevents.outcome import Outcome, after_fault, in_words
from pyevents.producer.keeper import Keeper
from pyevents.producer.outbound import Unsendable
from pyevents.producer.sending import Sending
from pyevents.producer.status import ProducerStatus
from pyevents.producer.storage import Store
from pyevents.registry import Ids, Registry, Schema
from pyevents.registry.ids import Wanted
from pyevents.spool.record import Entry
from pyevents.transport import Transport

__all__ = ["Running", "Setup"]

_LOOK_EVERY = 1.0


class Setup(NamedTuple):
    """What a producer was given; the same in every process."""

    service: str
    catalog: Loaded
    transport: Transport
    registry: Registry
    auto_register: bool
    framed: bool
    store: Store


class Running:
    """The sender, the keeper and the schema ids of one producer in one process.

    Args:
        setup: Of the producer.
        lock: The producer's.
    """

    def __init__(self, setup: Setup, lock: threading.Lock) -> None:
        self._setup = setup
        spool = setup.store.spool
        self.sending = Sending(setup.transport, setup.service, lock, spool.stream, self._message)
        self._ids = Ids(setup.registry, auto_register=setup.auto_register, on_change=self._ids_changed)
        self._keeper = Keeper(spool, self.sending)
        self._lock = lock
        self._prefixes: dict[str, bytes] = {}
        """What stands before a body, by the fingerprint of its schema; each belongs to one event type alone."""
        self._wanting: dict[str, Wanted] = {}
        self._looked_at = 0.0
        self._seen: tuple[int, int | None] = (0, None)

    def start(self) -> None:
        """Begin to send; what dead processes left is adopted when this returns."""
        self._keeper.start()
        self.sending.start()

    def stop(self, timeout: float) -> int:
        """Send what can be sent within `timeout` seconds and end; return how many events are left."""
        left = self.sending.stop(timeout)
        self._keeper.stop()
        self._ids.close()
        return left

    def status(self) -> ProducerStatus:
        """Return what waits, what was sent and what is wrong."""
        sending = self.sending
        lanes = sending.lanes()
        pending = sending.waiting()
        size, oldest = self._extent(pending)
        trouble = sending.trouble
        busy = {outbound.stream.topic for outbound in sending.outbounds() if outbound.waiting}
        refused = in_words(trouble) if trouble is not None and after_fault(trouble) is Outcome.WAIT else None
        elsewhere = sending.cluster.problem
        return ProducerStatus(
            sending.connected,
            pending,
            size,
            oldest,
            sending.sent,
            sum(outbound.retried for outbound in sending.outbounds()),
            sum(lane.rejected for lane in lanes),
            {
                lane.topic: reason
                for lane in lanes
                if (
                    reason := (lane.topic in busy and (elsewhere or lane.reason))
                    or self._without_id(lane.topic)
                    or refused
                )
            },
            sending.last_error,
            sending.last_error_at,
            self._setup.store.durability,
        )

    def _extent(self, pending: int) -> tuple[int, float | None]:
        """Return bytes and age of what waits; the files are looked at once a second at most."""
        if not pending:
            return 0, None
        now = time.monotonic()
        if now > self._looked_at + _LOOK_EVERY:
            self._looked_at = now
            streams = [outbound.stream for outbound in self.sending.outbounds()]
            oldest = min((first for stream in streams if (first := stream.oldest) is not None), default=None)
            self._seen = sum(stream.pending.size for stream in streams), oldest
        size, oldest = self._seen
        return size, None if oldest is None else max(0.0, time.time() - oldest / 1000)

    def _without_id(self, topic: str) -> str | None:
        wanted = self._wanting.get(topic)
        failure = self._ids.failure(wanted.subject, wanted.fingerprint) if wanted else None
        return str(failure) if failure else None

    def _message(self, entry: Entry) -> bytes | None:
        if not self._setup.framed:
            return entry.body
        label = entry.label
        prefix = self._prefixes.get(label.fingerprint)
        if prefix is None:
            wanted = self._wanted(label)
            schema_id = self._ids.id_of(wanted)
            if schema_id is None:
                self._wanting[label.topic] = wanted
                return None
            self._wanting.pop(label.topic, None)
            prefix = self._prefixes[label.fingerprint] = frame(schema_id, b"")
        return prefix + entry.body

    def _ids_changed(self) -> None:
        with self._lock:  # held by whoever looks an id up to remember it
            self._prefixes.clear()
        self.sending.wake()

    def _wanted(self, label: Label) -> Wanted:
        try:
            major, version = self._setup.catalog.contract(label.event_type).find(label.version)
        except (UnknownEventType, UnknownVersion):
            raise Unsendable(label.event_type, label.version) from None
        if version.fingerprint != label.fingerprint:
            raise Unsendable(label.event_type, label.version)
        return Wanted(major.subject, label.fingerprint, Schema(version.format, version.schema))

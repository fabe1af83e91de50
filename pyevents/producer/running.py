"""What works behind a producer in one process: made at its start, and again in a forked child."""

from __future__ import annotations

import threading
from typing import NamedTuple

from pyevents.catalog import Loaded
from pyevents.codec.framing import frame
from pyevents.errors import UnknownEventType, UnknownVersion
from pyevents.producer.keeper import Keeper
from pyevents.producer.outbound import Outbound, Unsendable
from pyevents.producer.sending import Sending
from pyevents.producer.storage import Store
from pyevents.registry import Ids, Registry, Schema
from pyevents.registry.ids import Wanted
from pyevents.spool.record import Entry
from pyevents.transport import Transport

__all__ = ["Running", "Setup"]


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
        self._ids = Ids(setup.registry, auto_register=setup.auto_register, on_change=self.sending.wake)
        self._keeper = Keeper(spool, self.sending)

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

    def reason(self, outbound: Outbound) -> str | None:
        """Say why a stream waits, or None."""
        if outbound.reason or not outbound.waiting or not self._setup.framed:
            return outbound.reason
        first = outbound.stream.read(outbound.stream.watermark + 1, limit=1)
        if not first:
            return None
        try:
            wanted = self._wanted(first[0][1])
        except Unsendable as error:
            return str(error)
        failure = self._ids.failure(wanted.subject, wanted.fingerprint)
        return str(failure) if failure else None

    def _message(self, entry: Entry) -> bytes | None:
        if not self._setup.framed:
            return entry.body
        schema_id = self._ids.id_of(self._wanted(entry))
        return None if schema_id is None else frame(schema_id, entry.body)

    def _wanted(self, entry: Entry) -> Wanted:
        try:
            major, version = self._setup.catalog.contract(entry.event_type).find(entry.version)
        except (UnknownEventType, UnknownVersion):
            raise Unsendable(entry.event_type, entry.version) from None
        if version.fingerprint != entry.fingerprint:
            raise Unsendable(entry.event_type, entry.version)
        return Wanted(major.subject, entry.fingerprint, Schema(version.format, version.schema))

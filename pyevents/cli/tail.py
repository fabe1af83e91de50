"""Reading along on a topic: a group of its own that commits nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

from pyevents.catalog import load
from pyevents.codec import Decoder, Skipped
from pyevents.envelope import new_event_id
from pyevents.errors import ConfigurationInvalid, PyEventsError, did_you_mean
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry
from pyevents.registry.schemas import Schemas
from pyevents.transport import Message, Partition

__all__ = ["Tail"]


class Tail:
    """Messages of one topic as lines of text.

    Args:
        topic: Has to be one of the catalog's, or one for its dead letters or retries.
        servers: Of the broker.
        url: Of the registry.
        catalog: Generated package with the contracts.
        from_beginning: Begin with the oldest message rather than the next.
    """

    def __init__(self, topic: str, servers: str | None, url: str | None, catalog: str, *, from_beginning: bool) -> None:
        loaded = load(catalog)
        known = [one.name for one in loaded.catalog.every_topic]
        if topic not in known:
            hint = did_you_mean(topic, known, f"There are: {', '.join(loaded.topics)}.")
            raise ConfigurationInvalid("topic", f"no contract knows the topic {topic!r}", hint)
        self._topic = topic
        self._decoder = Decoder(loaded, Schemas(HttpRegistry(url)))
        group, start = f"pyevents-tail-{new_event_id()}", "earliest" if from_beginning else "latest"
        transport = KafkaTransport(servers)
        transport.topics()
        self._receiver = transport.receiver(group, client_id="pyevents-tail", auto_offset_reset=start)

    def lines(self, *, limit: int | None, timeout: float | None, with_payload: bool) -> Iterator[str]:
        """Yield one line for each message until the limit, the time, or Ctrl-C."""
        end = None if timeout is None else time.monotonic() + timeout
        self._receiver.subscribe([self._topic], self)
        printed = 0
        try:
            while (limit is None or printed < limit) and (end is None or time.monotonic() < end):
                for message in self._receiver.receive(100, 0.2):
                    yield self._line(message, with_payload)
                    printed += 1
                    if printed == limit:
                        break
        except KeyboardInterrupt:
            return
        finally:
            self._receiver.close()

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Nothing to prepare."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing to commit."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Nothing to drop."""

    def _line(self, message: Message, with_payload: bool) -> str:
        place = f"{message.topic}-{message.partition}@{message.offset}"
        try:
            event = self._decoder.decode(message.value)
        except PyEventsError as error:
            return f"{place}  not readable: {error}"
        if isinstance(event, Skipped):
            return f"{place}  {event.event_type or 'unknown'}  (no contract)"
        found = event.schema
        line = f"{place}  {found.timestamp}  {found.event_type} {found.version}  {found.event_id}  {found.producer}"
        return f"{line}  {msgspec.json.encode(found.payload).decode()}" if with_payload else line

"""A broker and a registry for a service's own tests: what was published, what became a dead letter, and time at hand.

pytest gets them by the fixtures `pyevents_memory` and `pyevents_embedded`; anybody else makes an `EventBroker`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from types import ModuleType
from typing import Any, TypeVar, overload

from msgspec import Struct

from pyevents.catalog import load
from pyevents.codec import Decoder, Event
from pyevents.consumer import ConsumerStatus, KafkaConsumer
from pyevents.deadletter.letter import DeadLetter, is_mark, letter_of
from pyevents.dev.embedded import Embedded
from pyevents.envelope import EventSchema
from pyevents.errors import PyEventsError
from pyevents.kafka import KafkaTransport
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.producer import RobustKafkaProducer
from pyevents.registry import HttpRegistry, Registry
from pyevents.transport import Message, Record, Transport

__all__ = ["Clock", "EventBroker", "embedded_broker", "memory_broker"]

E = TypeVar("E", bound=Struct)

_STILL = 0.03  # seconds without progress after which time is moved
_LEAP = 60.0  # seconds by which time is moved; twice as many where that did not help


class Clock:
    """Seconds that go by as they do, and faster where a test moves them."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let so many seconds be over."""
        self._ahead += seconds


Look = Callable[[Iterable[str]], list[Message]]
"""Returns everything on some topics: topic by topic, partition by partition, in order."""


class EventBroker:
    """A broker and a registry, with producers and consumers on them that are closed with it.

    Args:
        transport: To the broker.
        registry: Takes every schema.
        look: Returns everything on some topics of the same broker.
        catalog: The generated package with the contracts.
    """

    def __init__(
        self,
        transport: Transport,
        registry: Registry,
        look: Look,
        *,
        catalog: str | ModuleType = "pyevents.events",
    ) -> None:
        self.transport = transport
        self.registry = registry
        self.clock = Clock()
        self._messages = look
        self._catalog = catalog
        self._loaded = load(catalog)
        self._producers: list[RobustKafkaProducer] = []
        self._consumers: list[KafkaConsumer] = []
        self._done: dict[str, int] = {}

    def producer(self, service_name: str, **options: Any) -> RobustKafkaProducer:
        """Return a `RobustKafkaProducer` on this broker; options are those of its constructor."""
        known = {"catalog": self._catalog, "registry": self.registry, "auto_register": True}
        made = RobustKafkaProducer(service_name=service_name, transport=self.transport, **(known | options))
        self._producers.append(made)
        return made

    def consumer(self, group_id: str, topics: Iterable[str] | None = None, **options: Any) -> KafkaConsumer:
        """Return a `KafkaConsumer` on this broker, whose time is `clock`; options are those of its constructor."""
        known = {"catalog": self._catalog, "registry": self.registry, "clock": self.clock}
        made = KafkaConsumer(topics, group_id, transport=self.transport, **(known | options))
        self._consumers.append(made)
        return made

    def publish(self, *events: Struct, service_name: str = "tests") -> None:
        """Publish events, and return once they are on their topics."""
        with self.producer(service_name) as producer:
            for event in events:
                producer.publish(event)
            producer.flush(10)

    def put(self, topic: str, value: bytes | None, key: bytes | None = None) -> None:
        """Put bytes on a topic, as a foreign service would, right or wrong."""
        sender = self.transport.sender("tests")
        sender.send(Record(topic, key, value), lambda delivery: None)
        sender.close(10)

    def handle(self, consumer: KafkaConsumer, timeout: float = 10.0) -> ConsumerStatus:
        """Run a consumer over all that is on its topics, then close it.

        Waiting between attempts takes no time: where nothing else is to be done, the clock is moved.

        Args:
            consumer: Made by `consumer`, its handlers registered.
            timeout: Real seconds until it has to be done.

        Returns:
            Its last status.

        Raises:
            ConsumerStopped: By its own rules, as `run` raises it.
            TimeoutError: Something is not done; the message says how much.
        """
        self._flush()
        errors: list[BaseException] = []
        thread = threading.Thread(target=_run, args=(consumer, errors), daemon=True)
        thread.start()
        try:
            self._wait(consumer, thread, timeout)
        finally:
            consumer.close()
            thread.join(timeout)
            status = consumer.status()
            self._done[consumer.group_id] = self._done.get(consumer.group_id, 0) + _finished(status)
        for error in errors:
            raise error
        return status

    @overload
    def published(self, event: type[E]) -> list[E]: ...

    @overload
    def published(self, event: None = None) -> list[EventSchema]: ...

    def published(self, event: type[E] | None = None) -> list[E] | list[EventSchema]:
        """Return the events on the topics of the contracts, in the order of their timestamps.

        Args:
            event: A generated class: only its events, typed. Without it, all of them as `EventSchema`.
        """
        self._flush()
        topics = [self._loaded.of_class(event)[0].topic] if event else list(self._loaded.topics)
        found = sorted(filter(None, map(self._decoded, self._messages(topics))), key=lambda one: one.raw.timestamp)
        if event is None:
            return [one.schema for one in found]
        return [one.typed for one in found if isinstance(one.typed, event)]

    def dead_letters(self, consumer: str | None = None) -> list[DeadLetter]:
        """Return the dead letters, of one consumer or of all of them."""
        names = [topic.name for topic in self._loaded.catalog.every_topic if topic.name.endswith(".dlq")]
        chosen = [name for name in names if consumer is None or name.endswith(f".{consumer}.dlq")]
        return [letter_of(message) for message in self._messages(chosen) if not is_mark(message)]

    def close(self) -> None:
        """Close what was made here."""
        for consumer in self._consumers:
            consumer.close()
        for producer in self._producers:
            producer.close()

    def _flush(self) -> None:
        for producer in self._producers:
            producer.flush(10)

    def _decoded(self, message: Message) -> Event | None:
        try:
            found = Decoder(self._loaded, self.registry).decode(message.value)
        except PyEventsError:
            return None
        return found if isinstance(found, Event) else None

    def _wait(self, consumer: KafkaConsumer, thread: threading.Thread, timeout: float) -> None:
        before = self._done.get(consumer.group_id, 0)
        pause, still, last, leap = threading.Event(), time.monotonic(), -1, _LEAP
        deadline = still + timeout
        while thread.is_alive():
            status = consumer.status()
            done, now = _finished(status), time.monotonic()
            if done != last or any(one.in_flight for one in status.partitions.values()):
                last, still, leap = done, now, _LEAP
            elif status.partitions and now - still > _STILL:
                waiting = any(one.waiting_keys for one in status.partitions.values())
                if not waiting and done >= self._total(status) - before:
                    return
                self.clock.advance(leap)
                still, leap = now, leap * 2
            if now > deadline:
                total = self._total(status) - before
                raise TimeoutError(f"{consumer} has done {done} of {total} messages within {timeout:g} s: {status}")
            pause.wait(0.005)

    def _total(self, status: ConsumerStatus) -> int:
        return len(self._messages({place.topic for place in status.partitions}))


def memory_broker(catalog: str | ModuleType = "pyevents.events") -> EventBroker:
    """Return a broker and a registry in memory."""
    transport = MemoryTransport()

    def look(topics: Iterable[str]) -> list[Message]:
        return [message for topic in topics for message in transport.messages(topic)]

    return EventBroker(transport, MemoryRegistry(), look, catalog=catalog)


def embedded_broker(pair: Embedded, catalog: str | ModuleType = "pyevents.events") -> EventBroker:
    """Return the embedded pair, fresh, as a broker of a test: a real client, a real protocol, real HTTP."""
    transport = KafkaTransport(pair.bootstrap_servers, pair.consumer_properties)

    def look(topics: Iterable[str]) -> list[Message]:
        with closing(transport.reader()) as reader:
            return [message for topic in topics for message in reader.read(reader.bounds(topic))]

    return EventBroker(transport, HttpRegistry(pair.registry_url), look, catalog=catalog)


def _finished(status: ConsumerStatus) -> int:
    return status.handled + status.skipped + status.passed + status.doubles + status.dead_letters


def _run(consumer: KafkaConsumer, errors: list[BaseException]) -> None:
    try:
        consumer.run()
    except BaseException as error:
        errors.append(error)

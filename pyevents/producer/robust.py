"""The producer that services use: `publish` and `send_event`, and what they promise."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Mapping
from types import ModuleType, TracebackType
from typing import Any, Literal, Self

from msgspec import Struct

from pyevents.catalog import Loaded, load
from pyevents.codec import Encoded, Encoder
from pyevents.codec.framing import frame
from pyevents.config import Properties
from pyevents.errors import Closed, ConfigurationInvalid, EventTooLarge
from pyevents.producer.outbound import Outbound
from pyevents.producer.sending import Sending
from pyevents.producer.status import ProducerStatus
from pyevents.registry import HttpRegistry, Ids, Registry, Schema
from pyevents.registry.ids import Wanted
from pyevents.spool.memory import MemorySpool
from pyevents.spool.record import Entry
from pyevents.spool.stream import Spool
from pyevents.transport import Headers, Transport

__all__ = ["RobustKafkaProducer"]

_living: weakref.WeakSet[RobustKafkaProducer] = weakref.WeakSet()

# Room for keys, headers and Kafka's own record overhead below librdkafka's `message.max.bytes`.
_LARGEST = 1_000_000 - 1_000


class RobustKafkaProducer:
    """Publishes events that their contracts accept, in order, broker or not.

    Constructing it returns at once; brokers and registries that are away delay sending, never publishing. Events
    wait in the spool (in memory unless another is given) until the broker has confirmed them. Any number of threads
    may publish at the same time.

    Args:
        bootstrap_servers: `host:port`, comma-separated; default `KAFKA_BOOTSTRAP_SERVERS`, then `kafka:9092`.
        service_name: The envelope's `producer`.
        schema_registry_url: Default `SCHEMA_REGISTRY_URL`, then the compose file's.
        catalog: The generated package with the contracts.
        auto_register: Register schemas that the registry lacks; for development and tests.
        framing: `"confluent"` puts the schema id before each message, `"none"` sends bare JSON for services that
            cannot read it yet (see docs/migration.md).
        properties: Of librdkafka, by their own names.
        spool: Where events wait; default is memory.
        transport: Another way than Kafka, such as `pyevents.memory.MemoryTransport`.
        registry: Another registry than that of the URL.

    Raises:
        ConfigurationInvalid: A setting cannot work.
        CatalogInvalid: There is no readable catalog.
    """

    def __init__(
        self,
        bootstrap_servers: str | None = None,
        service_name: str = "unknown-service",
        *,
        schema_registry_url: str | None = None,
        catalog: str | ModuleType = "pyevents.events",
        auto_register: bool = False,
        framing: Literal["confluent", "none"] = "confluent",
        properties: Properties | None = None,
        spool: Spool | None = None,
        transport: Transport | None = None,
        registry: Registry | None = None,
    ) -> None:
        if framing not in ("confluent", "none"):
            raise ConfigurationInvalid("framing", "it is neither 'confluent' nor 'none'", "Choose one of them.")
        self.service_name = service_name
        self._framed = framing == "confluent"
        self._catalog: Loaded = load(catalog)
        self._encoder = Encoder(self._catalog, service_name)
        self._spool = spool or MemorySpool()
        self._lock = threading.Lock()
        self._topics: dict[str, Outbound] = {}
        self._closed = False
        self._sending = Sending(
            transport or _kafka(bootstrap_servers, properties), service_name, self._lock, self._spool
        )
        self._ids = Ids(
            registry or HttpRegistry(schema_registry_url),
            auto_register=auto_register,
            on_change=self._sending.wake,
        )
        self._sending.start()
        _living.add(self)

    def publish(
        self, event: Struct, *, key: str | None = None, headers: Mapping[str, str | bytes] | None = None
    ) -> str:
        """Accept *event* for delivery, and return its event id; never waits for broker or registry.

        Args:
            event: An instance of a generated class; checked against its contract.
            key: Orders events; default is the contract's key field, as text, and nothing else is accepted.
            headers: Of the Kafka message.

        Raises:
            EventRefused: The event cannot be published, and the message says why; nothing was written.
            SpoolFull: Too much waits already; the broker has been away for long.
            Closed: `close` was called.
        """
        return self._accept(self._encoder.encode(event, key), headers)

    def send_event(
        self,
        topic: str,
        event_type: str,
        payload: Mapping[str, Any],
        key: str | None = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> bool:
        """Accept a dictionary for delivery; what `publish` says holds here too.

        Args:
            topic: Has to be the contract's.
            event_type: For example `patient.created`.
            payload: Checked against the contract.
            key: As for `publish`.
            version: `MAJOR.MINOR`; default is the newest minor of the contract's current major.
            headers: Of the Kafka message.

        Returns:
            True: it was accepted. What fails raises.

        Raises:
            EventRefused: See `publish`; also an unknown type or version, or a wrong topic.
            SpoolFull: See `publish`.
            Closed: See `publish`.
        """
        self._accept(self._encoder.encode_payload(topic, event_type, payload, key, version), headers)
        return True

    def flush(self, timeout: float = 10.0) -> int:
        """Wait until the broker has everything, at most `timeout` seconds; return how many events are left."""
        return self._sending.wait_empty(timeout)

    def status(self) -> ProducerStatus:
        """Return what waits, what was sent and what is wrong."""
        pending = self._sending.pending()
        with self._lock:
            waiting = {topic: reason for topic, out in self._topics.items() if (reason := self._reason(topic, out))}
        return ProducerStatus(pending[0], pending[1], self._sending.sent, waiting, self._sending.last_error)

    def close(self, timeout: float = 10.0) -> int:
        """Send what can be sent within `timeout` seconds and stop; return how many events are left.

        Calling it again does nothing. It runs by itself when the interpreter ends.
        """
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
        left = self._sending.stop(timeout)
        self._ids.close()
        self._spool.close()
        _living.discard(self)
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RobustKafkaProducer of {self.service_name}>"

    def _accept(self, encoded: Encoded, headers: Mapping[str, str | bytes] | None) -> str:
        if len(encoded.body) > _LARGEST:
            raise EventTooLarge(encoded.event_type, len(encoded.body), _LARGEST)
        if not self._framed and encoded.format != "json":
            raise ConfigurationInvalid(
                "framing", f"{encoded.event_type} is Avro, which cannot be sent without a schema id", "Use 'confluent'."
            )
        entry = Entry(
            encoded.topic,
            encoded.key,
            _headers(headers) if headers else (),
            encoded.event_type,
            encoded.version,
            encoded.fingerprint,
            encoded.timestamp,
            encoded.body,
        )
        with self._lock:
            if self._closed:
                raise Closed("producer")
            topic = self._topics.get(encoded.topic) or self._open(encoded.topic)
            position = topic.stream.append(entry)
            if not topic.hand_over(position, entry, self._sending.send):
                self._sending.wake()
        return encoded.event_id

    def _open(self, topic: str) -> Outbound:
        out = Outbound(self._spool.stream(topic), self._message, self._sending.report, time.monotonic)
        self._topics[topic] = out
        self._sending.add(out)
        return out

    def _message(self, entry: Entry) -> bytes | None:
        if not self._framed:
            return entry.body
        schema_id = self._ids.id_of(self._wanted(entry))
        return None if schema_id is None else frame(schema_id, entry.body)

    def _wanted(self, entry: Entry) -> Wanted:
        major, version = self._catalog.contract(entry.event_type).find(entry.version)
        return Wanted(major.subject, entry.fingerprint, Schema(version.format, version.schema))

    def _reason(self, topic: str, out: Outbound) -> str | None:
        if out.reason or not out.stream.pending.events or not self._framed:
            return out.reason
        first = out.stream.read(out.stream.watermark + 1, limit=1)
        wanted = self._wanted(first[0][1]) if first else None
        failure = self._ids.failure(wanted.subject, wanted.fingerprint) if wanted else None
        return str(failure) if failure else None


def _kafka(servers: str | None, properties: Properties | None) -> Transport:
    from pyevents.kafka import KafkaTransport

    return KafkaTransport(servers, properties)


def _headers(headers: Mapping[str, str | bytes]) -> Headers:
    return tuple((name, value.encode() if isinstance(value, str) else bytes(value)) for name, value in headers.items())


@atexit.register
def _close_living() -> None:
    for producer in list(_living):
        producer.close()

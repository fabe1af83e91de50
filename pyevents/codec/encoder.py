"""From a typed object or a dictionary to the body of a message, checked against its contract."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from pyevents.catalog import Contract, Loaded, Major, Version
from pyevents.codec.avro import AvroWriter
from pyevents.codec.payload import PayloadRules, misfit, plain
from pyevents.codec.refusal import Problem, describe
from pyevents.envelope import new_event_id, timestamp_text
from pyevents.errors import EventInvalid, WrongKey, WrongTopic
from pyevents.transport import Headers

__all__ = ["Encoded", "Encoder"]

_json = msgspec.json.Encoder()

# Schema id 5, record 36 (lengths, attributes, timestamp, offset), batch 61; a header adds two lengths of up to 5 each.
_OVERHEAD = 102


class Encoded(NamedTuple):
    """An accepted event: everything that has to be kept until it is sent, without the registry's id."""

    topic: str
    subject: str
    event_type: str
    version: str
    format: str
    fingerprint: str
    event_id: str
    timestamp: int
    key: bytes
    body: bytes

    def size(self, headers: Headers) -> int:
        """Return how many bytes it can be as a Kafka message in a batch of its own, key and headers included."""
        size = sum(len(name) + len(value or b"") + 10 for name, value in headers)
        return len(self.body) + len(self.key) + size + _OVERHEAD

    def __repr__(self) -> str:
        return f"<{self.event_type} {self.version} {self.event_id}, {len(self.body)} bytes>"


class Encoder:
    """Encodes the events of one catalog in the name of one service; safe for use by many threads.

    Args:
        catalog: The contracts.
        service: Name of the service, the envelope's `producer`.
    """

    def __init__(self, catalog: Loaded, service: str) -> None:
        self._catalog = catalog
        self._service = service
        self._writers: dict[tuple[str, str], _Writer] = {}
        self._of_class: dict[type, _Writer] = {}

    def encode(self, event: Struct, key: str | None = None) -> Encoded:
        """Return a typed object as a message body.

        Raises:
            UnknownEventType: Its class is no contract's.
            EventInvalid: Its contract refuses it.
            WrongKey: `key` is not the text of the key field.
        """
        writer = self._of_class.get(type(event))
        if writer is None:
            contract, major = self._catalog.of_class(type(event))
            writer = self._of_class[type(event)] = self._writer(contract, major, major.newest)
        return writer.encode(plain(event), key)

    def encode_payload(
        self, topic: str, event_type: str, payload: Mapping[str, Any], key: str | None, version: str | None
    ) -> Encoded:
        """Return a dictionary as a message body.

        Raises:
            UnknownEventType: No contract has this event type.
            UnknownVersion: The contract has no such version.
            WrongTopic: The contract names another topic.
            EventInvalid: The contract refuses the payload.
            WrongKey: `key` is not the text of the key field.
        """
        contract = self._catalog.contract(event_type)
        major, found = contract.find(version)
        if topic != contract.topic:
            raise WrongTopic(event_type, str(topic), contract.topic)
        if not isinstance(payload, Mapping):
            raise EventInvalid(event_type, found.number, "", "type", "a mapping", describe(payload))
        return self._writer(contract, major, found).encode(_from_caller(dict(payload)), key)

    def _writer(self, contract: Contract, major: Major, version: Version) -> _Writer:
        place = contract.event_type, version.number
        writer = self._writers.get(place)
        if writer is None:
            cls = self._catalog.class_of(major)
            writer = self._writers[place] = _Writer(contract, major, version, cls, self._service)
        return writer


class _Writer:
    """One version of one contract, compiled."""

    def __init__(self, contract: Contract, major: Major, version: Version, cls: type[Struct], service: str) -> None:
        self._contract = contract
        self._subject = major.subject
        self._version = version
        self._rules = PayloadRules(version.writer, cls)
        self._service = service
        self._avro = AvroWriter(version.schema) if version.format == "avro" else None
        self._middle = b'","eventType":%b,"version":%b,"timestamp":"' % (
            _json.encode(contract.event_type),
            _json.encode(version.number),
        )
        self._after = b'","producer":%b,"payload":' % _json.encode(service)

    def encode(self, payload: Any, key: str | None) -> Encoded:
        held = self._rules.hold(payload)
        if isinstance(held, Problem):
            raise EventInvalid(self._contract.event_type, self._version.number, *held)
        try:
            return self._encoded(held, key)
        except UnicodeEncodeError:
            problem = misfit(held[0]) or Problem("", "type", "Unicode text", "text that is none")
            raise EventInvalid(self._contract.event_type, self._version.number, *problem) from None

    def _encoded(self, held: tuple[Any, Struct], key: str | None) -> Encoded:
        event_id, now = new_event_id(), time.time_ns()
        return Encoded(
            self._contract.topic,
            self._subject,
            self._contract.event_type,
            self._version.number,
            self._version.format,
            self._version.fingerprint,
            event_id,
            now // 1_000_000,
            self._key(held[0], key),
            self._body(held, event_id, timestamp_text(now)),
        )

    def _key(self, payload: dict[str, Any], given: str | None) -> bytes:
        text = str(payload[self._contract.key])
        if given is not None and given != text:
            raise WrongKey(self._contract.event_type, self._contract.key, describe(given))
        return text.encode()

    def _body(self, held: tuple[Any, Struct], event_id: str, timestamp: str) -> bytes:
        payload, typed = held
        if self._avro:
            envelope = {
                "eventId": event_id,
                "eventType": self._contract.event_type,
                "version": self._version.number,
                "timestamp": timestamp,
                "producer": self._service,
            }
            return self._avro.write(envelope, typed)
        return b"".join(
            (
                b'{"eventId":"',
                event_id.encode(),
                self._middle,
                timestamp.encode(),
                self._after,
                _json.encode(payload),
                b"}",
            )
        )


def _from_caller(payload: dict[str, Any]) -> Any:
    """Make a caller's dictionary plain; a datetime without zone stays, so that the schema refuses it."""
    if _has_naive(payload):
        return payload
    try:
        return plain(payload)
    except (TypeError, ValueError, RecursionError):
        return payload


def _has_naive(value: Any, depth: int = 0) -> bool:
    if isinstance(value, datetime.datetime):
        return value.tzinfo is None
    if depth > 100:
        return False
    if isinstance(value, dict):
        return any(_has_naive(part, depth + 1) for part in value.values())
    return isinstance(value, (list, tuple)) and any(_has_naive(part, depth + 1) for part in value)

"""From a typed object or a dictionary to the body of a message, checked against its contract."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from pyevents.catalog import Contract, Loaded, Major, Version
from pyevents.codec.avro import AvroWriter
from pyevents.codec.payload import PayloadRules, attributes, misfit, plain
from pyevents.codec.refusal import Problem, describe
from pyevents.envelope import new_event_id, timestamp_text
from pyevents.errors import EventInvalid, WrongKey, WrongTopic
from pyevents.label import Label
from pyevents.transport import Headers

__all__ = ["Encoded", "Encoder"]

_json = msgspec.json.Encoder()
_convert = msgspec.convert

# Schema id 5, record 36 (lengths, attributes, timestamp, offset), batch 61; a header adds two lengths of up to 5 each.
_OVERHEAD = 102


class Encoded(Struct, frozen=True, gc=False):
    """An accepted event: everything that has to be kept until it is sent, without the registry's id."""

    label: Label
    event_id: str
    timestamp: int
    """Milliseconds since 1970 in UTC."""
    key: bytes
    body: bytes

    @property
    def topic(self) -> str:
        """Where it goes."""
        return self.label.topic

    @property
    def event_type(self) -> str:
        """For example `patient.created`."""
        return self.label.event_type

    @property
    def version(self) -> str:
        """Of its contract, `MAJOR.MINOR`."""
        return self.label.version

    def size(self, headers: Headers) -> int:
        """Return how many bytes it can be as a Kafka message in a batch of its own, key and headers included."""
        size = len(self.body) + len(self.key) + _OVERHEAD
        return size + sum(len(name) + len(value or b"") + 10 for name, value in headers) if headers else size

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
        return writer.encode_object(event, key)

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
            writer = self._writers[place] = _Writer(contract, version, cls, self._service)
        return writer


class _Writer:
    """One version of one contract, compiled; on the way of every event, hence the names looked up once."""

    def __init__(self, contract: Contract, version: Version, cls: type[Struct], service: str) -> None:
        self._contract = contract
        self._version = version
        self._rules = PayloadRules(version.writer, cls)
        self._accepts = self._rules.accepts
        self._cls = cls
        self._key_field = contract.key
        self._key_attribute = attributes(cls)[contract.key]
        self._label = Label(contract.topic, contract.event_type, version.number, version.fingerprint)
        self._checked: Callable[[Struct], bytes | None] | None = None
        self._write: Callable[[Any, Struct], bytes]
        if version.format == "avro":
            envelope = {"eventType": contract.event_type, "version": version.number, "producer": service}
            avro = AvroWriter(version.schema, version.writer, cls, envelope)
            self._around, self._end, self._checked = avro.around, b"", avro.checked
            self._write = lambda _, typed: avro.write(typed)
        else:
            self._around, self._end = _json_around(contract.event_type, version.number, service), b"}"
            self._write = lambda payload, _: _json.encode(payload)

    def encode_object(self, event: Struct, key: str | None) -> Encoded:
        try:
            data = self._checked(event) if self._checked else None
        except UnicodeEncodeError:
            data = None  # said below, with the place
        if data is None:
            return self.encode(plain(event), key, event)
        return self._encoded(str(getattr(event, self._key_attribute)), data, key)

    def encode(self, payload: Any, key: str | None, source: Struct | None = None) -> Encoded:
        try:
            typed = _convert(payload, self._cls) if self._accepts(payload) else None
        except (ValueError, TypeError):
            typed = None
        if typed is None:
            (payload, typed), source = self._held(payload), None
        try:
            # An object is written faster than the dictionary that was made of it, and as the same bytes.
            data = self._write(payload if source is None else source, typed)
            return self._encoded(str(payload[self._key_field]), data, key)
        except UnicodeEncodeError:
            problem = misfit(payload) or Problem("", "type", "Unicode text", "text that is none")
            raise EventInvalid(self._contract.event_type, self._version.number, *problem) from None

    def _held(self, payload: Any) -> tuple[Any, Struct]:
        held = self._rules.hold(payload)
        if isinstance(held, Problem):
            raise EventInvalid(self._contract.event_type, self._version.number, *held)
        return held

    def _encoded(self, text: str, data: bytes, key: str | None) -> Encoded:
        if key is not None and key != text:
            raise WrongKey(self._contract.event_type, self._key_field, describe(key))
        event_id, now = new_event_id(), time.time_ns()
        head, middle, tail = self._around
        body = b"".join((head, event_id.encode(), middle, timestamp_text(now).encode(), tail, data, self._end))
        return Encoded(self._label, event_id, now // 1_000_000, text.encode(), body)


def _json_around(event_type: str, version: str, service: str) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the event id, between it and the timestamp, and before the payload."""
    names = [_json.encode(name) for name in (event_type, version, service)]
    return (
        b'{"eventId":"',
        b'","eventType":%b,"version":%b,"timestamp":"' % (*names[:2],),
        b'","producer":%b,"payload":' % names[2],
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

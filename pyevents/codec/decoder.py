"""From the bytes of a message to a typed object, through the reader's own, opened schema."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from pyevents.catalog import Contract, Loaded, Major
from pyevents.codec.avro import AvroReader, fullname
from pyevents.codec.framing import unframe
from pyevents.codec.payload import PayloadRules
from pyevents.codec.refusal import Problem
from pyevents.envelope import EventSchema, RawEnvelope
from pyevents.errors import RegistryUnreachable, Undecodable
from pyevents.registry import Schema

__all__ = ["Decoder", "Event", "Schemas", "Skipped"]

_envelope = msgspec.json.Decoder(RawEnvelope)


class Schemas(Protocol):
    """Where schema ids are resolved."""

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id; raises `SchemaUnknown` or `RegistryUnreachable`."""


class Event(NamedTuple):
    """A decoded event: the typed object and its envelope."""

    typed: Struct
    schema: EventSchema


class Skipped(NamedTuple):
    """A message that is none of this consumer's: no contract has its type, or nobody asked for it."""

    event_type: str


class _Source(NamedTuple):
    """What a schema id stands for: an event type and, for Avro, how to read it."""

    event_type: str
    format: str
    avro: AvroReader | None


class Decoder:
    """Decodes messages of one catalog; used by one thread at a time.

    Args:
        catalog: The contracts.
        schemas: The registry.
        wanted: Event types to decode; None for all that the catalog has.
    """

    def __init__(self, catalog: Loaded, schemas: Schemas, wanted: frozenset[str] | None = None) -> None:
        self._catalog = catalog
        self._schemas = schemas
        self._wanted = wanted
        self._sources: dict[int, _Source] = {}
        self._rules: dict[tuple[str, int], PayloadRules] = {}

    def decode(self, value: bytes | None) -> Event | Skipped:
        """Return the event of a message, or why it is skipped.

        Raises:
            Undecodable: The bytes are no event, or the reader's schema refuses the payload.
            RegistryUnreachable: It has to wait for the registry; JSON never does.
            SchemaUnknown: The registry does not know the id, and the body is not JSON.
        """
        if value is None:
            raise Undecodable("framing", "the message has no value")
        schema_id, body = unframe(value)
        source = self._source(schema_id, body) if schema_id is not None else None
        if source and not self._is_wanted(source.event_type):
            return Skipped(source.event_type)
        raw = _raw(source, body)
        if not self._is_wanted(raw.event_type):
            return Skipped(raw.event_type)
        if source and source.event_type != raw.event_type:
            raise Undecodable(
                "eventType", f"the envelope says another event type than its schema ({source.event_type})"
            )
        return self._event(self._catalog.contract(raw.event_type), raw)

    def _is_wanted(self, event_type: str) -> bool:
        return event_type in self._catalog.contracts and (self._wanted is None or event_type in self._wanted)

    def _source(self, schema_id: int, body: bytes) -> _Source | None:
        source = self._sources.get(schema_id)
        if source is not None:
            return source
        try:
            writer = self._schemas.schema_of(schema_id)
        except RegistryUnreachable:
            if body[:1] == b"{":
                return None
            raise
        source = self._sources[schema_id] = self._identify(writer)
        return source

    def _identify(self, writer: Schema) -> _Source:
        if writer.format != "avro":
            return _Source(_title(writer.text) or "", writer.format, None)
        name = fullname(writer.text) or ""
        for contract in self._catalog.contracts.values():
            for major in contract.majors:
                if major.subject == f"{contract.topic}-{name}":
                    reader = AvroReader(writer.text, major.newest.schema)
                    return _Source(contract.event_type, writer.format, reader)
        return _Source(name, writer.format, None)

    def _event(self, contract: Contract, raw: RawEnvelope) -> Event:
        major = _major(contract, raw.version)
        rules = self._rules.get((contract.event_type, major.number))
        if rules is None:
            rules = PayloadRules(major.newest.reader, self._catalog.class_of(major))
            self._rules[contract.event_type, major.number] = rules
        held = rules.hold(raw.payload)
        if isinstance(held, Problem):
            raise Undecodable(
                held.rule,
                f"{contract.event_type} {raw.version}: expected {held.expected}, found {held.found}",
                held.pointer,
            )
        return Event(held[1], EventSchema.from_raw(raw))


def _raw(source: _Source | None, body: bytes) -> RawEnvelope:
    if source and source.avro:
        return msgspec.convert(source.avro.read(body), RawEnvelope)
    try:
        return _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        # msgspec names the field and the types, never the value.
        raise Undecodable("envelope", str(error)) from None


def _major(contract: Contract, version: str) -> Major:
    number = version.partition(".")[0]
    major = contract.major(int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else None
    if major is None:
        raise Undecodable(
            "version",
            f"{contract.event_type} has majors {', '.join(str(m.number) for m in contract.majors)} here, "
            f"not the version of this message; update the package that has its contract",
        )
    return major


def _title(schema: str) -> str | None:
    try:
        loaded: Any = msgspec.json.decode(schema)
        title = loaded.get("title") if isinstance(loaded, dict) else None
    except msgspec.DecodeError:
        return None
    if not isinstance(title, str):
        return None
    head, _, tail = title.rpartition(".v")
    return head if head and tail.isdigit() else title

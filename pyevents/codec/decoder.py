"""From the bytes of a message to a typed object, through the reader's own, opened schema."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from pyevents.catalog import Loaded
from pyevents.codec.avro import AvroReader, fullname
from pyevents.codec.direct import Direct
from pyevents.codec.framing import HEADER, unframe
from pyevents.codec.payload import PayloadRules
from pyevents.codec.refusal import Problem, describe
from pyevents.codec.residue import residue
from pyevents.envelope import Envelope, EventSchema, RawEnvelope
from pyevents.errors import RegistryUnreachable, Undecodable, UnknownMajor
from pyevents.registry import Schema
from pyevents.registry.schemas import Remembered

__all__ = ["Decoder", "Event", "Schemas", "Skipped"]

_envelope = msgspec.json.Decoder(RawEnvelope)
_VERSION = re.compile(r"([1-9][0-9]{0,8})\.[0-9]+", re.ASCII)
_ASK_AGAIN = 1.0  # seconds between two questions to a registry that is away, where JSON can be read without it


class Schemas(Protocol):
    """Where schema ids are resolved."""

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id; raises `SchemaUnknown` or `RegistryUnreachable`."""


class Event(Struct, frozen=True):
    """A decoded event: the typed object and its envelope.

    `body` is the message where only the class was made of its payload.
    """

    typed: Struct
    raw: Envelope
    replayed: bool = False
    body: bytes = b""

    @property
    def schema(self) -> EventSchema:
        """The envelope that handlers see, as it was on the wire; made when asked for, since many never look at it.

        Raises:
            Undecodable: A field that the class does not have holds what Python cannot, such as 1e999.
        """
        raw = self.raw
        schema = EventSchema.from_raw(raw if isinstance(raw, RawEnvelope) else _json(self.body))
        schema.replayed = self.replayed
        return schema


class Skipped(Struct, frozen=True):
    """A message that is none of this consumer's: no contract has its type, or nobody asked for it."""

    event_type: str


class _Source(Struct):
    """What a schema id stands for: an event type and, for Avro, how to read it.

    `skipped` is the answer where nobody wants that type; `rules` are those of the versions met so far, and `direct`
    reads those of the first of them faster.
    """

    event_type: str
    avro: AvroReader | None
    skipped: Skipped | None
    rules: dict[str, PayloadRules]
    direct: Direct | None = None


class Decoder:
    """Decodes messages of one catalog; several threads may use it.

    Args:
        catalog: The contracts.
        schemas: The registry.
        wanted: Event types to decode; None for all that the catalog has.
        clock: Returns seconds; says when a registry that was away is asked again.
    """

    def __init__(
        self,
        catalog: Loaded,
        schemas: Schemas,
        wanted: frozenset[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._schemas = schemas
        self._wanted = frozenset(catalog.contracts) if wanted is None else wanted & catalog.contracts.keys()
        self._clock = clock
        self._away_until = 0.0
        self._sources: dict[bytes, _Source] = {}
        self._unconfirmed: dict[bytes, _Source] = {}
        self._bare: dict[str, _Source] = {}
        self._rules: dict[tuple[str, int], PayloadRules] = {}
        self._direct: dict[tuple[str, int], Direct | None] = {}

    def decode(self, value: bytes | None) -> Event | Skipped:
        """Return the event of a message, or why it is skipped.

        Raises:
            Undecodable: The bytes are no event, or the reader's schema refuses the payload.
            RegistryUnreachable: It has to wait for the registry; JSON never does.
            SchemaUnknown: The registry does not know the id.
        """
        if value is None:
            raise Undecodable("framing", "the message has no value")
        source = self._sources.get(value[:HEADER]) or self._source(value)
        if source is None:  # the event type is in the envelope alone
            raw = _json(value if value[:1] == b"{" else value[HEADER:])
            source = self._bare.get(raw.event_type) or self._by_envelope(raw.event_type)
            if source.skipped:
                return source.skipped
        else:
            if source.skipped:
                return source.skipped
            body = value[HEADER:]
            if source.direct is not None and (read := source.direct.read(body)) is not None:
                return Event(read[1], read[0], False, body)
            raw = _json(body) if source.avro is None else _avro(source.avro, body)
        if source.event_type != raw.event_type:
            problem = f"the envelope says another event type than its schema ({source.event_type})"
            raise Undecodable("eventType", problem, event_type=source.event_type, event_id=raw.event_id)
        rules = source.rules.get(raw.version) or self._rules_of(source, raw)
        payload = raw.payload
        try:
            if rules.accepts(payload):
                return Event(msgspec.convert(payload, rules.cls), raw)
        except (ValueError, TypeError, RecursionError):
            pass  # said below in words; an integral number may even be right
        return Event(_held(rules, raw), raw)

    def type_of(self, value: bytes | None) -> str:
        """Return the event type of a message by its schema id, without decoding; empty where it is not known."""
        source = self._sources.get(value[:HEADER]) if value else None
        return source.event_type if source else ""

    def _source(self, value: bytes) -> _Source | None:
        schema_id, body = unframe(value)
        is_json = body[:1] == b"{"
        away = self._clock() < self._away_until
        if schema_id is None or (is_json and away):
            return None
        if away and (known := self._unconfirmed.get(value[:HEADER])):
            return known
        try:
            writer = self._schemas.schema_of(schema_id)
        except RegistryUnreachable:
            self._away_until = self._clock() + _ASK_AGAIN
            if is_json:
                return None
            raise
        if not isinstance(writer, Remembered):
            source = self._sources[value[:HEADER]] = self._identify(writer)
            return source
        self._away_until = self._clock() + _ASK_AGAIN
        if is_json:
            return None
        source = self._unconfirmed[value[:HEADER]] = self._identify(writer)
        return source

    def _identify(self, writer: Schema) -> _Source:
        if writer.format != "avro":
            return self._new_source(_title(writer.text) or "")
        name = fullname(writer.text) or ""
        for contract in self._catalog.contracts.values():
            for major in contract.majors:
                if major.subject == f"{contract.topic}-{name}":
                    return self._new_source(contract.event_type, AvroReader(writer.text, major.newest.schema))
        return self._new_source(name)

    def _by_envelope(self, event_type: str) -> _Source:
        source = self._new_source(event_type)
        if not source.skipped:  # strangers' types are without end, and not kept
            self._bare[event_type] = source
        return source

    def _new_source(self, event_type: str, avro: AvroReader | None = None) -> _Source:
        return _Source(event_type, avro, None if event_type in self._wanted else Skipped(event_type), {})

    def _rules_of(self, source: _Source, raw: RawEnvelope) -> PayloadRules:
        contract = self._catalog.contract(source.event_type)
        match = _VERSION.fullmatch(raw.version)
        major = contract.major(int(match[1])) if match else None
        if major is None:
            if match is None:
                problem = "the envelope's version is no MAJOR.MINOR"
                raise Undecodable("version", problem, event_type=contract.event_type, event_id=raw.event_id)
            majors = ", ".join(str(one.number) for one in contract.majors)
            problem = f"the contracts here have the majors {majors}; update the package that has them"
            raise UnknownMajor(contract.event_type, raw.version, problem, raw.event_id)
        key = (contract.event_type, major.number)
        if key not in self._rules:
            rules = PayloadRules(major.newest.reader, self._catalog.class_of(major))
            left = residue(major.newest.reader, rules.cls)
            known = frozenset(version.number for version in major.versions)
            self._direct[key] = None if left is None else Direct(contract.event_type, known, rules.cls, left)
            self._rules[key] = rules  # last, since another thread that finds it goes on to the other
        if any(raw.version == version.number for version in major.versions):
            if not source.rules and source.avro is None:
                source.direct = self._direct[key]
            source.rules[raw.version] = self._rules[key]
        return self._rules[key]


def _json(body: bytes) -> RawEnvelope:
    try:
        return _envelope.decode(body)
    except UnicodeError:
        raise Undecodable("envelope", "text that is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        # msgspec names the field and the types, never the value.
        raise Undecodable("envelope", str(error)) from None


def _avro(reader: AvroReader, body: bytes) -> RawEnvelope:
    message = reader.read(body)
    try:
        return msgspec.convert(message, RawEnvelope)
    except msgspec.ValidationError as error:
        raise Undecodable("envelope", str(error)) from None


def _held(rules: PayloadRules, raw: RawEnvelope) -> Struct:
    """Return the typed object of a payload that did not fit at once, or say why there is none."""
    try:
        held = rules.hold(raw.payload)
    except RecursionError:
        held = Problem("", "depth", "values that are not nested as deeply", describe(raw.payload))
    if isinstance(held, Problem):
        problem = f"{raw.event_type} {raw.version}: expected {held.expected}, found {held.found}"
        raise Undecodable(held.rule, problem, held.pointer, event_type=raw.event_type, event_id=raw.event_id)
    return held[1]


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

"""Messages spoiled in every way that we could think of, from a seed, and what an honest reader makes of them.

The judge shares no code with the package: Python's own `json`, `jsonschema`, and the official `avro` package.
"""

from __future__ import annotations

import io
import json
import random
import re
import struct
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import avro.io
import avro.schema
import jsonschema

from pyevents.catalog import Contract, Loaded
from pyevents.codec import Encoder
from pyevents.codec.framing import frame
from pyevents.registry import Registry, Schema
from pyevents.transport import Record

__all__ = ["Corpus", "Judge", "Mutant", "Mutator", "Original", "corpus"]

SCHEMAS = Path(__file__).parents[2] / "schemas"
_DEEP = 6_000  # levels; beyond what any reader's stack takes, as depths near the limit would be a matter of taste


class Original(NamedTuple):
    """A message before it is spoiled."""

    event_type: str
    schema_id: int
    value: bytes


class Mutant(NamedTuple):
    """A spoiled message, and how it was spoiled."""

    kind: str
    value: bytes | None


class Mutator:
    """Spoils messages; the same seed gives the same ones.

    Args:
        seed: Of the random numbers.
        originals: To begin with.
        unknown_id: A schema id that the registry does not have.
    """

    def __init__(self, seed: int, originals: list[Original], unknown_id: int) -> None:
        self._draw = random.Random(seed)
        self._originals = originals
        self._unknown_id = unknown_id
        self._kinds: dict[str, Callable[[Original], bytes | None]] = {
            "bit flips": self._bits,
            "bit flip in the body": self._one_bit,
            "cut short": lambda one: one.value[: self._draw.randrange(len(one.value))],
            "wrong magic": lambda one: bytes([self._draw.randrange(1, 256)]) + one.value[1:],
            "unknown id": lambda one: struct.pack(">bI", 0, self._unknown_id) + one.value[5:],
            "id of another contract": self._foreign_id,
            "wrong type": lambda one: self._at_random_place(one, self._wrong_value),
            "missing field": lambda one: self._at_random_place(one, None),
            "deep nesting": lambda one: self._text_at_random_place(one, b"[" * _DEEP + b"]" * _DEEP),
            "deep and never closed": lambda one: self._text_at_random_place(one, b'{"a":' * _DEEP),
            "huge number": lambda one: self._text_at_random_place(one, self._draw.choice(_NUMBERS)),
            "invalid UTF-8": self._utf8,
            "bytes put in": self._inserted,
            "bare JSON": lambda one: one.value[5:],
            "something after the end": lambda one: one.value + self._draw.choice([b"x", b"{}", b"\0", b" "]),
            "no JSON": lambda one: one.value[:5] + self._draw.choice(_TEXTS),
            "nothing": lambda one: self._draw.choice([None, b"", b"\0", b"{", b"\0\0\0\0\1"]),
        }

    def mutants(self, count: int) -> Iterator[Mutant]:
        """Yield that many spoiled messages, every kind as often as the others."""
        kinds = list(self._kinds)
        for number in range(count):
            kind = kinds[number % len(kinds)]
            yield Mutant(kind, self._kinds[kind](self._draw.choice(self._originals)))

    def _bits(self, one: Original) -> bytes:
        value = bytearray(one.value)
        for _ in range(self._draw.randrange(1, 9)):
            value[self._draw.randrange(len(value))] ^= 1 << self._draw.randrange(8)
        return bytes(value)

    def _one_bit(self, one: Original) -> bytes:
        value = bytearray(one.value)
        value[self._draw.randrange(5, len(value))] ^= 1 << self._draw.randrange(8)
        return bytes(value)

    def _foreign_id(self, one: Original) -> bytes:
        other = self._draw.choice([other for other in self._originals if other.schema_id != one.schema_id])
        return other.value[:5] + one.value[5:]

    def _utf8(self, one: Original) -> bytes:
        at = self._draw.randrange(5, len(one.value))
        return one.value[:at] + self._draw.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"]) + one.value[at:]

    def _inserted(self, one: Original) -> bytes:
        at = self._draw.randrange(len(one.value))
        return one.value[:at] + self._draw.randbytes(self._draw.randrange(1, 20)) + one.value[at:]

    def _wrong_value(self) -> Any:
        return self._draw.choice([None, True, 0, -1, 1.5, 7.0, "", "x", "x" * 5000, [], {}, [[]], {"a": 1}, [None]])

    def _text_at_random_place(self, one: Original, text: bytes) -> bytes:
        return self._at_random_place(one, lambda: "\0mark").replace(b'"\\u0000mark"', text, 1)

    def _at_random_place(self, one: Original, value: Callable[[], Any] | None) -> bytes:
        """Replace a value anywhere in a JSON body, or remove it; an Avro body has no places, so bytes of it go."""
        if one.value[5:6] != b"{":
            at = self._draw.randrange(5, len(one.value))
            return one.value[:at] + (self._draw.randbytes(3) if value else b"") + one.value[at + 1 :]
        body = json.loads(one.value[5:])
        places = list(_places(body))
        holder, name = self._draw.choice(places)
        if value is None:
            del holder[name]
        else:
            holder[name] = value()
        return one.value[:5] + json.dumps(body, ensure_ascii=self._draw.random() < 0.5).encode()


_NUMBERS = [b"1" + b"0" * 400, b"-" + b"9" * 30, b"1e999", b"1E-999", b"9" * 5000, b"9007199254740993", b"-0", b"0.1e1"]
_TEXTS = [b"null", b"[]", b"7", b'"text"', b"{}", b"{,}", b"NaN", b"tru", b"\xef\xbb\xbf{}", b'{"eventId":']


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for name in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, name
        if isinstance(value[name], (dict, list)):
            yield from _places(value[name])


class Judge:
    """Says whether a message is an event that its consumer has to get.

    Args:
        catalog: The contracts, whose texts are read here anew.
        ids: Schema id to event type, of what the registry has.
    """

    def __init__(self, catalog: Loaded, ids: dict[int, str]) -> None:
        self._contracts = catalog.contracts
        self._ids = ids
        self._validators: dict[str, Any] = {}
        self._avro: dict[str, Any] = {}

    def event_of(self, value: bytes | None) -> dict[str, Any] | str | None:
        """Return the message, if it is one; None where it is a stranger's; else why it is refused, in a word."""
        if not value:
            return "empty"
        event_type, body = "", value
        if value[:1] != b"{":
            if value[0] != 0 or len(value) < 5:
                return "frame"
            event_type, body = self._ids.get(struct.unpack(">I", value[1:5])[0], ""), value[5:]
            if not event_type:
                return "id"
        contract = self._contracts.get(event_type)
        found = self._avro_message(contract, body) if contract and _is_avro(contract) else _json_message(body)
        return self._judged(event_type, found) if isinstance(found, dict) else "body"

    def _judged(self, event_type: str, found: dict[str, Any]) -> dict[str, Any] | str | None:
        for name in ("eventId", "eventType", "version", "timestamp", "producer"):
            if not isinstance(found.get(name), str):
                return "envelope"
        if not isinstance(found.get("payload"), dict) or not 0 < len(found["eventId"]) <= 100:
            return "envelope"
        if event_type and found["eventType"] != event_type:
            return "eventType"
        if found["eventType"] not in self._contracts:
            return None
        if not re.fullmatch(r"1\.[0-9]+", found["version"]):
            return "version"
        return found if self._validator(found["eventType"]).is_valid(found["payload"]) else "payload"

    def _validator(self, event_type: str) -> Any:
        if event_type not in self._validators:
            schema = json.loads(self._contracts[event_type].majors[0].newest.reader)
            self._validators[event_type] = jsonschema.Draft7Validator(schema, format_checker=_formats())
        return self._validators[event_type]

    def _avro_message(self, contract: Contract, body: bytes) -> dict[str, Any] | None:
        text = contract.majors[0].newest.schema
        schema = self._avro.setdefault(contract.event_type, None) or avro.schema.parse(text)
        self._avro[contract.event_type] = schema
        source = io.BytesIO(body)
        try:
            found: Any = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(source))
        except Exception:  # any bytes may come, and the package has no one error for them
            return None
        return None if source.read(1) else _plain(found)


def _is_avro(contract: Contract) -> bool:
    return contract.majors[0].newest.format == "avro"


def _json_message(body: bytes) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(word)

    def finite(text: str) -> float:
        number = float(text)
        return number if abs(number) != float("inf") else refuse(text)  # type: ignore[return-value]

    try:
        text = body.decode("utf-8")
        found = json.loads(text, parse_constant=refuse, parse_float=finite)
        found_again = json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return found if found_again else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _formats() -> jsonschema.FormatChecker:
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date", ValueError)(lambda value: not isinstance(value, str) or _is_date(value))
    checker.checks("date-time", ValueError)(lambda value: not isinstance(value, str) or _is_moment(value))
    checker.checks("email")(lambda value: not isinstance(value, str) or bool(_EMAIL.fullmatch(value)))
    checker.checks("uri")(lambda value: not isinstance(value, str) or bool(_URI.fullmatch(value)))
    return checker


# RFC 3986, appendix A; without addresses in brackets, which no example has. Two slashes begin an authority or nothing.
_SIGN = r"[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://(?:(?:{_SIGN}|:)*@)?(?:{_SIGN})*(?::[0-9]*)?(?=[/?#]|$)|(?!//))"
    rf"(?:{_SIGN}|[:@/])*(\?(?:{_SIGN}|[:@/?])*)?(#(?:{_SIGN}|[:@/?])*)?"
)
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def _is_date(value: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)) and bool(date.fromisoformat(value))


def _is_moment(value: str) -> bool:
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-5][0-9])"
    return bool(re.fullmatch(form, value)) and bool(datetime.fromisoformat(value.upper()))


class Corpus(NamedTuple):
    """Spoiled messages between good ones, as records of one topic, and what has to become of them."""

    records: list[Record]
    events: list[bytes]
    """Values that are events, whether by intention or in spite of having been spoiled."""

    refused: list[bytes | None]
    strangers: int


def corpus(seed: int, count: int, catalog: Loaded, registry: Registry, topic: str, unknown_id: int) -> Corpus:
    """Return as many spoiled messages as `count` says, and a good one after every tenth.

    Args:
        seed: Of the random numbers.
        count: Of spoiled messages.
        catalog: Whose examples are the originals.
        registry: Takes the schemas.
        topic: Of the records.
        unknown_id: A schema id that the registry does not have.
    """
    originals, ids = _originals(catalog, registry)
    judge, draw = Judge(catalog, ids), random.Random(seed)
    made = Corpus([], [], [], 0)
    strangers = 0
    for number, mutant in enumerate(Mutator(seed, originals, unknown_id).mutants(count)):
        values = [mutant.value] if number % 10 else [mutant.value, draw.choice(originals).value]
        for value in values:
            found = judge.event_of(value)
            if found is None:
                strangers += 1
            else:
                (made.refused if isinstance(found, str) else made.events).append(value)  # type: ignore[arg-type]
            key = draw.choice([None, b"", b"\xff", str(draw.randrange(1000)).encode()])
            made.records.append(Record(topic, key, value, (("number", str(len(made.records)).encode()),)))
    return made._replace(strangers=strangers)


def _originals(catalog: Loaded, registry: Registry) -> tuple[list[Original], dict[int, str]]:
    encoder, originals, ids = Encoder(catalog, "mutation"), [], {}
    for event_type, contract in catalog.contracts.items():
        major = contract.majors[0]
        schema_id = registry.register(major.subject, Schema(major.newest.format, major.newest.schema))
        ids[schema_id] = event_type
        for path in sorted((SCHEMAS / event_type / "examples" / "1.0").glob("*.json")):
            payload = json.loads(path.read_text())
            encoded = encoder.encode_payload(contract.topic, event_type, payload, None, None)
            originals.append(Original(event_type, schema_id, frame(schema_id, encoded.body)))
    return originals, ids

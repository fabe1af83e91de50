"""Avro bodies by fastavro, which is imported when the first Avro contract is met."""

from __future__ import annotations

import datetime
import decimal
import io
import uuid
from typing import Any

import msgspec
from msgspec import Struct

from pyevents.codec.avro_flat import flat_writer, length
from pyevents.codec.avro_form import end_of
from pyevents.envelope import EVENT_ID, TIMESTAMP
from pyevents.errors import Undecodable

__all__ = ["AvroReader", "AvroWriter", "fullname"]

# Logical types want these as objects, which the typed object has.
_KEPT = (bytes, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


class AvroWriter:
    """Writes payloads with the message schema of one version, and knows the envelope's bytes around them.

    A record is its fields one behind the other (Avro 1.12, "Complex Types"), so the envelope, which is text
    throughout and mostly the same, is joined beforehand and only the payload is written each time.

    Args:
        schema: Text of the message schema.
        view: Text of the payload's derived JSON Schema.
        cls: The generated class.
        envelope: The envelope's constant fields; `eventId` and `timestamp` come with each event.

    Attributes:
        checked: Takes an object that nothing has checked, and writes it if it is plainly valid; None where only
            fastavro can write this record.
        around: What stands before the event id, between it and the timestamp, and before the payload.
    """

    def __init__(self, schema: str, view: str, cls: type[Struct], envelope: dict[str, str]) -> None:
        import fastavro

        *fields, payload = msgspec.json.decode(schema)["fields"]
        names = [field["name"] for field in fields]
        assert payload["name"] == "payload" and all(field["type"] == "string" for field in fields), names
        id_at, timestamp_at = names.index("eventId"), names.index("timestamp")
        assert id_at < timestamp_at
        constant = [_text(envelope.get(name, "")) for name in names]
        self.around = (
            b"".join(constant[:id_at]) + length(EVENT_ID),
            b"".join(constant[id_at + 1 : timestamp_at]) + length(TIMESTAMP),
            b"".join(constant[timestamp_at + 1 :]),
        )
        self.checked = flat_writer(payload["type"], msgspec.json.decode(view), cls)
        self._record = fastavro.parse_schema(payload["type"])
        self._write = fastavro.schemaless_writer

    def write(self, payload: Struct) -> bytes:
        """Return the Avro binary of a payload that the derived view has accepted.

        Raises:
            UnicodeEncodeError: A text holds half of a surrogate pair.
        """
        data = self.checked(payload) if self.checked else None
        if data is not None:
            return data
        out = io.BytesIO()
        self._write(out, self._record, msgspec.to_builtins(payload, builtin_types=_KEPT))
        return out.getvalue()


class AvroReader:
    """Reads bodies that one writer's schema wrote, as the reader's schema sees them.

    Args:
        writer: Text of the schema that the registry gave.
        reader: Text of our own message schema.

    Raises:
        Undecodable: A schema is no Avro, or the reader cannot resolve the writer.
    """

    def __init__(self, writer: str, reader: str) -> None:
        import fastavro

        try:
            self._named: dict[str, Any] = {}
            self._writer = fastavro.parse_schema(msgspec.json.decode(writer), self._named)
        except Exception as error:  # fastavro raises bare KeyError, TypeError and its own for bad schemas
            raise Undecodable("schema", f"the writer's schema is no Avro ({type(error).__name__})") from None
        self._reader = fastavro.parse_schema(msgspec.json.decode(reader))
        self._read = fastavro.schemaless_reader

    def read(self, body: bytes) -> dict[str, Any]:
        """Return the message, the payload's dates as text.

        Raises:
            Undecodable: The bytes do not fit the schema.
        """
        source = io.BytesIO(body)
        try:
            end_of(self._writer, body, 0, self._named)
            message = self._read(source, self._writer, self._reader)
        except Exception as error:  # any bytes may come; fastavro answers with many kinds of error
            raise Undecodable("avro", f"the bytes do not fit the writer's schema ({type(error).__name__})") from None
        if source.read(1):
            raise Undecodable("avro", "bytes are left behind the message")
        plain: dict[str, Any] = msgspec.to_builtins(message)
        return plain


def _text(value: str) -> bytes:
    data = value.encode()
    return length(len(data)) + data


def fullname(schema: str) -> str | None:
    """Return the full name of an Avro record schema, or None."""
    try:
        loaded = msgspec.json.decode(schema)
        name = loaded["name"]
        space = loaded.get("namespace")
        return name if "." in name or not space else f"{space}.{name}"
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return None

"""Avro bodies by fastavro, which is imported when the first Avro contract is met."""

from __future__ import annotations

import datetime
import decimal
import io
import uuid
from typing import Any

import msgspec
from msgspec import Struct

from pyevents.codec.avro_flat import flat_writer, text
from pyevents.codec.avro_form import end_of
from pyevents.errors import Undecodable

__all__ = ["AvroReader", "AvroWriter", "fullname"]

# Logical types want these as objects, which the typed object has.
_KEPT = (bytes, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


class AvroWriter:
    """Writes envelope and payload with one message schema.

    A record is its fields one behind the other (Avro 1.12, "Complex Types"), so the envelope, which is text
    throughout and mostly the same, is joined here and only the payload is given to fastavro, unless it is flat.

    Args:
        schema: Text of the message schema.
        envelope: The envelope's constant fields; `eventId` and `timestamp` come with each event.
    """

    def __init__(self, schema: str, envelope: dict[str, str]) -> None:
        import fastavro

        *fields, payload = msgspec.json.decode(schema)["fields"]
        names = [field["name"] for field in fields]
        assert payload["name"] == "payload" and all(field["type"] == "string" for field in fields), names
        self._parts = [text(envelope.get(name, "")) for name in names]
        self._id_at, self._timestamp_at = names.index("eventId"), names.index("timestamp")
        parsed = fastavro.parse_schema(payload["type"])

        def write(values: dict[str, Any]) -> bytes:
            out = io.BytesIO()
            fastavro.schemaless_writer(out, parsed, values)
            return out.getvalue()

        self._write = flat_writer(payload["type"]) or write

    def write(self, event_id: str, timestamp: str, payload: Struct) -> bytes:
        """Return the Avro binary of a payload that the derived view has accepted."""
        parts = self._parts.copy()
        parts[self._id_at] = text(event_id)
        parts[self._timestamp_at] = text(timestamp)
        parts.append(self._write(msgspec.to_builtins(payload, builtin_types=_KEPT)))
        return b"".join(parts)


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


def fullname(schema: str) -> str | None:
    """Return the full name of an Avro record schema, or None."""
    try:
        loaded = msgspec.json.decode(schema)
        name = loaded["name"]
        space = loaded.get("namespace")
        return name if "." in name or not space else f"{space}.{name}"
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return None

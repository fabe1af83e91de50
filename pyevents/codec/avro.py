"""Avro bodies by fastavro, which is imported when the first Avro contract is met."""

from __future__ import annotations

import io
from typing import Any

import msgspec
from msgspec import Struct

from pyevents.codec.avro_form import end_of
from pyevents.errors import Undecodable

__all__ = ["AvroReader", "AvroWriter", "fullname"]


class AvroWriter:
    """Writes envelope and payload with one message schema.

    Args:
        schema: Text of the message schema.
    """

    def __init__(self, schema: str) -> None:
        import fastavro

        self._schema = fastavro.parse_schema(msgspec.json.decode(schema))
        self._write = fastavro.schemaless_writer

    def write(self, envelope: dict[str, Any], payload: Struct) -> bytes:
        """Return the Avro binary of a payload that the derived view has accepted."""
        out = io.BytesIO()
        # Logical types want date and datetime objects, which the typed object has; text stays text.
        self._write(out, self._schema, envelope | {"payload": _fields(payload)})
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


def fullname(schema: str) -> str | None:
    """Return the full name of an Avro record schema, or None."""
    try:
        loaded = msgspec.json.decode(schema)
        name = loaded["name"]
        space = loaded.get("namespace")
        return name if "." in name or not space else f"{space}.{name}"
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return None


def _fields(value: Any) -> Any:
    if isinstance(value, Struct):
        found = ((name, getattr(value, attribute)) for name, attribute in _names(type(value)))
        return {name: _fields(part) for name, part in found if part is not msgspec.UNSET}
    if isinstance(value, list):
        return [_fields(part) for part in value]
    if isinstance(value, dict):
        return {name: _fields(part) for name, part in value.items()}
    return value


def _names(cls: type[Struct]) -> list[tuple[str, str]]:
    return list(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))

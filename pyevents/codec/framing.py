"""The five bytes before a message: a zero byte and the schema id (Confluent wire format)."""

from __future__ import annotations

import struct

from pyevents.errors import Undecodable

__all__ = ["HEADER", "frame", "unframe"]

_HEADER = struct.Struct(">bI")

HEADER = _HEADER.size
"""Bytes before the body."""


def frame(schema_id: int, body: bytes) -> bytes:
    """Return the message as every Confluent-compatible tool reads it."""
    return _HEADER.pack(0, schema_id) + body


def unframe(value: bytes) -> tuple[int | None, bytes]:
    """Return the schema id and the body; the id is None for the bare JSON of older services.

    Raises:
        Undecodable: The first byte is neither zero nor an opening brace, or the header is cut short.
    """
    if value[:1] == b"{":
        return None, value
    if len(value) < _HEADER.size or value[0] != 0:
        raise Undecodable("framing", f"{len(value)} bytes that begin neither with a schema id nor with a brace")
    return _HEADER.unpack_from(value)[1], value[_HEADER.size :]

"""Whether bytes have the form that an Avro schema says (Avro 1.12, "Binary Encoding").

fastavro takes an index of a union or an enum for one of a Python list, so -1 reads as the last branch: a flipped bit
would pass for another value. This looks at lengths and indexes only, and makes no values.
"""

from __future__ import annotations

from typing import Any

__all__ = ["end_of"]

_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}


def end_of(schema: Any, body: bytes, at: int, named: dict[str, Any]) -> int:
    """Return where a value ends.

    Args:
        schema: As `fastavro.parse_schema` returns it.
        body: The bytes.
        at: Where the value begins.
        named: The schemas that others refer to by name.

    Raises:
        IndexError: The bytes end before, or an index or a length is out of its range.
    """
    if isinstance(schema, list):
        index, at = _long(body, at)
        return end_of(schema[_within(index, len(schema))], body, at, named)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        for field in schema["fields"]:
            at = end_of(field["type"], body, at, named)
        return at
    if kind in ("int", "long"):
        return _long(body, at)[1]
    if kind == "enum":
        index, at = _long(body, at)
        _within(index, len(schema["symbols"]))
        return at
    if kind in ("string", "bytes"):
        length, at = _long(body, at)
        return at + _within(length, len(body) - at + 1)
    if kind in ("array", "map"):
        return _blocks(schema, body, at, named)
    if kind == "fixed":
        return at + _within(schema["size"], len(body) - at + 1)
    if kind in _SIZES:
        return at + _within(_SIZES[kind], len(body) - at + 1)
    return end_of(named[kind], body, at, named) if isinstance(kind, str) else end_of(kind, body, at, named)


def _blocks(schema: dict[str, Any], body: bytes, at: int, named: dict[str, Any]) -> int:
    while True:
        count, at = _long(body, at)
        if count == 0:
            return at
        if count < 0:
            size, at = _long(body, at)
            _within(size, len(body) - at + 1)
        for _ in range(_within(abs(count), len(body) - at + 1)):
            if schema["type"] == "map":
                at = end_of("string", body, at, named)
                at = end_of(schema["values"], body, at, named)
            else:
                at = end_of(schema["items"], body, at, named)


def _long(body: bytes, at: int) -> tuple[int, int]:
    """Read a number in zig-zag variable length."""
    found = shift = 0
    while True:
        byte = body[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (found >> 1) ^ -(found & 1), at
        shift += 7
        _within(shift, 70)


def _within(number: int, end: int) -> int:
    if 0 <= number < end:
        return number
    raise IndexError(number)

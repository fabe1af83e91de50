"""Objects that are text, whole numbers and booleans throughout, checked and written as Avro in one go.

Such a record is what most commands are. The long way makes it a dictionary, has that checked and converted, and has
fastavro try every branch of every union: 6 µs for a mail; here it is 2. The derived view stays the judge: an object
that is not plainly valid goes the long way. A property test shows that the view accepts what is written here, and that
fastavro writes the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs
from msgspec import UNSET, Struct

from pyevents.codec.payload import attributes

__all__ = ["flat_writer", "length"]

Write = Callable[[Struct], bytes | None]

_LONG = 1 << 63
_ROOT = frozenset({"$schema", "additionalProperties", "description", "properties", "required", "title", "type"})
_LIMITS = frozenset({"default", "description", "maxLength", "maximum", "minLength", "minimum", "title", "type"})
_NOTHING = object()

_VALUE = """
    value = event.{attribute}
    if {conditions}:
        {take}
    elif value is null{n} or value is absent{n}:
        part{n} = b'\\0'; text{n} = b''
    else:
        return None
"""


class _Field(NamedTuple):
    """One field of a flat record."""

    attribute: str
    kind: type
    low: float
    high: float
    """Between these is a number, or the length of a text."""
    check: Callable[[Any], bool] | None
    """What else the view asks of it."""
    null: object
    absent: object
    """What is null on the wire: None and `UNSET` where they may be."""
    optional: bool
    """Whether it is the second branch of a union."""

    def source(self, n: int) -> str:
        """Return the lines that check it and take it, as the *n*th."""
        conditions = [f"value.__class__ is {self.kind.__name__}"]
        if self.kind is not bool:
            low = f"{self.low} <= " if self.low or self.kind is int else ""  # no text has fewer than 0 characters
            conditions.append(f"{low}{'len(value)' if self.kind is str else 'value'} <= {self.high}")
        if self.check:
            conditions.append(f"check{n}(value)")
        take = f"part{n} = {self._head(n)}"
        if self.kind is str:
            take = f"text{n} = value.encode(); {take}"
        return _VALUE.format(n=n, attribute=self.attribute, conditions=" and ".join(conditions), take=take)

    def _head(self, n: int) -> str:
        """Return what makes the value's bytes, or for a text what stands before them."""
        if self.kind is str and self.high < _SHORT // 4:  # in UTF-8 a character has up to four bytes
            return f"{'short_branch' if self.optional else 'short'}[len(text{n})]"
        makes = {str: f"length(len(text{n}))", int: "whole(value)", bool: "(b'\\1' if value else b'\\0')"}[self.kind]
        return f"b'\\2' + {makes}" if self.optional else makes


def flat_writer(record: Any, view: Any, cls: type[Struct]) -> Write | None:
    """Return a function that checks and writes an object, or None for a record that fastavro has to write.

    The function returns None for an object that is not plainly valid. It raises UnicodeEncodeError for half of a
    surrogate pair.

    Args:
        record: The payload's Avro schema, as JSON says it.
        view: The JSON Schema that is derived from it.
        cls: The generated class.
    """
    names = attributes(cls)
    if not view.keys() <= _ROOT or names.keys() != {field["name"] for field in record["fields"]}:
        return None
    found = [_field(field, view, names[field["name"]]) for field in record["fields"]]
    fields = [field for field in found if field is not None]
    return _compiled(fields) if len(fields) == len(found) else None


@lru_cache(1024)
def length(size: int) -> bytes:
    """Return what stands before a text of *size* bytes; remembered, since lengths come again."""
    return _whole(size)


def _compiled(fields: list[_Field]) -> Write:
    """Write the function out, as dataclasses do with theirs: a loop over the fields takes twice as long.

    Nothing of a schema gets into its source but numbers and the attributes of a Python class.
    """
    names: dict[str, Any] = dict(_NAMES)
    source, parts = "def checked(event):", list[str]()
    for n, field in enumerate(fields):
        names |= {f"check{n}": field.check, f"null{n}": field.null, f"absent{n}": field.absent}
        source += field.source(n)
        parts += [f"part{n}", f"text{n}"] if field.kind is str else [f"part{n}"]
    exec(f"{source}    return b''.join(({', '.join(parts)},))", names)
    write: Write = names["checked"]
    return write


def _field(field: dict[str, Any], view: dict[str, Any], attribute: str) -> _Field | None:
    limits = view["properties"].get(field["name"])
    match field["type"]:
        case str(avro) | ["null", str(avro)] if avro in _KINDS and limits and field.get("default") is None:
            kind, expected = _KINDS[avro]
        case _:
            return None
    optional = field["type"] != avro
    if limits.get("type") != ([expected, "null"] if optional else expected):
        return None
    least, most, low, high = (
        ("minLength", "maxLength", 0, sys.maxsize) if kind is str else ("minimum", "maximum", -_LONG, _LONG - 1)
    )
    others = {name: limit for name, limit in limits.items() if name not in _LIMITS}
    return _Field(
        attribute,
        kind,
        limits.get(least, low),
        limits.get(most, high),
        jsonschema_rs.validator_cls_for(view)(others, validate_formats=True).is_valid if others else None,
        None if optional else _NOTHING,
        UNSET if optional and field["name"] not in view.get("required", ()) else _NOTHING,
        optional,
    )


def _whole(number: int) -> bytes:
    """Return an int or long: zigzag, in groups of seven bits, the lowest first (Avro 1.12, "Binary Encoding")."""
    zigzag = number << 1 if number >= 0 else ~(number << 1)
    if zigzag < 0x80:
        return bytes((zigzag,))
    if zigzag < 0x4000:
        return bytes((zigzag & 0x7F | 0x80, zigzag >> 7))
    groups = bytearray()
    while zigzag > 0x7F:
        groups.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    groups.append(zigzag)
    return bytes(groups)


_KINDS = {"string": (str, "string"), "int": (int, "integer"), "long": (int, "integer"), "boolean": (bool, "boolean")}

# Looking into a table is faster than a call; longer texts are worth one.
_SHORT = 1024
_NAMES: dict[str, Any] = {
    "short": [_whole(size) for size in range(_SHORT)],
    "short_branch": [b"\2" + _whole(size) for size in range(_SHORT)],
    "length": length,
    "whole": _whole,
}

"""Limits of a schema that a decoder holds exactly, so that it refuses nothing that the schema takes.

    minLength, maxLength                both count code points
    minItems, maxItems
    minimum, maximum, exclusive…        of an integer where whole and within 64 bits; of a number below 2^53, since
                                        beyond that a decoder's number is not the one that was sent

Not `pattern`, whose dialect differs, and not `multipleOf`, which floats only come near.
"""

from __future__ import annotations

from typing import Any

__all__ = ["limits", "meta", "unlimited"]

_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_COUNTS = {"minItems": "min_length", "maxItems": "max_length"}
_RANGES = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_BY_KIND = {"string": _LENGTHS, "array": _COUNTS, "integer": _RANGES, "number": _RANGES}
_EXCLUDED = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_NAMES = {**_LENGTHS, **_COUNTS, **_RANGES}
_LARGEST = 2**31 - 1  # of a length; whoever states more states none
_EXACT = 2**53


def limits(schema: dict[str, Any], kind: str) -> dict[str, int | float]:
    """Return the limits of a value of one JSON type, by their names in JSON Schema."""
    found = {name: value for name in _BY_KIND.get(kind, ()) if (value := _exact(kind, schema.get(name))) is not None}
    # msgspec takes one bound on each side.
    return {name: value for name, value in found.items() if _EXCLUDED.get(name) not in found}


def meta(shape: dict[str, Any]) -> str:
    """Return the limits of a shape as arguments of `msgspec.Meta`, in Python; empty where there are none."""
    return ", ".join(f"{word}={shape[name]!r}" for name, word in _NAMES.items() if name in shape)


def unlimited(shape: Any) -> Any:
    """Return a shape without its limits, and without those of what it holds."""
    if isinstance(shape, dict):
        return {key: unlimited(value) for key, value in shape.items() if key not in _NAMES}
    return [unlimited(part) for part in shape] if isinstance(shape, list) else shape


def _exact(kind: str, value: Any) -> int | float | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == "number":
        return value if abs(value) < _EXACT else None
    if isinstance(value, float):
        return None
    if kind == "integer":
        return value if -(2**63) <= value < 2**63 else None
    return value if 0 < value <= _LARGEST else None

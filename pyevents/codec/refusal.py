"""What is wrong with a payload, said without the payload: pointer, rule, what was expected, type and length."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sized
from typing import Any, NamedTuple

__all__ = ["Problem", "describe", "problem_of"]

# Checked in this order when one value breaks several rules: the first names the cause, the others follow from it.
_FIRST = ("type", "required", "additionalProperties", "enum", "const", "format")

_WORDS = {
    "maxLength": "at most {} characters",
    "minLength": "at least {} characters",
    "maximum": "at most {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "less than {}",
    "exclusiveMinimum": "more than {}",
    "multipleOf": "a multiple of {}",
    "maxItems": "at most {} items",
    "minItems": "at least {} items",
    "maxProperties": "at most {} fields",
    "minProperties": "at least {} fields",
    "pattern": "text that matches {}",
    "format": "a valid {}",
    "const": "{}",
}

_FORMATS = {
    "date": "a date as YYYY-MM-DD (RFC 3339)",
    "date-time": "a date and time with an offset, such as 2026-11-23T07:00:00Z (RFC 3339)",
}


class Problem(NamedTuple):
    """One broken rule."""

    pointer: str
    rule: str
    expected: str
    found: str


def problem_of(errors: Iterable[Any], schema: Any) -> Problem:
    """Return the most telling of the validator's errors about a schema."""
    problems = [_problem(error, schema) for error in errors]
    return min(problems, key=lambda problem: _FIRST.index(problem.rule) if problem.rule in _FIRST else len(_FIRST))


def describe(value: Any) -> str:
    """Return type and length of a value, never the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, float) and value != value:  # NaN is the one number that differs from itself
        return "NaN, which JSON cannot say"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "an infinite number, which JSON cannot say"
    name = {str: "text", int: "an integer", float: "a number", list: "an array", dict: "an object"}.get(
        type(value), f"a {type(value).__name__}"
    )
    unit = "characters" if isinstance(value, str) else "fields" if isinstance(value, dict) else "items"
    if isinstance(value, (bytes, bytearray)):
        name, unit = "binary data", "bytes"
    if not isinstance(value, Sized):
        return name
    return f"{name} of 1 {unit[:-1]}" if len(value) == 1 else f"{name} of {len(value)} {unit}"


def _problem(error: Any, schema: Any) -> Problem:
    rule = str(error.schema_path[-1]) if error.schema_path else "false"
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    return Problem(pointer, rule, _expected(rule, error), _found(rule, error, schema))


def _expected(rule: str, error: Any) -> str:
    if rule == "type":
        types = getattr(error.kind, "types", None) or [error.kind.value]
        return " or ".join(str(name) for name in (types[0] if isinstance(types[0], list) else types))
    if rule == "required":
        return f"the field {error.kind.property!r}"
    if rule == "enum":
        return "one of " + ", ".join("null" if option is None else str(option) for option in error.kind.value)
    if rule == "additionalProperties":
        return "only the fields of the contract"
    if rule == "format":
        return _FORMATS.get(str(error.kind.value), f"a valid {error.kind.value}")
    if rule == "uniqueItems":
        return "every item once"
    return _WORDS[rule].format(error.kind.value) if rule in _WORDS else f"what {rule} asks for"


def _found(rule: str, error: Any, schema: Any) -> str:
    if rule == "required":
        return "no such field"
    if rule == "additionalProperties":
        names = [str(name)[:40] for name in error.kind.unexpected[:3]]
        nearest = difflib.get_close_matches(names[0], _fields(error.schema_path[:-1], schema), n=1)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        return f"{', '.join(map(repr, names))} as well{hint}"
    return describe(error.instance)


def _fields(path: Iterable[str | int], schema: Any) -> list[str]:
    """Return the fields of the object at a place of a schema; none behind a list or a reference."""
    for part in path:
        schema = schema.get(part) if isinstance(schema, dict) else None
    return list(schema.get("properties", ())) if isinstance(schema, dict) else []

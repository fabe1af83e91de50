"""One version's payload rules: the schema and the class must both hold a payload, or it is refused.

The schema alone would let `7.0` pass as an integer, which the class then refuses at every consumer (measured).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import msgspec

from pyevents.codec.refusal import Problem, describe, problem_of

__all__ = ["PayloadRules", "attributes", "misfit", "plain"]

# Left as they are by `plain`, so that the schema refuses them: as text they would pass in silence.
_KEPT = (bytes, bytearray, memoryview)


def plain(payload: Any) -> Any:
    """Return a payload as dictionaries, lists, text and numbers; dates become text, absent fields go."""
    return msgspec.to_builtins(payload, builtin_types=_KEPT)


def attributes(cls: type[msgspec.Struct]) -> dict[str, str]:
    """Return the attribute of each field, by its name on the wire."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(cls)}


class PayloadRules:
    """The closed or opened schema of one version, compiled, with the class that has to hold its payloads.

    Args:
        schema: Text of the payload's JSON Schema.
        cls: The generated class.

    Attributes:
        accepts: Whether the schema takes a payload; may raise what jsonschema-rs raises for values beyond JSON.
        cls: As it was given.
    """

    __slots__ = ("_schema", "_validator", "accepts", "cls")

    def __init__(self, schema: str, cls: type[msgspec.Struct]) -> None:
        self._schema = msgspec.json.decode(schema)
        validator = jsonschema_rs.validator_cls_for(self._schema)
        self._validator = validator(self._schema, validate_formats=True)
        self.accepts = self._validator.is_valid
        self.cls = cls

    def hold(self, payload: Any) -> tuple[Any, msgspec.Struct] | Problem:
        """Return the payload and the typed object that it makes, or what is wrong with it.

        Integral floats become integers where the class wants them, since JSON Schema takes `7.0` for an
        integer (draft-06 and later, section 6.1.1).
        """
        try:
            if not self.accepts(payload):
                return misfit(payload) or problem_of(self._validator.iter_errors(payload), self._schema)
        except (ValueError, TypeError):
            return misfit(payload) or Problem("", "type", "JSON values", describe(payload))
        try:
            return payload, msgspec.convert(payload, self.cls)
        except msgspec.ValidationError:
            return self._hold_integral(_integral(payload))

    def _hold_integral(self, payload: Any) -> tuple[Any, msgspec.Struct] | Problem:
        try:
            return payload, msgspec.convert(payload, self.cls)
        except msgspec.ValidationError as error:
            return _class_problem(payload, error)


def _integral(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _integral(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_integral(part) for part in value]
    return value


def _class_problem(payload: Any, error: msgspec.ValidationError) -> Problem:
    """Say where the class differs from the schema; msgspec's path is `$.a[0].b`."""
    text, _, path = str(error).partition(" - at `$")
    pointer = path.rstrip("`").replace("[", ".").replace("]", "").replace(".", "/")
    found: Any = payload
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found.get(part) if isinstance(found, dict) else None
    # The text after the comma names the type that was found; some messages quote nothing else.
    return Problem(pointer, "type", text.split(",")[0].removeprefix("Expected ").replace("`", ""), describe(found))


def misfit(value: Any, pointer: str = "") -> Problem | None:
    """Return the first value that JSON has no word for (RFC 8259: text is Unicode, numbers are finite), or None."""
    if isinstance(value, _KEPT) or (isinstance(value, float) and not math.isfinite(value)):
        return Problem(pointer, "type", "a JSON value", describe(value))
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        return Problem(pointer, "type", "Unicode text", "text with half of a surrogate pair")
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return Problem(pointer, "format", "a date and time with an offset", "a datetime without zone")
    for name, part in _parts(value):
        if isinstance(value, Mapping) and not isinstance(name, str):
            return Problem(pointer, "type", "text as every key", f"a key of type {type(name).__name__}")
        found = misfit(part, f"{pointer}/{name}")
        if found:
            return found
    return None


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)

"""Owns which kinds of values a schema leaves open by its own words, references aside."""

from pyevents_codegen.compat.verdict import Json

__all__ = ["kinds"]

_KINDS = frozenset({"null", "boolean", "number", "string", "array", "object"})


def kinds(schema: Json) -> frozenset[str]:
    """Return the kinds of values that a schema's own words leave open, integers being numbers."""
    if schema is False:
        return frozenset()
    if not isinstance(schema, dict) or "$ref" in schema:
        return _KINDS
    found = _KINDS
    if "type" in schema:
        named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        found &= {"number" if name == "integer" else name for name in named}
    if "const" in schema:
        found &= {_kind(schema["const"])}
    if isinstance(schema.get("enum"), list):
        found &= {_kind(value) for value in schema["enum"]}
    return found


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"

"""Owns leaving out of a schema the alternatives that its own type rules out; an equivalent, never a proof."""

from pyevents_codegen.compat.verdict import Json

__all__ = ["kinds", "without_dead_branches"]

_KINDS = frozenset({"null", "boolean", "number", "string", "array", "object"})
_KEPT = ("$schema", "$id", "id", "$anchor", "definitions", "$defs")


def without_dead_branches(schema: dict[str, Json]) -> dict[str, Json]:
    """Return an equivalent of *schema* without the branches that no value of its type can take.

    A `oneOf` of which one branch admits arrays only, beside ``"type": "object"``, is what leaves the
    canonical proof undecided most often.
    """
    own = kinds(schema)
    out = dict(schema)
    if isinstance(out.get("propertyNames"), dict) and "string" not in kinds(out["propertyNames"]):
        out["propertyNames"] = False
    if "if" in out and not kinds(out["if"]) & own:
        del out["if"]
        out.pop("then", None)
        if "else" in out:
            out["allOf"] = [*out.get("allOf", []), out.pop("else")]
    if any(not kinds(branch) & own for branch in out.get("allOf", [])):
        return _nothing(out)
    for keyword in ("anyOf", "oneOf"):
        if keyword in out:
            out[keyword] = [branch for branch in out[keyword] if kinds(branch) & own]
            if not out[keyword]:
                return _nothing(out)
    return out


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


def _nothing(schema: dict[str, Json]) -> dict[str, Json]:
    return {**{keyword: schema[keyword] for keyword in _KEPT if keyword in schema}, "not": {}}

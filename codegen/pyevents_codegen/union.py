"""Unions of reduced shapes: what a decoder can tell apart by JSON type alone. It names no class.

A shape is a JSON Schema of few words; `shape` says which.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from pyevents_codegen.limits import unlimited

__all__ = ["ANY", "Shape", "blurs", "literal", "union"]

Shape = dict[str, Any]

ANY: Shape = {}
"""The shape of any value."""

_NULL: Shape = {"type": "null"}
_TEXT: Shape = {"type": "string"}


def literal(values: list[Any], declared: Any) -> Shape:
    """Return the shape of an enum: a Literal of texts, whole numbers and null; of anything else, its types.

    Args:
        values: The enum's.
        declared: The schema's `type` beside it, which drops the values of other types; None where there is none.
    """
    types = declared if isinstance(declared, list) else [declared] if declared else None
    kept = [value for value in values if types is None or _json_type(value, types)]
    plain = [int(value) if isinstance(value, float) and value.is_integer() else value for value in kept]
    literals = [value for value in plain if isinstance(value, str | int) and not isinstance(value, bool)]
    shapes: list[Shape] = [{"enum": literals}] if literals else []
    shapes += [{"type": "boolean"}] if any(isinstance(value, bool) for value in plain) else []
    shapes += [{"type": "number"}] if any(isinstance(value, float) for value in plain) else []
    shapes += [ANY] if any(isinstance(value, dict | list) for value in plain) else []
    shapes += [_NULL] if None in plain else []
    return union(shapes)


def _json_type(value: Any, types: list[str]) -> bool:
    names = {str: "string", bool: "boolean", type(None): "null", dict: "object", list: "array"}
    if type(value) in names:
        return names[type(value)] in types
    return "number" in types or ("integer" in types and float(value).is_integer())


def union(shapes: list[Shape]) -> Shape:
    """Join shapes so that a decoder can tell them apart by JSON type; what it cannot becomes the wider type."""
    members: dict[str, Shape] = {}
    for member in _members(shapes):
        kind = _kind(member)
        if kind == "any":
            return ANY
        members[kind] = _wider(kind, members[kind], member) if kind in members else member
    if "enum" in members:
        types = {"text" if isinstance(value, str) else "integer" for value in members["enum"]["enum"]}
        if types & members.keys() or ("integer" in types and "number" in members):
            del members["enum"]
            members |= {kind: _TEXT if kind == "text" else {"type": "integer"} for kind in sorted(types)}
    if {"integer", "number"} <= members.keys():
        del members["integer"]
        members["number"] = {"type": "number"}
    ordered = [members[kind] for kind in members if kind != "null"] + [_NULL] * ("null" in members)
    return ordered[0] if len(ordered) == 1 else {"anyOf": ordered} if ordered else ANY


def blurs(shapes: list[Shape]) -> bool:
    """Say whether two members are both objects, or both lists, of different form: no decoder tells them apart."""
    return any(
        _kind(one) == _kind(other) and _kind(one) in ("object", "array") and unlimited(one) != unlimited(other)
        for one, other in combinations(_members(shapes), 2)
    )


def _members(shapes: list[Shape]) -> list[Shape]:
    return [member for shape in shapes for member in shape.get("anyOf", [shape])]


def _kind(shape: Shape) -> str:
    if "$ref" in shape:
        return "object"
    if "enum" in shape:
        return "enum"
    kind = str(shape.get("type", "any"))
    return "text" if kind == "string" else kind


def _wider(kind: str, one: Shape, other: Shape) -> Shape:
    if unlimited(one) == unlimited(other):
        return one if one == other else unlimited(one)
    if kind == "enum":
        return {"enum": [*one["enum"], *(value for value in other["enum"] if value not in one["enum"])]}
    wide: dict[str, Shape] = {
        "text": _TEXT,
        "array": {"type": "array", "items": ANY},
        "object": {"type": "object", "additionalProperties": True},
    }
    return wide.get(kind, one)

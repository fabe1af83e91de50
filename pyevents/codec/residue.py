"""What is left of a schema to check, once msgspec took a message as the class that was generated from it.

A schema and a class are walked together. A part of the schema is implied where whatever JSON msgspec takes for the
type, the part takes too; only then is it left out. What is not implied is judged by its own schema: on the typed value
where that shows all that is asked about, else on the value as it was sent. A typed value has lost digits beyond 2^53,
the text of moments, and in objects the fields that a class does not know and whether a default was sent. What is not
named here, keyword or pair of types, counts as neither implied nor shown: a mistake costs time and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

import jsonschema_rs
from msgspec import NODEFAULT, Struct, inspect, json

__all__ = ["Residue", "residue"]

_DIALECTS = ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#")
_REFERENCE = re.compile(r"#/definitions/[A-Za-z0-9_.-]+")
_SILENT = frozenset({"title", "description", "default", "examples", "$comment", "definitions", "readOnly", "writeOnly"})
_FEW = (inspect.BoolType, inspect.NoneType, inspect.LiteralType)
_SAME = (*_FEW, inspect.IntType, inspect.StrType, inspect.DateType, inspect.AnyType)
_TYPES: dict[type[inspect.Type], tuple[str, ...]] = {
    inspect.IntType: ("integer", "number"),
    inspect.FloatType: ("number",),
    inspect.StrType: ("string",),
    inspect.DateType: ("string",),
    inspect.DateTimeType: ("string",),
    inspect.ListType: ("array",),
    inspect.DictType: ("object",),
    inspect.StructType: ("object",),
}
_ABOUT = {
    **dict.fromkeys(("minLength", "maxLength", "pattern"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"), "array"),
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties", "maxProperties"), "object"),
    **dict.fromkeys(("patternProperties", "propertyNames", "dependencies"), "object"),
}
"""Keywords that say nothing about values of other types."""

_BOUNDS: dict[str, tuple[tuple[str, Callable[[Any, Any], bool]], ...]] = {
    "minLength": (("min_length", ge),),
    "maxLength": (("max_length", le),),
    "minItems": (("min_length", ge),),
    "maxItems": (("max_length", le),),
    "minimum": (("ge", ge), ("gt", ge)),
    "maximum": (("le", le), ("lt", le)),
    "exclusiveMinimum": (("ge", gt), ("gt", ge)),
    "exclusiveMaximum": (("le", lt), ("lt", le)),
}
"""By keyword, the limits of a class that imply it, and how they have to compare with its value."""

_EXACT = 2**53
_DEEPEST = 30


class Residue(NamedTuple):
    """What a class does not imply of its schema."""

    names: tuple[str, ...]
    """Of the properties about which the schema says more; often none."""

    accepts: Callable[[Any], bool]
    """Judges these properties, given as an object."""

    fields: tuple[str, ...]
    """Those of the names; an object without any of them needs no look. Empty where there always has to be one."""

    shown: bool
    """The fields, made plain, are as good as what was sent."""

    fewest: int
    """Fields that have to be there."""


@cache
def residue(text: str, cls: type[Struct]) -> Residue | None:
    """Return what is left to check of an object that msgspec decoded from JSON, or None: ask the whole schema.

    Args:
        text: A reader's JSON Schema; other dialects than draft-07 give None.
        cls: The class that the bytes were decoded into.
    """
    schema, kind = json.decode(text), inspect.type_info(cls)
    if schema.get("$schema") not in _DIALECTS or not _is_simple(schema) or not isinstance(kind, inspect.StructType):
        return None
    walk = _Walk(schema.get("definitions", {}))
    apart = ("$schema", "$id", "properties", "required", "minProperties")
    if not _is_ordinary(kind, set()) or not walk.implied({k: v for k, v in schema.items() if k not in apart}, kind):
        return None
    fewest = schema.get("minProperties", 0)
    if not walk.of_object("minProperties", fewest, kind, 0) and not all(map(_is_shown, kind.fields)):
        return None
    fields = {field.encode_name: field for field in kind.fields}
    properties = schema.get("properties", {}).items()
    parts = {name: part for name, part in properties if not walk.of_field(part, fields.get(name))}
    needed = [name for name in schema.get("required", []) if not _is_needed(fields.get(name))]
    rest = {name: parts.get(name, True) for name in (*parts, *needed)}
    known = () if needed or not rest.keys() <= fields.keys() else tuple(fields[name].name for name in rest)
    shown = bool(known) and all(walk.field_shows(part, fields[name]) for name, part in rest.items())
    return Residue(tuple(rest), walk.judge({"properties": rest, "required": needed}), known, shown, fewest)


class _Walk:
    """The walk through one schema; its references lead to `definitions` alone."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions

    def judge(self, schema: Any) -> Callable[[Any], bool]:
        """Return what judges values by a part of the schema."""
        whole = {"$schema": _DIALECTS[1], "definitions": self._definitions, "allOf": [schema]}
        return jsonschema_rs.Draft7Validator(whole, validate_formats=True).is_valid

    def implied(self, schema: Any, kind: inspect.Type, depth: int = 0) -> bool:
        """Say whether a schema takes whatever msgspec takes as a type; False where that is not certain."""
        if _says_nothing(schema):
            return True
        if depth > _DEEPEST or not isinstance(schema, dict) or isinstance(kind, inspect.AnyType):
            return False
        if "$ref" in schema:  # whatever stands beside it does not count in draft-07
            return self.implied(self._definitions.get(schema["$ref"].rpartition("/")[2], False), kind, depth + 1)
        if isinstance(kind, inspect.UnionType):
            return all(self.implied(schema, member, depth + 1) for member in kind.types)
        if isinstance(kind, _FEW):
            return all(map(self.judge(schema), _values(kind)))
        return all(self.of_keyword(keyword, value, kind, depth + 1) for keyword, value in schema.items())

    def of_keyword(self, keyword: str, value: Any, kind: inspect.Type, depth: int) -> bool:
        names = _TYPES[type(kind)]
        if keyword in _SILENT or _ABOUT.get(keyword, names[-1]) != names[-1]:
            return True
        if keyword == "type":
            return any(name in names for name in (value if isinstance(value, list) else [value]))
        if keyword == "allOf":
            return all(self.implied(part, kind, depth) for part in value)
        if isinstance(kind, inspect.StructType):
            return self.of_object(keyword, value, kind, depth)
        if keyword == "items" and isinstance(kind, inspect.ListType):
            return self.implied(value, kind.item_type, depth)
        if keyword == "additionalProperties" and isinstance(kind, inspect.DictType):
            return self.implied(value, kind.value_type, depth)
        return _holds(keyword, value, kind)

    def of_object(self, keyword: str, value: Any, kind: inspect.StructType, depth: int) -> bool:
        fields = {field.encode_name: field for field in kind.fields}
        match keyword:
            case "properties":
                return all(self.of_field(part, fields.get(name), depth) for name, part in value.items())
            case "required":
                return all(_is_needed(fields.get(name)) for name in value)
            case "minProperties":
                return bool(value <= sum(map(_is_needed, kind.fields)))
        return keyword == "additionalProperties" and _says_nothing(value)

    def of_field(self, schema: Any, field: inspect.Field | None, depth: int = 0) -> bool:
        return self.implied(schema, field.type, depth) if field else _says_nothing(schema)

    def shows(self, schema: Any, kind: inspect.Type, depth: int = 0) -> bool:
        """Say whether a value, made plain, passes a schema only where the value that was sent passes it."""
        if _is_same(kind) or self.implied(schema, kind, depth):
            return True
        if depth > _DEEPEST or not isinstance(schema, dict):
            return False
        if "$ref" in schema:
            return self.shows(self._definitions.get(schema["$ref"].rpartition("/")[2], False), kind, depth + 1)
        if isinstance(kind, inspect.UnionType):
            return all(self.shows(schema, member, depth + 1) for member in kind.types)
        return type(kind) in _TYPES and all(
            self.of_keyword(keyword, value, kind, depth + 1) or self.keyword_shows(keyword, value, kind, depth + 1)
            for keyword, value in schema.items()
        )

    def keyword_shows(self, keyword: str, value: Any, kind: inspect.Type, depth: int) -> bool:
        if isinstance(kind, inspect.ListType):
            return keyword == "items" and self.shows(value, kind.item_type, depth)
        if not isinstance(kind, inspect.StructType):
            return False
        fields = {field.encode_name: field for field in kind.fields}
        match keyword:
            case "properties":
                return all(self.field_shows(part, fields.get(name), depth) for name, part in value.items())
            case "required":
                return all(name in fields and _is_shown(fields[name]) for name in value)
        return keyword == "minProperties" and all(map(_is_shown, kind.fields))

    def field_shows(self, schema: Any, field: inspect.Field | None, depth: int = 0) -> bool:
        if self.of_field(schema, field, depth):
            return True
        return field is not None and _is_shown(field) and self.shows(schema, field.type, depth)


def _holds(keyword: str, value: Any, kind: inspect.Type) -> bool:
    """Say whether a type alone keeps what a keyword asks for."""
    if keyword == "format":
        return value == "date" and isinstance(kind, inspect.DateType)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return keyword == "uniqueItems" and value is False
    if isinstance(kind, inspect.FloatType) and abs(value) >= _EXACT:
        return False
    bounds = [(getattr(kind, name, None), compare) for name, compare in _BOUNDS.get(keyword, ())]
    return any(bound is not None and compare(bound, value) for bound, compare in bounds)


def _values(kind: inspect.Type) -> tuple[Any, ...]:
    """Return every value of a type that has few; msgspec takes each from one JSON value alone."""
    if isinstance(kind, inspect.LiteralType):
        return tuple(kind.values)
    return (True, False) if isinstance(kind, inspect.BoolType) else (None,)


def _is_same(kind: inspect.Type) -> bool:
    """Say whether the values of a type, made plain, are what was sent to the last digit."""
    if isinstance(kind, inspect.UnionType):
        return all(map(_is_same, kind.types))
    if isinstance(kind, inspect.ListType):
        return _is_same(kind.item_type)
    return _is_same(kind.value_type) if isinstance(kind, inspect.DictType) else isinstance(kind, _SAME)


def _is_needed(field: inspect.Field | None) -> bool:
    return field is not None and field.required


def _is_shown(field: inspect.Field) -> bool:
    """Say whether an object shows that a field was sent; a default that is no `UNSET` hides it."""
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def _says_nothing(schema: Any) -> bool:
    return schema is True or (isinstance(schema, dict) and schema.keys() <= _SILENT)


def _is_simple(schema: Any) -> bool:
    """Say whether every reference leads to a definition by its name."""
    if isinstance(schema, list):
        return all(map(_is_simple, schema))
    if not isinstance(schema, dict):
        return True
    target = schema.get("$ref", "#/definitions/none")
    return isinstance(target, str) and bool(_REFERENCE.fullmatch(target)) and all(map(_is_simple, schema.values()))


def _is_ordinary(kind: inspect.Type, seen: set[type]) -> bool:
    """Say whether a type holds none but those that are made of JSON alike by `decode` and by `convert`."""
    if isinstance(kind, inspect.UnionType):
        return all(_is_ordinary(member, seen) for member in kind.types)
    if isinstance(kind, inspect.ListType):
        return _is_ordinary(kind.item_type, seen)
    if isinstance(kind, inspect.DictType):
        return isinstance(kind.key_type, inspect.StrType) and _is_ordinary(kind.value_type, seen)
    if not isinstance(kind, inspect.StructType) or kind.cls in seen:
        return isinstance(kind, (*_TYPES, *_FEW, inspect.AnyType))
    seen.add(kind.cls)
    return not kind.array_like and kind.tag is None and all(_is_ordinary(field.type, seen) for field in kind.fields)

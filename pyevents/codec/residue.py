"""What is left of a schema to check, once msgspec took a message as the class that was generated from it.

A schema and a class are walked together. For each place the answer is one of three:

    IMPLIED   whatever text msgspec takes here, the schema takes
    LEFT      the schema has more to say, and the typed value shows all that it asks about
    LOST      it asks about something that the typed value does not show any more

Every keyword and every pair of types that is not named here is LEFT where the typed value is the sent value to the
last digit, else LOST. So a mistake can only cost time: whoever finds LOST asks the whole schema. What is lost in which
type: of objects the fields that a class does not know, and whether a default was sent; of numbers the digits beyond
2^53; of moments the text, which may be none of RFC 3339.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

import jsonschema_rs
from msgspec import NODEFAULT, Struct, inspect

__all__ = ["Check", "residue"]

_DIALECTS = ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#")
_REFERENCE = re.compile(r"#/definitions/[A-Za-z0-9_.-]+")
_SILENT = frozenset({"title", "description", "default", "examples", "$comment", "definitions", "readOnly", "writeOnly"})
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

_SHOWN = (
    inspect.IntType, inspect.StrType, inspect.DateType, inspect.BoolType, inspect.NoneType, inspect.LiteralType,
    inspect.AnyType, inspect.ListType, inspect.DictType, inspect.UnionType,
)  # fmt: skip
_MADE = (inspect.StructType, inspect.DateType, inspect.DateTimeType)
_EXACT = 2**53
_DEEPEST = 30


class Check(NamedTuple):
    """A field that the schema has more to say about."""

    field: str
    """Empty for the whole object."""

    accepts: Callable[[Any], bool]
    nullable: bool
    """None needs no further look."""

    plain: bool
    """The value has to be made plain first."""


class _Verdict(IntEnum):
    IMPLIED = 0
    LEFT = 1
    LOST = 2


def residue(schema: dict[str, Any], cls: type[Struct]) -> list[Check] | None:
    """Return what is left to check of an object that msgspec decoded from JSON, or None: ask the whole schema.

    Args:
        schema: A reader's JSON Schema; other dialects than draft-07 give None.
        cls: The class that the bytes were decoded into.
    """
    kind = inspect.type_info(cls)
    if schema.get("$schema") not in _DIALECTS or not _is_plain(schema) or not isinstance(kind, inspect.StructType):
        return None
    walk = _Walk(schema.get("definitions", {}))
    whole = {keyword: value for keyword, value in schema.items() if keyword not in ("$schema", "properties")}
    about_whole = walk.verdict(whole, kind)
    if about_whole is _Verdict.LOST:
        return None
    checks = [Check("", walk.compiled(whole), False, True)] if about_whole is _Verdict.LEFT else []
    fields = {field.encode_name: field for field in kind.fields}
    for name, part in schema.get("properties", {}).items():
        verdict = walk.of_property(part, fields.get(name))
        if verdict is _Verdict.LOST:
            return None
        if verdict is _Verdict.LEFT:
            field, accepts = fields[name], walk.compiled(part)
            plain = any(isinstance(one, _MADE) for one in _parts(field.type))
            checks.append(Check(field.name, accepts, accepts(None), plain))
    return checks


class _Walk:
    """The walk through one schema; its references lead to `definitions` alone."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions

    def compiled(self, schema: Any) -> Callable[[Any], bool]:
        """Return what judges values by a part of the schema."""
        whole = {"$schema": _DIALECTS[1], "definitions": self.definitions, "allOf": [schema]}
        return jsonschema_rs.Draft7Validator(whole, validate_formats=True).is_valid

    def verdict(self, schema: Any, kind: inspect.Type, depth: int = 0) -> _Verdict:
        schema = {} if schema is True else schema
        if depth > _DEEPEST or not isinstance(schema, dict):
            return _Verdict.LOST
        if "$ref" in schema:  # whatever stands beside it does not count in draft-07
            target = self.definitions.get(schema["$ref"].rpartition("/")[2], False)
            return self.verdict(target, kind, depth + 1)
        if isinstance(kind, inspect.UnionType):
            return max(self.verdict(schema, member, depth + 1) for member in kind.types)
        values = _values(kind)
        if values is not None:
            return _Verdict.IMPLIED if all(map(self.compiled(schema), values)) else _Verdict.LEFT
        if isinstance(kind, inspect.AnyType):
            return _Verdict.LEFT
        if type(kind) not in _TYPES or not _is_ordinary(kind):
            return _Verdict.LOST
        shown = all(isinstance(part, _SHOWN) for part in _parts(kind))
        unsure = _Verdict.LEFT if shown else _Verdict.LOST
        found = [self.of_keyword(keyword, value, kind, depth + 1) for keyword, value in schema.items()]
        return _worst(unsure if one is None else one for one in found)

    def of_keyword(self, keyword: str, value: Any, kind: inspect.Type, depth: int) -> _Verdict | None:
        """Return the verdict about one keyword, or None for one that is not known here."""
        json_type = _TYPES[type(kind)][-1]
        if keyword in _SILENT or _ABOUT.get(keyword, json_type) != json_type:
            return _Verdict.IMPLIED
        if keyword == "type":
            named = value if isinstance(value, list) else [value]
            return _Verdict.IMPLIED if any(name in named for name in _TYPES[type(kind)]) else None
        if keyword == "allOf" and isinstance(value, list):
            return _worst(self.verdict(part, kind, depth) for part in value)
        if isinstance(kind, inspect.StructType):
            return self.of_object(keyword, value, kind, depth)
        if keyword == "items" and isinstance(kind, inspect.ListType) and not isinstance(value, list):
            return self.verdict(value, kind.item_type, depth)
        if keyword == "additionalProperties" and isinstance(kind, inspect.DictType):
            return self.verdict(value, kind.value_type, depth) if value is not False else None
        return _Verdict.IMPLIED if _holds(keyword, value, kind) else None

    def of_object(self, keyword: str, value: Any, kind: inspect.StructType, depth: int) -> _Verdict | None:
        fields = {field.encode_name: field for field in kind.fields}
        if keyword == "properties":
            return _worst(self.of_property(part, fields.get(name), depth) for name, part in value.items())
        if keyword == "required":
            return _worst(_presence(fields.get(name)) for name in value)
        if keyword == "minProperties" and type(value) is int:
            always = sum(field.required for field in kind.fields)
            return _Verdict.IMPLIED if always >= value else _worst([_Verdict.LEFT, *map(_presence, kind.fields)])
        if keyword == "additionalProperties":
            return _Verdict.IMPLIED if _says_nothing(value) else _Verdict.LOST
        return None

    def of_property(self, schema: Any, field: inspect.Field | None, depth: int = 0) -> _Verdict:
        if field is None:
            return _Verdict.IMPLIED if _says_nothing(schema) else _Verdict.LOST
        return self.verdict(schema, field.type, depth)


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


def _presence(field: inspect.Field | None) -> _Verdict:
    """Say whether an object of the class shows that a field was sent; a default that is no `UNSET` hides it."""
    if field is None or field.default is not NODEFAULT or field.default_factory is not NODEFAULT:
        return _Verdict.LOST
    return _Verdict.IMPLIED if field.required else _Verdict.LEFT


def _values(kind: inspect.Type) -> tuple[Any, ...] | None:
    """Return every value of a type that has few; msgspec takes each from one JSON value alone."""
    if isinstance(kind, inspect.LiteralType):
        return tuple(kind.values)
    if isinstance(kind, inspect.BoolType):
        return True, False
    return (None,) if isinstance(kind, inspect.NoneType) else None


def _is_ordinary(kind: inspect.Type) -> bool:
    """Say whether an object becomes the object that was sent again, but for what its class does not know."""
    if isinstance(kind, inspect.DictType):
        return isinstance(kind.key_type, inspect.StrType)
    if not isinstance(kind, inspect.StructType):
        return True
    return not kind.array_like and kind.tag is None and not kind.cls.__struct_config__.omit_defaults


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yield a type and those of which its values consist, but not those of objects."""
    yield kind
    if isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from _parts(member)
    elif isinstance(kind, inspect.ListType):
        yield from _parts(kind.item_type)
    elif isinstance(kind, inspect.DictType):
        yield from _parts(kind.key_type)
        yield from _parts(kind.value_type)


def _worst(verdicts: Iterable[_Verdict]) -> _Verdict:
    return max(verdicts, default=_Verdict.IMPLIED)


def _says_nothing(schema: Any) -> bool:
    return schema is True or (isinstance(schema, dict) and schema.keys() <= _SILENT)


def _is_plain(schema: Any) -> bool:
    """Say whether every reference leads to a definition by its name, wherever the base is."""
    if isinstance(schema, list):
        return all(map(_is_plain, schema))
    if not isinstance(schema, dict):
        return True
    target = schema.get("$ref", "#/definitions/none")
    simple = isinstance(target, str) and _REFERENCE.fullmatch(target) and "$id" not in schema
    return bool(simple) and all(map(_is_plain, schema.values()))

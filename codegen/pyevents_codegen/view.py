"""The JSON Schema of an Avro payload: what its JSON form must look like before it is written.

Avro says less than a contract means (no lengths, no ranges), and its Python writers take more than it says. So one
validator judges every payload by a JSON Schema, and this module owns what that schema is for Avro:

    null, boolean                 the same
    int, long                     integer within 32 and 64 bits
    float, double                 number within what it can hold
    string, enum                  string; the symbols
    array, map, record            array; object with any names; object closed, under `definitions`
    union                         the branches that JSON can tell apart; with null, the type "null"
    date                          "2026-11-23"
    timestamp-millis, -micros     "2026-11-23T07:00:00.000Z", offset required, at most 3 or 6 decimals
    uuid                          text in lower case, 8-4-4-4-12
    bytes, fixed, other logical   refused with a finding: JSON has no exact form for them, use string

A field with a default need not be given. Attributes with JSON Schema's names (`maxLength`, `minimum`, `pattern`, …)
on a field or on a type hold the limits.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from pyevents.errors import did_you_mean
from pyevents_codegen.finding import Finding
from pyevents_codegen.source import Source

__all__ = ["derive"]

_LIMITS = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "array": {"minItems", "maxItems", "uniqueItems"},
    "object": {"minProperties", "maxProperties"},
}
_ALL_LIMITS = frozenset().union(*_LIMITS.values())

_FLOAT = 3.4028234663852886e38
_DOUBLE = 1.7976931348623157e308
_PRIMITIVES: dict[str, dict[str, Any]] = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float": {"type": "number", "minimum": -_FLOAT, "maximum": _FLOAT},
    "double": {"type": "number", "minimum": -_DOUBLE, "maximum": _DOUBLE},
    "string": {"type": "string"},
}
_OFFSET = "(Z|[+-][0-9]{2}:[0-9]{2})$"
_LOGICAL: dict[tuple[str, str], dict[str, Any]] = {
    ("int", "date"): {"type": "string", "format": "date"},
    ("long", "timestamp-millis"): {
        "type": "string",
        "format": "date-time",
        "pattern": rf"^[^.]*([.][0-9]{{1,3}})?{_OFFSET}",
    },
    ("long", "timestamp-micros"): {
        "type": "string",
        "format": "date-time",
        "pattern": rf"^[^.]*([.][0-9]{{1,6}})?{_OFFSET}",
    },
    ("string", "uuid"): {
        "type": "string",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    },
}


def derive(source: Source) -> tuple[dict[str, Any], list[Finding]]:
    """Return the closed JSON Schema of an Avro payload, and what stands in the way of it.

    Args:
        source: A file that has the form of an Avro record.

    Returns:
        The schema (draft-07), and findings; with an error among them the schema is not to be used.
    """
    deriving = _Deriving(source)
    view = deriving.root()
    return view, deriving.findings


class _Deriving:
    """One derivation: the named types met so far, and the findings."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self.definitions: dict[str, Any] = {}
        self.named: dict[str, dict[str, Any]] = {}

    def root(self) -> dict[str, Any]:
        record = self.source.value
        namespace = _namespace(record, "")
        self.named[_full_name(record, "")] = {"$ref": "#"}
        view: dict[str, Any] = {"$schema": "http://json-schema.org/draft-07/schema#", "title": record["name"]}
        view |= self.record(record, namespace, "")
        if self.definitions:
            view["definitions"] = self.definitions
        return view

    def record(self, record: dict[str, Any], namespace: str, pointer: str) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        for index, field in enumerate(record["fields"]):
            at = f"{pointer}/fields/{index}"
            name = field["name"]
            if name in properties:
                self.refuse("avro-duplicate", f"{at}/name", f"the field {name!r} stands twice", "Rename one.")
            properties[name] = self.field(field, namespace, at)
            if "default" not in field:
                required.append(name)
        described = {"description": record["doc"]} if "doc" in record else {}
        needed = {"required": required} if required else {}
        return {**described, "type": "object", "additionalProperties": False, **needed, "properties": properties}

    def field(self, field: dict[str, Any], namespace: str, pointer: str) -> dict[str, Any]:
        for attribute in field:
            if attribute in {"name", "type", "doc", "default", "order", "aliases"} | _ALL_LIMITS:
                continue
            remedy = did_you_mean(attribute, _ALL_LIMITS, "")
            if remedy:
                message = f"{attribute!r} is no limit that is known"
                self.refuse("avro-unknown-limit", f"{pointer}/{attribute}", message, remedy)
        limits = {name: value for name, value in field.items() if name in _ALL_LIMITS}
        view = self.type(field["type"], namespace, f"{pointer}/type", limits)
        for unused in limits:
            message = f"the limit {unused!r} fits no type of the field"
            self.refuse("avro-unused-limit", f"{pointer}/{unused}", message, "Remove it, or change the type.")
        described = {"description": field["doc"]} if "doc" in field else {}
        if "$ref" in view and described:
            view = {"allOf": [view]}  # draft-07 ignores what stands beside $ref
        if "default" in field:
            described["default"] = field["default"]
            self.check_default(field, view, pointer)
        return {**view, **described}

    def check_default(self, field: dict[str, Any], view: dict[str, Any], pointer: str) -> None:
        """Avro gives a default the type of a union's first branch, and a logical type its number."""
        declared, default = field["type"], field["default"]
        first = declared[0] if isinstance(declared, list) else declared
        if isinstance(first, dict) and "logicalType" in first:
            message = "a default of a logical type is a bare number, which a payload does not show"
            self.refuse("avro-default", f"{pointer}/default", message, "Put null first, with the default null.")
        elif (first == "null") is not (default is None) or not self.admits(view, default):
            message = "the default is no value of the type (of a union, its first branch)"
            self.refuse("avro-default", f"{pointer}/default", message, "Correct the default, or reorder the union.")

    def admits(self, view: dict[str, Any], value: Any) -> bool:
        schema = {**view, "definitions": self.definitions}
        try:
            return jsonschema_rs.Draft7Validator(schema, validate_formats=True, offline=True).is_valid(value)
        except (jsonschema_rs.ValidationError, ValueError):
            return True  # a recursive type whose definition is still being made; the codec will judge

    def type(self, declared: Any, namespace: str, pointer: str, limits: dict[str, Any]) -> dict[str, Any]:
        """Return the view of a type, and take out of `limits` those that it uses."""
        if isinstance(declared, list):
            return self.union(declared, namespace, pointer, limits)
        if isinstance(declared, str):
            return self.limited(self.reference(declared, namespace, pointer), limits, pointer)
        own = {name: value for name, value in declared.items() if name in _ALL_LIMITS}
        return self.limited(self.complex(declared, namespace, pointer), {**limits, **own}, pointer, limits)

    def reference(self, name: str, namespace: str, pointer: str) -> dict[str, Any]:
        if name in _PRIMITIVES:
            return dict(_PRIMITIVES[name])
        for candidate in (name if "." in name else f"{namespace}.{name}", name):
            if candidate in self.named:
                return dict(self.named[candidate])
        known = [*_PRIMITIVES, *self.named]
        if name == "bytes":
            self.refuse("avro-unsupported", pointer, "JSON has no exact form for bytes", "Use string.")
        else:
            remedy = did_you_mean(name, known, "Define it before its first use.")
            self.refuse("avro-unknown-type", pointer, f"unknown type {name!r}", remedy)
        return {}

    def complex(self, declared: dict[str, Any], namespace: str, pointer: str) -> dict[str, Any]:
        kind = declared["type"]
        logical = declared.get("logicalType")
        if logical is not None and (kind, logical) not in _LOGICAL:
            known = ", ".join(f"{name} on {base}" for base, name in _LOGICAL)
            message = f"the logical type {logical!r} on {kind} has no exact form in JSON here"
            self.refuse("avro-unsupported", f"{pointer}/logicalType", message, f"Known are {known}; or use string.")
            return {}
        if logical is not None:
            return dict(_LOGICAL[kind, logical])
        if kind == "array":
            return {"type": "array", "items": self.type(declared["items"], namespace, f"{pointer}/items", {})}
        if kind == "map":
            values = self.type(declared["values"], namespace, f"{pointer}/values", {})
            return {"type": "object", "additionalProperties": values}
        if kind in ("record", "enum"):
            return self.define(declared, namespace, pointer)
        if kind == "fixed":
            self.refuse("avro-unsupported", pointer, "JSON has no exact form for fixed", "Use string.")
            return {}
        return self.reference(kind, namespace, f"{pointer}/type")

    def define(self, declared: dict[str, Any], namespace: str, pointer: str) -> dict[str, Any]:
        full = _full_name(declared, namespace)
        if full in self.named:
            self.refuse("avro-duplicate", f"{pointer}/name", f"the type {full!r} stands twice", "Rename one.")
            return dict(self.named[full])
        if declared["type"] == "enum":
            if "default" in declared and declared["default"] not in declared["symbols"]:
                message = "the default of the enum is none of its symbols"
                self.refuse("avro-enum-default", f"{pointer}/default", message, "Name one of the symbols.")
            self.named[full] = {"type": "string", "enum": list(declared["symbols"])}
            return dict(self.named[full])
        simple = full.rpartition(".")[2]
        key = full if simple in self.definitions else simple
        self.named[full] = {"$ref": f"#/definitions/{key}"}
        self.definitions[key] = {}
        self.definitions[key] = self.record(declared, _namespace(declared, namespace), pointer)
        return dict(self.named[full])

    def limited(
        self, view: dict[str, Any], limits: dict[str, Any], pointer: str, taken: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Add the limits that fit the type; a limit narrows the range that the type itself has."""
        allowed = _LIMITS.get(view.get("type", ""), set()) if "enum" not in view else set()
        for name in [name for name in limits if name in allowed]:
            value = limits[name]
            if name in ("minimum", "maximum") and not _narrows(name, value, view.get(name)):
                message = f"the limit {name!r} is no number within the type"
                self.refuse("avro-wrong-limit", pointer, message, "Correct it.")
            elif name == "pattern" and name in view:
                message = "a logical type has its own pattern"
                self.refuse("avro-wrong-limit", pointer, message, "Remove the pattern.")
            else:
                view[name] = value
            (limits if taken is None else taken).pop(name, None)
        return view

    def union(self, branches: list[Any], namespace: str, pointer: str, limits: dict[str, Any]) -> dict[str, Any]:
        given = dict(limits)
        views = []
        for index, branch in enumerate(branches):
            left = dict(given)
            views.append(self.type(branch, namespace, f"{pointer}/{index}", left))
            for name in given.keys() - left.keys():
                limits.pop(name, None)
        kinds = [self.kind(view) for view in views]
        twice = sorted({kind for kind in kinds if kind and kinds.count(kind) > 1})
        if twice:
            message = f"two branches of the union are both {twice[0]} in JSON"
            self.refuse("avro-union", pointer, message, "Keep one of them, or put each into a field of its own.")
        rest = [view for view in views if view.get("type") != "null"]
        if len(rest) == len(views):
            return rest[0] if len(rest) == 1 else {"anyOf": rest}
        if len(rest) == 1 and "type" in rest[0]:
            nullable = {**rest[0], "type": [rest[0]["type"], "null"]}
            return nullable | ({"enum": [*rest[0]["enum"], None]} if "enum" in rest[0] else {})
        return {"anyOf": [*rest, {"type": "null"}]} if rest else {"type": "null"}

    def kind(self, view: dict[str, Any]) -> str:
        if "$ref" in view:
            return "object"
        kind = str(view.get("type", ""))
        return "number" if kind == "integer" else kind

    def refuse(self, rule: str, pointer: str, message: str, remedy: str) -> None:
        self.findings.append(self.source.finding(rule, pointer, message, remedy))


def _narrows(name: str, value: Any, bound: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return bound is None or (value >= bound if name == "minimum" else value <= bound)


def _full_name(declared: dict[str, Any], namespace: str) -> str:
    name: str = declared["name"]
    if "." in name:
        return name
    space = declared.get("namespace", namespace)
    return f"{space}.{name}" if space else name


def _namespace(declared: dict[str, Any], namespace: str) -> str:
    return _full_name(declared, namespace).rpartition(".")[0]

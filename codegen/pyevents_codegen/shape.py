"""What a class must hold of a payload: its schema, reduced to names, types, defaults and descriptions.

One validator judges every payload before it is a class and after. Limits that a decoder holds exactly stay for its
sake, since then it can judge while it reads; all are told in the docstrings. What is left is a JSON Schema of few
words, which any generator of classes reads in one way only:

    object with properties      a class of its own, named after the contract and the field
    object without              a map
    enum, const                 a Literal of texts and whole numbers
    date, date-time             the formats stay; every other text is a text
    lengths, ranges, counts     as `limits` says
    anyOf, oneOf, type lists    a union, as far as a decoder can tell its members apart by JSON type
    anything else               any value
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pyevents_codegen import naming, references
from pyevents_codegen.limits import limits
from pyevents_codegen.union import ANY, Shape, blurs, literal, union
from pyevents_codegen.wording import told

__all__ = ["Reduced", "Shape", "reduce"]


class Reduced(Struct, frozen=True):
    """The classes of one payload, and what they blur.

    `classes` goes from class name to reduced object schema, the payload's own last. `blurred` holds the pointers of
    unions whose members a decoder cannot tell apart: two objects, or two lists; a class holds them as plain data.
    """

    classes: dict[str, Shape]
    blurred: tuple[str, ...]


def reduce(class_name: str, schema: dict[str, Any], *, defaults: bool) -> Reduced:
    """Return the classes of one payload.

    Args:
        class_name: Of the payload; nested classes begin with it.
        schema: The payload's JSON Schema, closed and self-contained.
        defaults: Whether an absent field has the schema's default (Avro), or is absent (JSON).
    """
    reducing = _Reducing(schema, class_name, defaults)
    reducing.of_class(schema, class_name)
    used = _used(reducing.classes, class_name)
    nested = {name: shape for name, shape in reducing.classes.items() if name in used and name != class_name}
    blurred = sorted({at for at, part in references.subschemas(schema) if any(part is one for one in reducing.blurred)})
    return Reduced({**nested, class_name: reducing.classes[class_name]}, tuple(blurred))


class _Reducing:
    """One payload's reduction: the classes made so far, and those of shared definitions."""

    def __init__(self, root: dict[str, Any], outer: str, defaults: bool) -> None:
        self.root = root
        self.outer = outer
        self.defaults = defaults
        self.classes: dict[str, Shape] = {}
        self.shared: dict[str, str] = {"#": outer}
        self.inlining: list[str] = []
        self.blurred: list[dict[str, Any]] = []

    def of_class(self, schema: dict[str, Any], name: str) -> Shape:
        """Make the class of an object, and return a reference to it."""
        self.classes[name] = {}
        properties, required = self.members(schema)
        shapes: dict[str, Shape] = {}
        for field, declared in properties.items():
            if declared is False:
                continue  # no payload has it
            shape = dict(self.of(declared, naming.nested_class_name(name, field)))
            if words := told(declared if isinstance(declared, dict) else {}):
                shape = {"allOf": [shape]} if "$ref" in shape else shape
                shape["description"] = words
            if self.defaults and isinstance(declared, dict) and _writable(declared.get("default", ...)):
                shape["default"] = declared["default"]
            shapes[field] = shape
        described = {"description": schema["description"]} if schema.get("description") else {}
        self.classes[name] = {
            "type": "object",
            **described,
            "additionalProperties": False,
            "required": [field for field in shapes if field in required],
            "properties": shapes,
        }
        return {"$ref": f"#/definitions/{name}"}

    def members(
        self, schema: dict[str, Any], followed: frozenset[str] = frozenset()
    ) -> tuple[dict[str, Any], set[str]]:
        """Return properties and required names, those of `allOf` included; a circle of references is left."""
        properties: dict[str, Any] = dict(schema.get("properties", {}))
        required = set(schema.get("required", []))
        for part in schema.get("allOf", []):
            reference = part.get("$ref", "") if isinstance(part, dict) else ""
            target = references.resolve(self.root, reference) if reference else part
            if isinstance(target, dict) and reference not in followed:
                more, needed = self.members(target, followed | {reference} if reference else followed)
                properties = {**more, **properties}
                required |= needed
        return properties, required

    def of(self, schema: Any, hint: str) -> Shape:
        """Return the shape of a value; objects in it become classes named by the hint."""
        if not isinstance(schema, dict):
            return ANY
        if "$ref" in schema:
            return self.referenced(schema["$ref"])
        if "const" in schema or "enum" in schema:
            return literal(schema.get("enum", [schema.get("const")]), schema.get("type"))
        if "type" in schema:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            return union([self.of_type(schema, kind, hint) for kind in types])
        if "anyOf" in schema or "oneOf" in schema:
            branches = schema["anyOf"] if "anyOf" in schema else schema["oneOf"]
            shapes = [self.of(branch, hint) for branch in branches]
            if blurs(shapes):
                self.blurred.append(schema)
            return union(shapes)
        if len(schema.get("allOf", [])) == 1 and "properties" not in schema:
            return self.of(schema["allOf"][0], hint)
        if self.members(schema)[0]:
            return self.of_type(schema, "object", hint)
        return ANY

    def referenced(self, reference: str) -> Shape:
        if reference in self.shared:
            return {"$ref": f"#/definitions/{self.shared[reference]}"}
        target = references.resolve(self.root, reference)
        name = self.free(naming.nested_class_name(self.outer, reference.rpartition("/")[2]))
        if isinstance(target, dict) and target.get("type") == "object" and self.is_class(target):
            self.shared[reference] = name
            return self.of_class(target, name)
        if reference in self.inlining:
            return ANY  # a type that holds itself and is no object has no name to refer to
        self.inlining.append(reference)
        shape = self.of(target, name)
        self.inlining.pop()
        return shape

    def of_type(self, schema: dict[str, Any], kind: str, hint: str) -> Shape:
        if kind == "object":
            return self.of_object(schema, hint)
        if kind == "array":
            items = schema.get("items", True)
            item = self.of(items, hint) if isinstance(items, dict) else ANY
            return {"type": "array", "items": item, **limits(schema, kind)}
        if kind == "string" and schema.get("format") in ("date", "date-time"):
            return {"type": "string", "format": schema["format"]}
        return {"type": kind, **limits(schema, kind)}

    def of_object(self, schema: dict[str, Any], hint: str) -> Shape:
        if self.is_class(schema):
            return self.of_class(schema, self.free(hint))
        values = [value for value in schema.get("patternProperties", {}).values() if value is not False]
        additional = schema.get("additionalProperties", not values)
        values += [additional] if additional is not False else []
        named = bool(self.members(schema)[0])
        value = self.of(values[0], hint) if len(values) == 1 and not named else ANY
        return {"type": "object", "additionalProperties": value or True}

    def is_class(self, schema: dict[str, Any]) -> bool:
        """An object whose names are known; one that takes other names on purpose is a map."""
        if schema.get("patternProperties"):
            return False
        if self.members(schema)[0]:
            return schema.get("additionalProperties", False) is False
        return schema.get("additionalProperties") is False

    def free(self, name: str) -> str:
        count, candidate = 1, name
        while candidate in self.classes or candidate == self.outer:
            count += 1
            candidate = f"{name}{count}"
        return candidate


def _writable(default: Any) -> bool:
    """Whether a class can state a default; of a list or an object it is the codec's to fill in."""
    return default is None or isinstance(default, str | int | float)


def _used(classes: dict[str, Shape], root: str) -> set[str]:
    """Return the classes that are reached from one; those of a blurred union are not."""
    used: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        used.add(name)
        for _, part in references.subschemas(classes[name]):
            found = str(part["$ref"]).rpartition("/")[2] if isinstance(part, dict) and "$ref" in part else name
            if found not in used:
                waiting.append(found)
    return used

"""What a class must hold of a payload: its schema, reduced to names, types, defaults and descriptions.

Limits are not the class's business: one validator judges every payload before it is a class and after. They are told
in the docstrings. What is left is a JSON Schema of few words, which any generator of classes reads in one way only:

    object with properties      a class of its own, named after the contract and the field
    object without              a map
    enum, const                 a Literal of texts and whole numbers
    date, date-time             the formats stay; every other text is a text
    anyOf, oneOf, type lists    a union, as far as a decoder can tell its members apart by JSON type
    anything else               any value
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyevents_codegen import naming, references

__all__ = ["Shape", "reduce"]

Shape = dict[str, Any]

_ANY: Shape = {}
_NULL: Shape = {"type": "null"}
_TEXT: Shape = {"type": "string"}
_UNTOLD = {2**31 - 1, 2**53 - 1, 2**63 - 1, -(2**31), -(2**53) + 1, -(2**63)}
"""Bounds that come from a number's storage; docstrings leave them out, as those beyond a float's integers."""


def reduce(class_name: str, schema: dict[str, Any], *, defaults: bool) -> dict[str, Shape]:
    """Return the classes of one payload: class name to reduced object schema, the payload's own last.

    Args:
        class_name: Of the payload; nested classes begin with it.
        schema: The payload's JSON Schema, closed and self-contained.
        defaults: Whether an absent field has the schema's default (Avro), or is absent (JSON).
    """
    reducing = _Reducing(schema, class_name, defaults)
    reducing.of_class(schema, class_name)
    own = reducing.classes.pop(class_name)
    return {**reducing.classes, class_name: own}


class _Reducing:
    """One payload's reduction: the classes made so far, and those of shared definitions."""

    def __init__(self, root: dict[str, Any], outer: str, defaults: bool) -> None:
        self.root = root
        self.outer = outer
        self.defaults = defaults
        self.classes: dict[str, Shape] = {}
        self.shared: dict[str, str] = {"#": outer}
        self.inlining: list[str] = []

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

    def members(self, schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Return properties and required names, those of `allOf` included."""
        properties: dict[str, Any] = dict(schema.get("properties", {}))
        required = set(schema.get("required", []))
        for part in self.parts(schema):
            more, needed = self.members(part)
            properties = {**more, **properties}
            required |= needed
        return properties, required

    def parts(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for part in schema.get("allOf", []):
            if isinstance(part, dict) and "$ref" in part and part["$ref"] not in self.inlining:
                part = references.resolve(self.root, part["$ref"])
            if isinstance(part, dict):
                yield part

    def of(self, schema: Any, hint: str) -> Shape:
        """Return the shape of a value; objects in it become classes named by the hint."""
        if not isinstance(schema, dict):
            return _ANY
        if "$ref" in schema:
            return self.referenced(schema["$ref"])
        if "const" in schema or "enum" in schema:
            return _literal(schema.get("enum", [schema.get("const")]), schema.get("type"))
        if "type" in schema:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            return _union(self.of_type(schema, kind, hint) for kind in types)
        if "anyOf" in schema or "oneOf" in schema:
            branches = schema["anyOf"] if "anyOf" in schema else schema["oneOf"]
            return _union(self.of(branch, hint) for branch in branches)
        if len(schema.get("allOf", [])) == 1 and "properties" not in schema:
            return self.of(schema["allOf"][0], hint)
        if self.members(schema)[0]:
            return self.of_type(schema, "object", hint)
        return _ANY

    def referenced(self, reference: str) -> Shape:
        if reference in self.shared:
            return {"$ref": f"#/definitions/{self.shared[reference]}"}
        target = references.resolve(self.root, reference)
        name = self.free(naming.nested_class_name(self.outer, reference.rpartition("/")[2]))
        if isinstance(target, dict) and target.get("type") == "object" and self.is_class(target):
            self.shared[reference] = name
            return self.of_class(target, name)
        if reference in self.inlining:
            return _ANY  # a type that holds itself and is no object has no name to refer to
        self.inlining.append(reference)
        shape = self.of(target, name)
        self.inlining.pop()
        return shape

    def of_type(self, schema: dict[str, Any], kind: str, hint: str) -> Shape:
        if kind == "object":
            return self.of_object(schema, hint)
        if kind == "array":
            items = schema.get("items", True)
            return {"type": "array", "items": self.of(items, hint) if isinstance(items, dict) else _ANY}
        if kind == "string" and schema.get("format") in ("date", "date-time"):
            return {"type": "string", "format": schema["format"]}
        return {"type": kind}

    def of_object(self, schema: dict[str, Any], hint: str) -> Shape:
        if self.is_class(schema):
            return self.of_class(schema, self.free(hint))
        values = [value for value in schema.get("patternProperties", {}).values() if value is not False]
        additional = schema.get("additionalProperties", not values)
        values += [additional] if additional is not False else []
        named = bool(self.members(schema)[0])
        value = self.of(values[0], hint) if len(values) == 1 and not named else _ANY
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


def told(schema: dict[str, Any]) -> str:
    """Return a field's description, with its limits in words."""
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    words = [_between(low, high, "character", "characters")] if low or high is not None else []
    words += [_range(schema)]
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    if low or high is not None:
        words.append(_between(low, high, "item", "items"))
    if schema.get("uniqueItems") is True:
        words.append("no item twice")
    sentence = ", ".join(word for word in words if word)
    description = str(schema.get("description", "")).strip()
    if not sentence:
        return description
    return f"{description} {sentence[0].upper()}{sentence[1:]}.".strip()


def _between(low: int, high: int | None, one: str, many: str) -> str:
    if high is None:
        return f"at least {low:,} {one if low == 1 else many}"
    if low == high:
        return f"exactly {low:,} {one if low == 1 else many}"
    return f"{low:,} to {high:,} {many}" if low else f"at most {high:,} {one if high == 1 else many}"


def _range(schema: dict[str, Any]) -> str:
    low, high = _bound(schema.get("minimum")), _bound(schema.get("maximum"))
    above, below = _bound(schema.get("exclusiveMinimum")), _bound(schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"from {low:,} to {high:,}"
    if low in (0, 1) and schema.get("type") != "number":
        low = None  # of an id or a count: not worth a word
    words = [
        f"{word} {bound:,}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high), ("less than", below))
        if bound is not None
    ]
    return " and ".join(words)


def _bound(value: Any) -> Any:
    if not isinstance(value, int | float) or value in _UNTOLD or abs(value) > 1e37:
        return None
    return int(value) if value == int(value) else value


def _literal(values: list[Any], declared: Any) -> Shape:
    """A Literal holds texts, whole numbers and null; an enum of anything else is told by its types."""
    types = declared if isinstance(declared, list) else [declared] if declared else None
    kept = [value for value in values if types is None or _json_type(value, types)]
    plain = [int(value) if isinstance(value, float) and value.is_integer() else value for value in kept]
    literals = [value for value in plain if isinstance(value, str | int) and not isinstance(value, bool)]
    shapes: list[Shape] = [{"enum": literals}] if literals else []
    shapes += [{"type": "boolean"}] if any(isinstance(value, bool) for value in plain) else []
    shapes += [{"type": "number"}] if any(isinstance(value, float) for value in plain) else []
    shapes += [_ANY] if any(isinstance(value, dict | list) for value in plain) else []
    shapes += [_NULL] if None in plain else []
    return _union(shapes)


def _json_type(value: Any, types: list[str]) -> bool:
    names = {str: "string", bool: "boolean", type(None): "null", dict: "object", list: "array"}
    if type(value) in names:
        return names[type(value)] in types
    return "number" in types or ("integer" in types and float(value).is_integer())


def _union(shapes: Iterable[Shape]) -> Shape:
    """Join shapes so that a decoder can tell them apart by JSON type; what it cannot becomes the wider type."""
    members: dict[str, Shape] = {}
    for shape in shapes:
        for member in shape.get("anyOf", [shape]):
            kind = _kind(member)
            if kind == "any":
                return _ANY
            members[kind] = _wider(kind, members[kind], member) if kind in members else member
    if "enum" in members and ("text" in members or "number" in members or "integer" in members):
        values = members.pop("enum")["enum"]
        if any(isinstance(value, str) for value in values):
            members["text"] = _TEXT
        if any(isinstance(value, int) for value in values) and "number" not in members:
            members["integer"] = {"type": "integer"}
    if "number" in members:
        members.pop("integer", None)
    ordered = [members[kind] for kind in members if kind != "null"] + [_NULL] * ("null" in members)
    return ordered[0] if len(ordered) == 1 else {"anyOf": ordered} if ordered else _ANY


def _kind(shape: Shape) -> str:
    if "$ref" in shape:
        return "object"
    if "enum" in shape:
        return "enum"
    kind = str(shape.get("type", "any"))
    return "text" if kind == "string" else kind


def _wider(kind: str, one: Shape, other: Shape) -> Shape:
    if one == other:
        return one
    if kind == "enum":
        return {"enum": [*one["enum"], *(value for value in other["enum"] if value not in one["enum"])]}
    wide: dict[str, Shape] = {
        "text": _TEXT,
        "array": {"type": "array", "items": _ANY},
        "object": {"type": "object", "additionalProperties": True},
    }
    return wide.get(kind, one)


def _writable(default: Any) -> bool:
    """Whether a class can state a default; of a list or an object it is the codec's to fill in."""
    return default is None or isinstance(default, str | int | float)

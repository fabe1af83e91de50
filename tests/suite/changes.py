"""Every kind of change to one field, with what becomes of old and new services: the table behind docs/compatibility.md.

A change is data: its words, both verdicts, why, and how to make it. The page shows each on an example, with the message
that breaks; a test makes each on every field of the platform's contracts and asks for the verdict.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct

__all__ = ["AVRO_CHANGES", "CHANGES", "Change", "made"]

_Make = Callable[[dict[str, Any], str], Any]


class Change(Struct, frozen=True):
    """One kind of change to the field of an object (a record, in Avro).

    Args:
        name: Short name, for tests.
        words: What a person does.
        backward: Whether new readers can read what old writers sent.
        forward: Whether old readers can read what new writers send.
        why: Why it is so, as a sentence.
        make: Changes an object schema in place; returns False where the field gives no occasion.
    """

    name: str
    words: str
    backward: bool
    forward: bool
    why: str
    make: _Make


def made(change: Change, schema: dict[str, Any], field: str, kind: Literal["json", "avro"]) -> Iterator[dict[str, Any]]:
    """Yield the payload schema with the change made, once for every object in it that has the field."""
    found = [number for number, one in enumerate(_objects(schema, kind)) if field in _fields(one, kind)]
    for number in found:
        changed = copy.deepcopy(schema)
        place = list(_objects(changed, kind))[number]
        if change.make(place, field) is not False:
            yield changed


def _objects(schema: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for member in schema:
            yield from _objects(member, kind)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties" if kind == "json" else "fields"), dict if kind == "json" else list):
            yield schema
        for value in schema.values():
            yield from _objects(value, kind)


def _fields(schema: dict[str, Any], kind: str) -> list[str]:
    return list(schema["properties"]) if kind == "json" else [field["name"] for field in schema["fields"]]


def _types(field: dict[str, Any]) -> list[str]:
    named = field.get("type", [])
    return named if isinstance(named, list) else [named]


def _require(schema: dict[str, Any], name: str) -> Any:
    if name in schema.get("required", ()):
        return False
    schema["required"] = [*schema.get("required", ()), name]
    return True


def _loosen(schema: dict[str, Any], name: str) -> Any:
    if name not in schema.get("required", ()):
        return False
    schema["required"] = [other for other in schema["required"] if other != name]
    return True


def _remove(required: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        if (name in schema.get("required", ())) is not required:
            return False
        del schema["properties"][name]
        return not required or _loosen(schema, name)

    return make


def _add(required: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        schema["properties"][f"{name}_neu"] = {"type": "string", "maxLength": 10}
        return not required or _require(schema, f"{name}_neu")

    return make


def _rename(required: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        if (name in schema.get("required", ())) is not required:
            return False
        schema["properties"][f"{name}_neu"] = schema["properties"].pop(name)
        return not required or (_loosen(schema, name) and _require(schema, f"{name}_neu"))

    return make


def _set(change: Callable[[dict[str, Any]], Any]) -> _Make:
    return lambda schema, name: change(schema["properties"][name])


def _retype(field: dict[str, Any]) -> Any:
    kinds = [kind for kind in _types(field) if kind != "null"]
    if not kinds or "$ref" in field:
        return False
    field.clear()
    field["type"] = "boolean" if kinds != ["boolean"] else "integer"
    return True


def _nullable(field: dict[str, Any]) -> Any:
    if not _types(field) or "null" in _types(field):
        return False
    field["type"] = [*_types(field), "null"]
    if "enum" in field:
        field["enum"] = [*field["enum"], None]
    return True


def _not_null(field: dict[str, Any]) -> Any:
    if "null" not in _types(field) or len(_types(field)) < 2:
        return False
    field["type"] = [kind for kind in field["type"] if kind != "null"]
    if "enum" in field:
        field["enum"] = [value for value in field["enum"] if value is not None]
    return True


def _limit(step: int) -> Callable[[dict[str, Any]], Any]:
    def change(field: dict[str, Any]) -> Any:
        if {"enum", "pattern", "format"} & field.keys():
            return False
        for keyword in ("maxLength", "maxItems", "maximum"):
            if keyword in field and field[keyword] < 2**53:
                field[keyword] += step
                return True
        if "minimum" in field:
            field["minimum"] -= step
            return True
        return False

    return change


def _symbols(step: int) -> Callable[[dict[str, Any]], Any]:
    def change(field: dict[str, Any]) -> Any:
        texts = [value for value in field.get("enum", ()) if isinstance(value, str)]
        if len(texts) < 2:
            return False
        field["enum"] = (
            [*field["enum"], "neu"] if step > 0 else [value for value in field["enum"] if value != texts[-1]]
        )
        return True

    return change


def _keyword(keyword: str, value: Any, *, come: bool, kind: str) -> Callable[[dict[str, Any]], Any]:
    def change(field: dict[str, Any]) -> Any:
        if kind not in _types(field) or "enum" in field or (keyword in field) is come:
            return False
        if come and {"pattern", "format"} & field.keys():
            return False
        if come:
            field[keyword] = value
        else:
            del field[keyword]
        return True

    return change


def _reorder(schema: dict[str, Any], name: str) -> None:
    schema["properties"][name] = schema["properties"].pop(name)


def _open(schema: dict[str, Any], name: str) -> Any:
    return schema.pop("additionalProperties", None) is False


def _describe(field: dict[str, Any]) -> None:
    field["description"] = "In other words."


_BOTH = "A reader ignores what it does not know, and does without what is optional."
_WIDER = "Old readers were promised less than new writers may send."
_NARROWER = "New readers accept less than old writers could send, and old events are still in the topic."

CHANGES: tuple[Change, ...] = (
    Change("add-optional", "add an optional field", True, True, _BOTH, _add(False)),
    Change("add-required", "add a required field", False, True, "Old events lack it.", _add(True)),
    Change("remove-optional", "remove an optional field", True, True, _BOTH, _remove(False)),
    Change("remove-required", "remove a required field", True, False, "Old readers demand it.", _remove(True)),
    Change("require", "make an optional field required", False, True, "Old events may lack it.", _require),
    Change("loosen", "make a required field optional", True, False, "Old readers demand it.", _loosen),
    Change("rename-optional", "rename an optional field", True, True,
           "Nothing is refused, and the value is lost on the way: a hint asks for a new major.", _rename(False)),
    Change("rename-required", "rename a required field", False, False,
           "Each side demands the name that the other does not send.", _rename(True)),
    Change("reorder", "put a field elsewhere in the file", True, True, "Order means nothing.", _reorder),
    Change("describe", "describe a field in other words", True, True,
           "Words are no rule; another unit is another meaning, and a hint asks for a new major.", _set(_describe)),
    Change("retype", "give a field another type", False, False, "Neither reads the other's values.", _set(_retype)),
    Change("nullable", "let a field be null", True, False, _WIDER, _set(_nullable)),
    Change("not-null", "let a field be null no more", False, True, _NARROWER, _set(_not_null)),
    Change("tighten", "tighten a limit", False, True, _NARROWER, _set(_limit(-1))),
    Change("widen", "widen a limit", True, False, _WIDER, _set(_limit(1))),
    Change("enum-more", "add a value to an enum", True, False, _WIDER, _set(_symbols(1))),
    Change("enum-less", "take a value from an enum", False, True, _NARROWER, _set(_symbols(-1))),
    Change("pattern", "demand a pattern", False, True, _NARROWER,
           _set(_keyword("pattern", "^[a-z]", come=True, kind="string"))),
    Change("no-pattern", "demand a pattern no more", True, False, _WIDER,
           _set(_keyword("pattern", None, come=False, kind="string"))),
    Change("format", "demand a format", False, True, _NARROWER,
           _set(_keyword("format", "date", come=True, kind="string"))),
    Change("no-format", "demand a format no more", True, False, _WIDER,
           _set(_keyword("format", None, come=False, kind="string"))),
    Change("unique", "demand that no item comes twice", False, True, _NARROWER,
           _set(_keyword("uniqueItems", True, come=True, kind="array"))),
    Change("open", "let writers send fields that no version names", True, True,
           "Readers ignore what they do not know already.", _open),
)  # fmt: skip


def _field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(field for field in schema["fields"] if field["name"] == name)
    return found


def _avro_add(default: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> None:
        schema["fields"].append({"name": f"{name}_neu", "type": "string", **({"default": ""} if default else {})})

    return make


def _avro_remove(default: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        field = _field(schema, name)
        if ("default" in field) is not default or len(schema["fields"]) < 2 or _defines(field["type"]):
            return False
        schema["fields"].remove(field)
        return True

    return make


def _avro_rename(*, default: bool, alias: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        field = _field(schema, name)
        if ("default" in field) is not default:
            return False
        field["name"] = f"{name}_neu"
        if alias:
            field["aliases"] = [name]
        return True

    return make


def _avro_default(schema: dict[str, Any], name: str) -> Any:
    return _field(schema, name).pop("default", _avro_default) is not _avro_default


def _avro_type(before: Any, after: Any) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        field = _field(schema, name)
        if field["type"] != before or "default" in field:
            return False
        for limit in ("maxLength", "minLength", "format", "pattern"):
            field.pop(limit, None)
        field["type"] = after
        return True

    return make


def _avro_null(come: bool) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        field = _field(schema, name)
        if come and isinstance(field["type"], str):
            field["type"] = [field["type"], "null"] if "default" in field else ["null", field["type"]]
            return True
        if not come and field["type"] == ["null", "string"] and not {"format", "pattern", "minLength"} & field.keys():
            field["type"], field["default"] = "string", ""
            return True
        return False

    return make


def _avro_limit(step: int) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        field = _field(schema, name)
        if "maxLength" not in field or {"pattern", "format"} & field.keys():
            return False
        field["maxLength"] += step
        return True

    return make


def _avro_symbols(step: int) -> _Make:
    def make(schema: dict[str, Any], name: str) -> Any:
        kinds = _field(schema, name)["type"]
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, dict) and kind.get("type") == "enum" and "default" not in kind:
                symbols = kind["symbols"]
                if step < 0 and (len(symbols) < 2 or _field(schema, name).get("default") == symbols[-1]):
                    return False
                kind["symbols"] = [*symbols, "neu"] if step > 0 else symbols[:-1]
                return True
        return False

    return make


def _avro_reorder(schema: dict[str, Any], name: str) -> Any:
    field = _field(schema, name)
    if _defines(field["type"]):
        return False
    schema["fields"] = [*(other for other in schema["fields"] if other is not field), field]
    return True


def _defines(kind: Any) -> bool:
    """Say whether a type is a named one, which fields further down may refer to."""
    if isinstance(kind, list):
        return any(map(_defines, kind))
    return isinstance(kind, dict) and kind.get("type") in ("record", "enum")


AVRO_CHANGES: tuple[Change, ...] = (
    Change("add-default", "add a field with a default", True, True, "The default stands in.", _avro_add(True)),
    Change("add-bare", "add a field without a default", False, True, "Old records lack it.", _avro_add(False)),
    Change("remove-default", "remove a field with a default", True, True, _BOTH, _avro_remove(True)),
    Change("remove-bare", "remove a field without a default", True, False, "Old readers need it.", _avro_remove(False)),
    Change("no-default", "take a default away", True, True, "A writer always writes the field.", _avro_default),
    Change("rename-default", "rename a field with a default", True, True,
           "Nothing is refused, and the value is lost on the way: a hint asks for a new major.",
           _avro_rename(default=True, alias=False)),
    Change("rename-bare", "rename a field without a default", False, False,
           "Each side demands the name that the other does not send.", _avro_rename(default=False, alias=False)),
    Change("alias", "rename a field without a default, with an alias", True, False,
           "New readers know both names, old readers one.", _avro_rename(default=False, alias=True)),
    Change("avro-reorder", "put a field elsewhere in the record", True, True, "Only names count.", _avro_reorder),
    Change("avro-retype", "give a field another type", False, False, "Neither resolves.", _avro_type("string", "long")),
    Change("avro-nullable", "let a field be null", True, False, _WIDER, _avro_null(True)),
    Change("avro-not-null", "let a field be null no more", False, True, _NARROWER, _avro_null(False)),
    Change("avro-tighten", "tighten a limit", False, True, _NARROWER, _avro_limit(-1)),
    Change("avro-widen", "widen a limit", True, False, _WIDER, _avro_limit(1)),
    Change("symbol-more", "add a symbol to an enum without default", True, False, _WIDER, _avro_symbols(1)),
    Change("symbol-less", "take a symbol from an enum without default", False, True, _NARROWER, _avro_symbols(-1)),
)  # fmt: skip

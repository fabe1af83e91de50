"""What changed between two payload schemas, field by field, in words. Pure; says nothing of what is compatible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from pyevents_codegen import references
from pyevents_codegen.wording import told

__all__ = ["Change", "differences"]

Kind = Literal["added", "removed", "required", "optional", "type", "values", "limit", "format", "words", "other"]

_LIMITS = {
    "minLength": "shortest length", "maxLength": "longest length", "minimum": "smallest value",
    "maximum": "largest value", "exclusiveMinimum": "value it must exceed", "exclusiveMaximum": "value it stays below",
    "minItems": "fewest items", "maxItems": "most items", "minProperties": "fewest fields",
    "maxProperties": "most fields", "multipleOf": "step", "uniqueItems": "no item twice", "pattern": "pattern",
}  # fmt: skip
_WORDS = ("description", "title", "examples", "default", "$comment")
_TOLD = frozenset({*_LIMITS, *_WORDS, "type", "enum", "const", "format", "properties", "required", "items",
                   "additionalProperties", "definitions", "$defs", "$schema"})  # fmt: skip
_DEEPEST = 20


class Change(Struct, frozen=True):
    """One thing that changed.

    Args:
        field: Path of the field with dots, `[]` for the items of an array; `""` is the payload itself.
        kind: Sort of the change.
        words: What changed, as a clause.
        schema: Of the field that came or went; None for other kinds.
    """

    field: str
    kind: Kind
    words: str
    schema: Any = None

    def __str__(self) -> str:
        return f"{self.field or 'the payload'}: {self.words}"


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what changed from one payload schema to another, in the order of the newer one's fields.

    Args:
        old: Closed and self-contained, as `PayloadVersion.view` is.
        new: See above.
    """
    return list(_Comparison(old, new).at(old, new, "", 0))


class _Comparison:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = old, new

    def at(self, old: Any, new: Any, field: str, depth: int) -> Iterator[Change]:
        old, new = _followed(self.old, old), _followed(self.new, new)
        if old == new and depth > 0 and not (_refers(old) or _refers(new)):
            return
        if not (isinstance(old, dict) and isinstance(new, dict)) or depth > _DEEPEST:
            if old != new:
                yield Change(field, "other", f"{_anything(old)} became {_anything(new)}")
            return
        yield from _types(old, new, field)
        yield from _limits(old, new, field)
        yield from self.fields(old, new, field, depth)
        items = old.get("items"), new.get("items")
        if items != (None, None) and not any(isinstance(one, list) for one in items):
            then, now = (True if one is None else one for one in items)
            yield from self.at(then, now, f"{field}[]", depth + 1)
        yield from _rest(old, new, field)

    def fields(self, old: dict[str, Any], new: dict[str, Any], field: str, depth: int) -> Iterator[Change]:
        then, now = old.get("properties", {}), new.get("properties", {})
        before, after = set(old.get("required", ())), set(new.get("required", ()))
        inside = f"{field}." if field else ""
        for name in [*now, *(name for name in then if name not in now)]:
            path = f"{inside}{name}"
            if name not in then:
                schema = _followed(self.new, now[name])
                need = "required" if name in after else "optional"
                yield Change(path, "added", f"new {need} field, {_described(schema)}", schema)
            elif name not in now:
                schema = _followed(self.old, then[name])
                need = "required" if name in before else "optional"
                yield Change(path, "removed", f"the {need} field is gone, {_described(schema)}", schema)
            else:
                if (name in before) != (name in after):
                    kind: Kind = "required" if name in after else "optional"
                    yield Change(path, kind, f"now {kind}")
                yield from self.at(then[name], now[name], path, depth + 1)
        rest = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if rest[0] != rest[1]:
            if isinstance(rest[0], dict) and isinstance(rest[1], dict):
                yield from self.at(*rest, f"{field}{{}}", depth + 1)
            else:
                yield Change(field, "other", f"other fields: {_others(rest[0])}, now {_others(rest[1])}")


def _types(old: dict[str, Any], new: dict[str, Any], field: str) -> Iterator[Change]:
    then, now = _kinds(old), _kinds(new)
    if then != now:
        yield Change(field, "type", f"type {_or(then)}, now {_or(now)}")
    before, after = _values(old), _values(new)
    if before != after:
        if before is None or after is None:
            yield Change(field, "values", "any value, now a list of values" if after else "a list of values, now any")
        else:
            for words, some in (("new", set(after) - set(before)), ("no longer", set(before) - set(after))):
                if some:
                    yield Change(field, "values", f"{words} {_or(sorted(some))}")
    if old.get("format") != new.get("format"):
        yield Change(field, "format", f"format {old.get('format', 'none')}, now {new.get('format', 'none')}")


def _limits(old: dict[str, Any], new: dict[str, Any], field: str) -> Iterator[Change]:
    for keyword, name in _LIMITS.items():
        then, now = old.get(keyword), new.get(keyword)
        if then != now or isinstance(then, bool) != isinstance(now, bool):
            yield Change(field, "limit", f"{name} {_shown(then)}, now {_shown(now)}")
    if old.get("description") != new.get("description"):
        yield Change(field, "words", "described in other words")


def _rest(old: dict[str, Any], new: dict[str, Any], field: str) -> Iterator[Change]:
    for keyword in sorted((old.keys() | new.keys()) - _TOLD):
        if old.get(keyword) != new.get(keyword):
            yield Change(field, "other", f"the rule {keyword} changed")


def _followed(root: dict[str, Any], schema: Any) -> Any:
    for _ in range(_DEEPEST):
        if not (isinstance(schema, dict) and isinstance(schema.get("$ref"), str)):
            break
        schema = {**references.resolve(root, schema["$ref"]), **{key: schema[key] for key in _WORDS if key in schema}}
    return schema


def _refers(schema: Any) -> bool:
    return any(isinstance(part, dict) and "$ref" in part for _, part in references.subschemas(schema))


def _kinds(schema: dict[str, Any]) -> list[str]:
    named = schema.get("type", "any")
    return sorted(named) if isinstance(named, list) else [named]


def _values(schema: dict[str, Any]) -> list[str] | None:
    if "const" in schema:
        return [_shown(schema["const"])]
    return [_shown(value) for value in schema["enum"]] if isinstance(schema.get("enum"), list) else None


def _described(schema: Any) -> str:
    if not isinstance(schema, dict):
        return _anything(schema)
    limits = told({key: value for key, value in schema.items() if key != "description"}).rstrip(".")
    values = _values(schema)
    what = _or(values) if values else _or(_kinds(schema))
    return f"{what}, {limits[:1].lower()}{limits[1:]}" if limits else what


def _anything(schema: Any) -> str:
    return {True: "anything", False: "nothing"}.get(schema, "a schema") if isinstance(schema, bool) else "a schema"


def _others(rest: Any) -> str:
    return "each by a schema" if isinstance(rest, dict) else "allowed" if rest else "refused"


def _or(words: list[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)

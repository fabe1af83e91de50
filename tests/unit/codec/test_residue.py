"""What msgspec takes as a class and the checks that remain let through, the schema would have let through.

Every schema here meets every type and every value, whether that makes sense or not: what the two languages differ in
is what nobody thinks of.
"""

from __future__ import annotations

import datetime
import random
from itertools import product
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from pyevents.codec.direct import Direct
from pyevents.codec.payload import PayloadRules
from pyevents.codec.residue import Residue, residue
from tests.suite.search import SHARE, some

DRAFT_07 = "http://json-schema.org/draft-07/schema#"


class Known(Struct):
    a: int


class Optional(Struct):
    a: int | UnsetType | None = UNSET
    b: str | UnsetType = UNSET


class Defaulted(Struct):
    a: int = 1


class Renamed(Struct, rename={"a_": "a"}):
    a_: int | UnsetType = UNSET


class Tagged(Struct, tag="a", tag_field="b"):
    a: int | UnsetType = UNSET


class Listed(Struct, array_like=True):
    a: int | UnsetType = UNSET


class Brief(Struct, omit_defaults=True):
    a: int | UnsetType = UNSET
    b: str | None = None


class Moment(Struct):
    a: Annotated[datetime.datetime, Meta(tz=True)]


class Outer(Struct):
    inner: Optional | UnsetType | None = UNSET
    many: list[Optional] | UnsetType = UNSET
    f: float | UnsetType = UNSET
    day: datetime.date | UnsetType = UNSET


TYPES: list[Any] = [
    int, float, str, bool, None, datetime.date, datetime.datetime, Annotated[datetime.datetime, Meta(tz=True)], Any,
    Annotated[int, Meta(ge=1, le=5)], Annotated[int, Meta(gt=0, lt=6)], Annotated[int, Meta(le=2**53 - 1)],
    Annotated[float, Meta(ge=1, le=5)], Annotated[float, Meta(gt=0, lt=6)], Annotated[float, Meta(ge=-(2**53))],
    Annotated[float, Meta(le=2**53)], Annotated[float, Meta(ge=-(2**53) + 1, le=2**53 - 1)],
    Annotated[str, Meta(max_length=3)], Annotated[str, Meta(min_length=1, max_length=2)],
    Literal["a", "abc"], Literal[1, 2], Literal[1, "a", None],
    int | str, int | None, int | float, int | datetime.date, datetime.date | None,
    list[int], list[float], list[Any], list[Known], list[str | None], list[datetime.date], list[Literal[1, "a"]],
    Annotated[list[int], Meta(max_length=2)], Annotated[list[Any], Meta(min_length=1, max_length=3)],
    dict[str, int], dict[str, Any], dict[str, float], dict[str, Known], dict[int, Any], dict[str, list[Any]],
    Known, Optional, Defaulted, Renamed, Tagged, Listed, Brief, Moment, Known | None, Known | str, Optional | None,
    Outer, Brief | None, list[Optional], list[Brief], list[Outer] | None, dict[str, Optional],
    msgspec.Raw, bytes, tuple[int, ...], set[int],
]  # fmt: skip

VALUES = [
    "null", "true", "false", "0", "-0", "1", "1.0", "1e0", "-1", "0.5", "5", "5.0", "6", "7.5", "1e308", "-1e308", "1e999",
    "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740993.0", "-9007199254740992",
    "-9007199254740993", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 400,
    '""', '"a"', '"abc"', '"äöü"', '"😀😀😀"', r'"\ud83d\ude00"', r'"\ud800"', r'"e\u0301e\u0301"', '"1"', '"x y"', '"a\\n"',
    '"2020-02-29"', '"2021-02-29"', '"0000-01-01"', '"0001-01-01"', '"9999-12-31"', r'"2020-01-0\u0031"', '"2020-1-1"',
    '"2020-01-01T00:00:00Z"', '"2020-01-01t00:00:00z"', '"2020-01-01 00:00:00Z"', '"2020-01-01T00:00:00+0100"',
    '"2020-01-01T00:00:00"', '"a@b.de"', '"https://example.org"',
    "[]", "[1]", "[1,1]", "[1,1.0]", "[1,2,3]", '[1,"a"]', '["a"]', "[null]", "[[]]", "[[1],[1]]", '["2020-01-01"]',
    "[9007199254740992,9007199254740993]", '[{"a":1}]', '[{"a":1},{"a":1,"z":2}]', "[0.5,0.5]", "[5,7]",
    "{}", '{"a":1}', '{"a":1.0}', '{"a":7}', '{"a":null}', '{"a":"a"}', '{"b":"x"}', '{"a":1,"b":"x"}', '{"a":1,"z":1}',
    '{"z":1}', '{"a":1,"a":2}', '{"a":"x","a":1}', '{"a":1,"y":1,"z":2}', '{"a":{"a":1}}', '{"z":{"a":[1]}}',
    '{"b":null}', '{"b":"y"}', '{"b":"y","a":1}', '[{"b":"y"}]', '[{"b":"x","a":1}]', '[{"a":1,"z":2},{"b":"y"}]', "[{}]",
    '{"f":9007199254740993}', '{"f":9007199254740992}', '{"f":0.5}', '{"inner":{"b":"x"}}', '{"inner":{"b":"y","z":1}}',
    '{"inner":null}', '{"inner":{}}', '{"many":[{"b":"y"},{"b":"x"}]}', '{"many":[{"b":"y"}]}', '{"day":"2020-02-29"}',
    '{"inner":{"b":"y"},"f":1}', '{"1":1}', '{"a":"2020-01-01 00:00:00Z"}', '{"a":"2020-01-01T00:00:00Z"}', '{"a":0.5}', '{"a":[1,1]}', '{"a_":1}',
]  # fmt: skip

PARTS: list[Any] = [
    True, False, {}, {"title": "x", "description": "x", "default": 1, "examples": [1], "$comment": "x"},
    *({"type": name} for name in ("integer", "number", "string", "boolean", "null", "array", "object")),
    {"type": ["integer", "null"]}, {"type": ["string", "object", "null"]}, {"type": ["number", "array"]}, {"type": []},
    {"enum": [1, 2]}, {"enum": [1.0, "a"]}, {"enum": [True, None]}, {"enum": [[1], {"a": 1}]}, {"enum": ["a", "abc"]},
    {"const": 1}, {"const": 1.0}, {"const": "a"}, {"const": None}, {"const": {"a": 1}}, {"const": "2020-02-29"},
    {"const": 9007199254740993}, {"enum": [9007199254740993, 5]},
    *({key: limit} for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
      for limit in (0, 1, 5, 5.0, 0.5, 6, -(2**53), 2**53 - 1, 2**53, 2**53 + 1, 2**63, 10**30)),
    {"multipleOf": 5}, {"multipleOf": 0.5}, {"multipleOf": 1},
    *({key: limit} for key in ("minLength", "maxLength") for limit in (0, 1, 2, 3, 3.0, 10)),
    {"pattern": "^a"}, {"pattern": "^[0-9-]+$"}, {"pattern": r"\d$"},
    *({"format": name} for name in ("date", "date-time", "email", "uri", "time", "regex", "unheard-of")),
    {"contentEncoding": "base64"}, {"contentMediaType": "application/json"},
    {"items": {"type": "integer"}}, {"items": {"maximum": 5}}, {"items": False}, {"items": [{"type": "integer"}]},
    {"items": [{"type": "integer"}], "additionalItems": False}, {"additionalItems": False}, {"items": {"const": 1}},
    {"items": {"required": ["a"]}}, {"items": {"additionalProperties": False}}, {"items": {"format": "date"}},
    *({key: limit} for key in ("minItems", "maxItems") for limit in (0, 1, 2, 3)),
    {"uniqueItems": True}, {"uniqueItems": False}, {"contains": {"const": 1}}, {"contains": True},
    {"required": ["a"]}, {"required": ["b"]}, {"required": ["z"]}, {"required": ["a_"]},
    {"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"maximum": 5}}}, {"properties": {"a": False}},
    {"properties": {"a": True, "z": True}}, {"properties": {"z": {"type": "string"}}}, {"properties": {"z": False}},
    {"properties": {"a": {"format": "date-time"}}}, {"properties": {"a": {"enum": [1, 7]}}},
    {"properties": {"a": {"type": "number"}, "b": {"pattern": "^y"}}}, {"properties": {"a_": {"const": 2}}},
    {"properties": {"b": {"pattern": "^y"}, "z": {"type": "string"}}},
    {"properties": {"f": {"multipleOf": 0.5}}}, {"properties": {"f": {"const": 9007199254740993}}},
    {"properties": {"inner": {"properties": {"b": {"pattern": "^y"}}}, "day": {"const": "2020-02-29"}}},
    {"properties": {"inner": {"minProperties": 1}, "many": {"items": {"minProperties": 2}}}},
    {"properties": {"inner": {"maxProperties": 1}}}, {"properties": {"inner": {"required": ["z"]}}},
    {"properties": {"inner": {"required": ["b"]}, "many": {"items": {"required": ["a"]}}}},
    {"properties": {"many": {"items": {"properties": {"b": {"pattern": "^y"}}}, "maxItems": 1}}},
    {"properties": {"many": {"uniqueItems": True}}}, {"properties": {"many": {"contains": {"required": ["a"]}}}},
    {"properties": {"inner": {"properties": {"b": {"const": "y"}}, "dependencies": {"b": ["z"]}}}},
    {"properties": {"inner": {"properties": {"b": {"const": "y"}}, "additionalProperties": False}}},
    {"properties": {"inner": {"enum": [{"b": "y"}, None]}}}, {"properties": {"b": {"type": "string", "pattern": "^y"}}},
    {"items": {"properties": {"b": {"pattern": "^y"}}}}, {"items": {"minProperties": 1}}, {"items": {"maxProperties": 1}},
    {"items": {"properties": {"b": {"type": "string"}, "z": {"type": "string"}}}}, {"items": {"required": ["b"]}},
    {"items": {"$ref": "#/definitions/wordy"}}, {"properties": {"inner": {"$ref": "#/definitions/wordy"}}},
    {"$id": "urn:y", "definitions": {"small": {"maximum": 1}}, "allOf": [{"$ref": "#/definitions/small"}]},
    {"$id": "urn:z", "definitions": {"small": {"maximum": 1}}, "$ref": "#/definitions/small"},
    {"additionalProperties": True}, {"additionalProperties": {}}, {"additionalProperties": False},
    {"additionalProperties": {"type": "integer"}}, {"additionalProperties": {"maximum": 5}},
    {"properties": {"a": {}}, "additionalProperties": False}, {"additionalProperties": {"required": ["a"]}},
    {"patternProperties": {"^z": False}}, {"patternProperties": {"^a": {"maximum": 5}}}, {"propertyNames": {"maxLength": 1}},
    {"propertyNames": {"enum": ["a", "b"]}}, {"minProperties": 1}, {"minProperties": 2}, {"minProperties": 0},
    {"maxProperties": 1}, {"maxProperties": 0}, {"dependencies": {"a": ["b"]}}, {"dependencies": {"a": {"required": ["z"]}}},
    {"allOf": [{"type": "integer"}, {"maximum": 5}]}, {"allOf": [{"properties": {"a": {"const": 1}}}]}, {"allOf": []},
    {"anyOf": [{"type": "integer"}, {"maxLength": 1}]}, {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"oneOf": [{"required": ["a"]}, {"required": ["z"]}]}, {"not": {"const": 1}}, {"not": {"required": ["z"]}},
    {"if": {"const": 1}, "then": False}, {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": True},
    {"then": False}, {"$ref": "#/definitions/small"}, {"$ref": "#/definitions/loop"}, {"$ref": "#/definitions/none"},
    {"$ref": "#/definitions/object", "const": 3}, {"$ref": "#"}, {"$ref": "#/properties/x"}, {"$ref": "other.json"},
    {"properties": {"$ref": {"type": "integer"}}}, {"$id": "urn:x", "maximum": 5}, {"id": "urn:x"}, {"x-unheard-of": 1},
    {"unevaluatedProperties": False}, {"prefixItems": [{"type": "string"}]}, {"dependentRequired": {"a": ["z"]}},
    {"minContains": 2}, {"definitions": {"small": False}}, {"type": "string", "maxLength": 3, "pattern": "^a"},
    {"type": "integer", "minimum": 1, "maximum": 5}, {"type": ["number", "null"], "minimum": 1, "maximum": 5},
    {"type": "array", "maxItems": 2, "items": {"type": "integer", "minimum": 1}, "uniqueItems": True},
]  # fmt: skip

DEFINITIONS = {
    "small": {"maximum": 5, "maxLength": 1, "maxItems": 1},
    "loop": {"items": {"$ref": "#/definitions/loop"}, "properties": {"a": {"$ref": "#/definitions/loop"}}},
    "wordy": {"type": ["object", "null"], "properties": {"b": {"pattern": "^y"}}, "minProperties": 1},
    "object": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
}


def document(payload: str) -> bytes:
    head = '"eventId":"1","eventType":"x","version":"1.0","timestamp":"","producer":""'
    return f'{{{head},"payload":{payload}}}'.encode()


def left_of(schema: dict[str, Any], cls: type[Struct]) -> Residue | None:
    return residue.__wrapped__(msgspec.json.encode(schema).decode(), cls)


def reader(schema: dict[str, Any], cls: type[Struct]) -> Direct | None:
    try:
        left = left_of(schema, cls)
    except TypeError as error:  # what msgspec itself has no decoder for
        assert "not supported" in str(error), error
        return None
    return None if left is None else Direct("x", frozenset({"1.0"}), cls, left)


def differences(schema: dict[str, Any], cls: type[Struct], payloads: list[str]) -> tuple[list[str], int]:
    """Return the payloads that the class takes and the schema does not, or as another object; and how many it takes."""
    direct = reader(schema, cls)
    if direct is None:
        return [], 0
    rules = PayloadRules(msgspec.json.encode(schema).decode(), cls)
    wrong, taken = [], 0
    for payload in payloads:
        found = direct.read(document(payload))
        if found is None:
            continue
        taken += 1
        sent = msgspec.json.decode(payload)
        if not rules.accepts(sent) or slowly(sent, cls) != found[1]:
            wrong.append(payload)
    return wrong, taken


def slowly(payload: Any, cls: type[Struct]) -> Struct | None:
    try:
        return msgspec.convert(payload, cls)
    except msgspec.ValidationError:
        return None


def usable(schema: dict[str, Any]) -> bool:
    try:
        PayloadRules(msgspec.json.encode(schema).decode(), Known)
    except Exception:  # no JSON Schema: no contract has it
        return False
    return True


def test_no_value_is_taken_for_a_field_that_the_schema_refuses() -> None:
    wrong, taken = [], 0
    payloads = ["{}", *(f'{{"x":{value}}}' for value in VALUES)]
    schemas = [{"$schema": DRAFT_07, "properties": {"x": part}, "definitions": DEFINITIONS} for part in PARTS]
    fields: list[Any] = [[("x", kind)] for kind in TYPES[::5]]
    fields += [[("x", kind | UnsetType, UNSET)] for kind in TYPES if kind is not None]
    cases = list(product(filter(usable, schemas), fields))
    random.Random(7).shuffle(cases)  # so that a part of them has every type
    for schema, members in some(cases):
        found, count = differences(schema, msgspec.defstruct("Payload", members), payloads)
        taken += count
        wrong += [(schema["properties"], members, payload) for payload in found]
    assert wrong == []
    assert taken > 50_000 * SHARE  # or nothing was compared


def test_no_object_is_taken_that_the_schema_refuses() -> None:
    objects = [value for value in VALUES if value.startswith("{")]
    classes = [Known, Optional, Defaulted, Renamed, Tagged, Listed, Brief, Moment, Outer]
    schemas = [{"$schema": DRAFT_07, "definitions": DEFINITIONS, **part} for part in PARTS if isinstance(part, dict)]
    found = [
        (schema, cls, wrong)
        for schema, cls in product(filter(usable, schemas), classes)
        if (wrong := differences(schema, cls, objects)[0])
    ]
    assert found == []


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, Annotated[int, Meta(ge=1, le=5)]),
        ({"type": ["integer", "null"], "exclusiveMinimum": 0}, Annotated[int, Meta(gt=0)] | None),
        ({"type": "number", "minimum": 0.5, "exclusiveMaximum": 5}, Annotated[float, Meta(ge=0.5, lt=5)]),
        ({"type": ["string", "null"], "maxLength": 3}, Annotated[str, Meta(max_length=3)] | None),
        ({"type": "string", "enum": ["a", "abc"]}, Literal["a", "abc"]),
        ({"type": ["string", "null"], "format": "date"}, datetime.date | None),
        ({"type": "boolean"}, bool),
        ({"type": "array", "maxItems": 2, "items": {"type": "integer"}}, Annotated[list[int], Meta(max_length=2)]),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, Known),
        ({"$ref": "#/definitions/object"}, Known),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, dict[str, int]),
        ({"allOf": [{"type": "integer"}, {"maximum": 5}]}, Annotated[int, Meta(le=5)]),
    ],
)
def test_what_a_class_says_itself_is_not_asked_again(part: dict[str, Any], kind: Any) -> None:
    schema = {"$schema": DRAFT_07, "properties": {"x": part}, "definitions": DEFINITIONS}
    left = left_of(schema, msgspec.defstruct("Payload", [("x", kind)]))
    assert left is not None
    assert left.names == ()


def test_schema_with_an_id_is_read_as_one_without() -> None:
    left = left_of({"$schema": DRAFT_07, "$id": "urn:x", "properties": {"a": {"type": "integer"}}}, Known)
    assert left is not None
    assert left.names == ()


def test_schema_of_another_dialect_is_asked_as_a_whole() -> None:
    for dialect in ({}, {"$schema": "https://json-schema.org/draft/2020-12/schema"}):
        assert left_of({**dialect, "properties": {"a": {"type": "integer"}}}, Known) is None


def test_every_date_that_msgspec_takes_is_one_of_rfc_3339() -> None:
    rules = PayloadRules(msgspec.json.encode({"$schema": DRAFT_07, "format": "date"}).decode(), Known)
    days = [f"{month:02}-{day:02}" for month in range(14) for day in range(33)]
    for year in (*range(0, 10_000, 97), *range(1890, 2110), 4, 100, 400, 9999, 10_000):
        for text in (f"{year:04}-{day}" for day in days):
            try:
                found = msgspec.convert(text, datetime.date)
            except msgspec.ValidationError:
                continue
            assert found.isoformat() == text
            assert rules.accepts(text), text

"""Generated classes hold every payload of their contract, and read as a person would have written them."""

from __future__ import annotations

import datetime
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyevents_codegen import render
from pyevents_codegen.shape import reduce
from pyevents_codegen.wording import told


def text_of(fields: dict[str, Any], *, defaults: bool = False) -> str:
    schema = {"type": "object", "additionalProperties": False, "properties": fields}
    return render.module("The events of patient.", reduce("PatientCreated", schema, defaults=defaults).classes)


def made(text: str) -> types.ModuleType:
    module = types.ModuleType("generated_for_a_test")
    sys.modules[module.__name__] = module  # msgspec looks annotations up there
    exec(compile(text, "generated", "exec"), module.__dict__)
    return module


def class_of(fields: dict[str, Any]) -> type[msgspec.Struct]:
    found: type[msgspec.Struct] = made(text_of(fields)).PatientCreated
    return found


def round_trip(cls: type[msgspec.Struct], body: str) -> str:
    return msgspec.json.encode(msgspec.json.decode(body, type=cls)).decode()


INTEGER = {"type": "integer"}
ADDRESS = {"type": "object", "additionalProperties": False, "properties": {"ort": {"type": "string"}}}

HELD = [
    # schema of the field x, values that must survive, annotation
    ({"type": "string", "maxLength": 3}, ['"ab"', '"äöü"'], "Annotated[str, Meta(max_length=3)] | UnsetType"),
    ({"type": ["string", "null"], "minLength": 1}, ["null"], "Annotated[str, Meta(min_length=1)] | None | UnsetType"),
    ({"type": "string", "minLength": 0, "pattern": "^a"}, ['""'], "str | UnsetType"),
    ({"type": "integer", "minimum": 1.0, "maximum": 5}, ["1", "5"], "Annotated[int, Meta(ge=1, le=5)] | UnsetType"),
    ({"type": "integer", "minimum": 0.5, "maximum": 2**63}, [str(2**63)], "int | UnsetType"),
    ({"type": "integer", "multipleOf": 5, "exclusiveMinimum": 0}, ["5"], "Annotated[int, Meta(gt=0)] | UnsetType"),
    ({"type": "integer", "minimum": 3, "exclusiveMinimum": 0}, ["3"], "Annotated[int, Meta(ge=3)] | UnsetType"),
    ({"type": "number", "exclusiveMaximum": 0.5}, ["0.25"], "Annotated[float, Meta(lt=0.5)] | UnsetType"),
    ({"type": "number", "maximum": 2**53}, ["9007199254740992.0"], "float | UnsetType"),
    ({"type": ["string", "null"]}, ['"ab"', "null"], "str | None | UnsetType"),
    ({"type": "integer"}, ["7", str(2**70)], "int | UnsetType"),
    ({"type": "number"}, ["1.5"], "float | UnsetType"),
    ({"type": ["integer", "number"]}, ["1.5"], "float | UnsetType"),
    ({"type": ["integer", "string"]}, ["7", '"7"'], "int | str | UnsetType"),
    ({"type": "boolean"}, ["true"], "bool | UnsetType"),
    ({"type": "string", "format": "date"}, ['"2026-11-23"'], "date | UnsetType"),
    ({"type": "string", "format": "date-time"}, ['"2026-11-23T07:00:00+01:00"'], "Annotated[datetime, Meta(tz=True)]"),
    ({"type": "string", "format": "email"}, ['"a@b.de"'], "str | UnsetType"),
    ({"enum": ["a", "b"]}, ['"b"'], 'Literal["a", "b"] | UnsetType'),
    ({"enum": ["a", None, 1]}, ['"a"', "null", "1"], 'Literal["a", 1] | None | UnsetType'),
    ({"type": ["string", "null"], "enum": ["a", None]}, ["null"], 'Literal["a"] | None | UnsetType'),
    ({"type": "integer", "enum": [1, 2, "x"]}, ["2"], "Literal[1, 2] | UnsetType"),
    ({"enum": [True, False]}, ["true"], "bool | UnsetType"),
    ({"const": "a"}, ['"a"'], 'Literal["a"] | UnsetType'),
    ({"type": "array", "items": {"type": "integer"}}, ["[1,2]", "[]"], "list[int] | UnsetType"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, ['["a",null]'], "list[str | None] | UnsetType"),
    (
        {"type": "array", "minItems": 1, "items": {"type": ["string", "null"], "maxLength": 3}},
        ['["abc",null]'],
        "Annotated[list[Annotated[str, Meta(max_length=3)] | None], Meta(min_length=1)] | UnsetType",
    ),
    ({"type": "array", "maxItems": 2, "items": ADDRESS}, ["[{}]"], "Annotated[list[PatientCreatedX], Meta(max_length=2)]"),
    ({"type": "array", "maxItems": 2}, ["[{}]"], "Annotated[list[Any], Meta(max_length=2)]"),
    (
        {"type": "array", "maxItems": 1, "items": {"enum": ["a", 1, None]}},
        ["[null]", "[1]"],
        'Annotated[list[Literal["a", 1] | None], Meta(max_length=1)]',
    ),
    (
        {"type": "array", "maxItems": 1, "items": {"type": "string", "format": "date-time"}},
        ['["2026-11-23T07:00:00+01:00"]'],
        "Annotated[list[Annotated[datetime, Meta(tz=True)]], Meta(max_length=1)]",
    ),
    (
        {"type": "array", "maxItems": 1, "items": {"type": "object", "additionalProperties": INTEGER}},
        ['[{"a":1}]'],
        "Annotated[list[dict[str, int]], Meta(max_length=1)]",
    ),
    ({"type": "array", "items": [{"type": "integer"}]}, ['[1,"a"]'], "list[Any] | UnsetType"),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, ['{"a":1}'], "dict[str, int] | UnsetType"),
    ({"type": "object"}, ['{"a":[1]}'], "dict[str, Any] | UnsetType"),
    (
        {"type": "object", "patternProperties": {"^a": INTEGER}, "additionalProperties": False},
        ['{"a":1}'],
        "dict[str, int]",
    ),
    (
        {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": True},
        ['{"a":1,"b":"x"}'],
        "dict[str, Any]",
    ),
    (ADDRESS, ['{"ort":"Köln"}', "{}"], "PatientCreatedX | UnsetType"),
    ({**ADDRESS, "type": ["object", "null"]}, ["null", '{"ort":"a"}'], "PatientCreatedX | None | UnsetType"),
    ({"type": "array", "items": ADDRESS}, ['[{"ort":"Köln"}]'], "list[PatientCreatedX] | UnsetType"),
    ({"type": "object", "additionalProperties": ADDRESS}, ['{"a":{"ort":"Köln"}}'], "dict[str, PatientCreatedX]"),
    ({"anyOf": [{"type": "string"}, ADDRESS]}, ['"Köln"', '{"ort":"Köln"}'], "str | PatientCreatedX | UnsetType"),
    ({"oneOf": [ADDRESS, {"type": "null"}]}, ["null"], "PatientCreatedX | None | UnsetType"),
    ({"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, ['"morgen"'], "str | UnsetType"),
    ({"anyOf": [{"enum": ["a"]}, {"type": "string"}]}, ['"z"'], "str | UnsetType"),
    ({"anyOf": [{"type": "string", "maxLength": 1}, INTEGER]}, ['"z"'], "Annotated[str, Meta(max_length=1)] | int"),
    ({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "string", "minLength": 3}]}, ['"abc"'], "str | UnsetType"),
    ({"anyOf": [{"type": "integer", "minimum": 9}, {"type": "integer", "maximum": 1}]}, ["0"], "int | UnsetType"),
    ({"anyOf": [{"type": "integer"}, {"type": "number", "maximum": 1}]}, ["7"], "float | UnsetType"),
    (
        {"anyOf": [{"type": "array", "items": INTEGER, "maxItems": 1}, {"type": "array", "items": INTEGER}]},
        ["[1,2]"],
        "list[int] | UnsetType",
    ),
    ({"anyOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, ['"b"'], 'Literal["a", "b"] | UnsetType'),
    ({"oneOf": [ADDRESS, {**ADDRESS, "properties": {"plz": INTEGER}}]}, ['{"plz":50667}'], "dict[str, Any]"),
    ({"anyOf": [{"enum": ["a"]}, INTEGER]}, ['"a"', "7"], 'Literal["a"] | int | UnsetType'),
    ({"anyOf": [{"enum": ["a", 1]}, {"type": "number"}]}, ['"a"', "7.5"], "float | str | UnsetType"),
    ({"allOf": [ADDRESS]}, ['{"ort":"Köln"}'], "PatientCreatedX | UnsetType"),
    ({"allOf": [{"properties": {"a": INTEGER}}, {"properties": {"b": INTEGER}}]}, ['{"a":1,"b":2}'], "PatientCreatedX"),
    ({}, ["[1,null]"], "Any | UnsetType"),
    ({"type": "object", "additionalProperties": False}, ["{}"], "PatientCreatedX | UnsetType"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "values", "annotation"), HELD, ids=[str(case[0])[:70] for case in HELD])
def test_class_holds_what_the_schema_admits(schema: dict[str, Any], values: list[str], annotation: str) -> None:
    text = text_of({"x": schema})
    assert f"    x: {annotation}" in text
    cls = made(text).PatientCreated
    for value in values:
        body = f'{{"x":{value}}}'
        assert msgspec.json.decode(round_trip(cls, body)) == msgspec.json.decode(body)


def test_absent_and_null_stay_different() -> None:
    cls = class_of({"x": {"type": ["string", "null"]}})
    assert round_trip(cls, "{}") == "{}"
    assert round_trip(cls, '{"x":null}') == '{"x":null}'


def test_absent_field_of_avro_has_its_default() -> None:
    fields = {"x": {"type": ["string", "null"], "default": None}, "y": {"enum": ["car"], "default": "car"}}
    text = text_of(fields, defaults=True)
    assert "    x: str | None = None\n" in text
    assert '    y: Literal["car"] = "car"\n' in text
    assert "UNSET" not in text
    assert round_trip(made(text).PatientCreated, "{}") == '{"x":null,"y":"car"}'


def test_moment_without_offset_is_refused_and_offset_is_kept() -> None:
    cls = class_of({"x": {"type": "string", "format": "date-time"}})
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.json.decode('{"x":"2026-11-23T07:00:00"}', type=cls)
    assert round_trip(cls, '{"x":"2026-11-23T07:00:00+01:00"}') == '{"x":"2026-11-23T07:00:00+01:00"}'


def test_instance_is_frozen_and_takes_names_only() -> None:
    cls = class_of({"x": {"type": "string"}})
    with pytest.raises(AttributeError):
        cls(x="a").x = "b"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        cls("a")  # type: ignore[call-arg]


AWKWARD_NAMES = [
    "from", "class", "None", "self", "a b", "x-y", "1st", "", "_x", "__y__", "straße", "$id", "date", "datetime", "int",
    "str", "list", "Literal", "Annotated", "UNSET", "Struct", "Meta", "Any", "field", "import", "mro", "name", "type",
]  # fmt: skip


def test_awkward_field_names_keep_their_name_in_json() -> None:
    schemas = [{"type": "string"}, {"type": "integer"}, {"enum": ["a"]}, {"type": "array", "items": {"type": "string"}}]
    fields = {name: schemas[number % 4] for number, name in enumerate(AWKWARD_NAMES)}
    fields |= {
        "when": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "any": {},
    }
    values = ['"a"', "1", '"a"', '["a"]']
    body = {name: msgspec.json.decode(values[number % 4]) for number, name in enumerate(AWKWARD_NAMES)}
    body |= {"when": "2026-11-23T07:00:00Z", "day": "2026-11-23", "any": [1]}
    cls = class_of(fields)
    found = msgspec.json.decode(msgspec.json.encode(body), type=cls)
    assert msgspec.json.decode(msgspec.json.encode(found)) == body
    assert found.day == datetime.date(2026, 11, 23)  # type: ignore[attr-defined]


AWKWARD_WORDS = [
    'He said "hello".',
    'ends with "quotes"',
    '"""',
    'triple """ inside',
    '"starts with" quotes',
    '""" starts and ends """',
    "back\\slash and \\n and trailing \\",
    "two\nlines",
    "a paragraph.\n\nAnother one.",
    "x" * 300,
    "words " * 100,
    "tab\tand\rreturn\x00and\x1bescape",
    "{{ braces }} {% and %} {# more #}",
    "Größe — ≥ 0 🙂",
    "'''",
    "# no comment, isort:skip_file, # fmt: off",
]


@pytest.mark.parametrize("words", AWKWARD_WORDS)
def test_description_survives_as_docstring(words: str, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "description": words,
        "properties": {"x": {"type": "string", "description": words}, "y": {"enum": [words, "b"]}},
    }
    text = render.module("The events of patient.", reduce("PatientCreated", schema, defaults=False).classes)
    cls = made(text).PatientCreated
    expected = "".join(letter if letter.isprintable() else " " for letter in words)
    assert cls.__doc__.rstrip(".\n ").split() == expected.rstrip(".\n ").split()
    assert round_trip(cls, msgspec.json.encode({"y": words}).decode()) == msgspec.json.encode({"y": words}).decode()
    path = tmp_path / "generated.py"
    path.write_text(text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", str(path)]
    found = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert found.returncode == 0, text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"description": "Name.", "maxLength": 100}, "Name. At most 100 characters."),
        ({"description": "Name.", "minLength": 1, "maxLength": 1000}, "Name. 1 to 1,000 characters."),
        ({"minLength": 5, "maxLength": 5}, "Exactly 5 characters."),
        ({"type": "integer", "minimum": 1}, ""),
        ({"type": "integer", "minimum": 18}, "At least 18."),
        ({"type": "integer", "minimum": 0, "maximum": 120}, "From 0 to 120."),
        ({"type": "integer", "minimum": 1, "maximum": 2**53 - 1}, ""),
        ({"type": "number", "exclusiveMinimum": 0}, "More than 0."),
        ({"maxItems": 3, "uniqueItems": True}, "At most 3 items, no item twice."),
        ({"minItems": 1}, "At least 1 item."),
    ],
)
def test_limits_are_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert told(schema) == words


def test_nested_classes_are_named_after_contract_and_field() -> None:
    inner = {**ADDRESS, "properties": {"land": ADDRESS}}
    text = text_of({"adresse": inner, "lieferadresse": ADDRESS})
    names = [line.split("(")[0].removeprefix("class ") for line in text.splitlines() if line.startswith("class ")]
    assert sorted(names) == [
        "PatientCreated",
        "PatientCreatedAdresse",
        "PatientCreatedAdresseLand",
        "PatientCreatedLieferadresse",
    ]


def test_definition_is_one_class_wherever_it_is_used_and_may_hold_itself() -> None:
    person = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"kinder": {"type": "array", "items": {"$ref": "#/definitions/person"}}},
    }
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/person"}, "b": {"anyOf": [{"$ref": "#/definitions/person"}]}},
        "definitions": {"person": person},
    }
    text = render.module("x.", reduce("PatientCreated", schema, defaults=False).classes)
    assert text.count("class ") == 2
    body = '{"a":{"kinder":[{"kinder":[]}]},"b":{}}'
    assert round_trip(made(text).PatientCreated, body) == body


def test_fields_that_would_name_one_class_twice_get_two() -> None:
    body = '{"a_b":{"ort":"x"},"aB":{"ort":"y"}}'
    assert round_trip(class_of({"a_b": ADDRESS, "aB": ADDRESS}), body) == body


def test_circle_of_references_is_left() -> None:
    circle = {"allOf": [{"$ref": "#/definitions/c"}], "properties": {"y": INTEGER}}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/definitions/c"}}, "definitions": {"c": circle}}
    assert list(reduce("PatientCreated", schema, defaults=False).classes["PatientCreated"]["properties"]) == ["x"]


def test_union_that_no_decoder_can_tell_apart_is_reported_and_held_as_data() -> None:
    union = {"oneOf": [ADDRESS, {**ADDRESS, "properties": {"plz": INTEGER}}, {"type": "null"}]}
    lists = {"anyOf": [{"type": "array", "items": INTEGER}, {"type": "array", "items": ADDRESS}]}
    told_apart = {"anyOf": [{"type": "array", "items": INTEGER}, ADDRESS, {"type": "string"}]}
    schema = {"type": "object", "properties": {"x": union, "z": lists, "a": told_apart}}
    found = reduce("PatientCreated", schema, defaults=False)
    assert found.blurred == ("/properties/x", "/properties/z")
    assert list(found.classes) == ["PatientCreatedA", "PatientCreated"]


def test_recursion_that_is_no_object_holds_anything() -> None:
    nested = {"type": "array", "items": {"$ref": "#/definitions/n"}}
    schema = {"type": "object", "properties": {"x": {"$ref": "#/definitions/n"}}, "definitions": {"n": nested}}
    cls = made(render.module("x.", reduce("PatientCreated", schema, defaults=False).classes)).PatientCreated
    assert round_trip(cls, '{"x":[[],[[]]]}') == '{"x":[[],[[]]]}'


def test_one_module_does_not_colour_the_next() -> None:
    plain = text_of({"x": {"enum": ["a"]}})
    text_of({"x": {"type": "string", "format": "date-time"}, "date": {"type": "string", "format": "date"}})
    assert text_of({"x": {"enum": ["a"]}}) == plain

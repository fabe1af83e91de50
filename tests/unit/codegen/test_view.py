"""An Avro payload has a JSON view that says all that its fields and limits mean."""

from __future__ import annotations

import datetime
import io
import uuid
from collections.abc import Callable
from typing import Any

import fastavro
import pytest

from pyevents_codegen.examples import validator

View = Callable[[dict[str, Any]], dict[str, Any]]


def record(**fields: dict[str, Any] | str | list[Any]) -> dict[str, Any]:
    declared = [
        {"name": name, **(field if isinstance(field, dict) and "default" in field else {"type": field})}
        for name, field in fields.items()
    ]
    return {
        "type": "record",
        "name": "SendPayload",
        "namespace": "email",
        "fields": [{"name": "patient_id", "type": "long"}, *declared],
    }


UUID = "0193a7c2-6c22-7e11-9b0d-77aa10c3e5d2"
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
PLACE = {"type": "record", "name": "Place", "fields": [{"name": "ort", "type": "string"}]}

TYPES: list[tuple[Any, list[Any], list[Any]]] = [
    # type, values that fit, values that do not
    ("boolean", [True, False], [1, "true", None]),
    ("int", [0, -(2**31), 2**31 - 1], [2**31, 1.7, True, "1", None]),
    ("long", [2**63 - 1], [2**63, 1.7, True]),
    ("float", [1.5, 3], [1e39, "1", True]),
    ("double", [1e308, -7], [10**309, False]),
    ("string", ["", "ä"], [1, None]),
    ({"type": "string", "maxLength": 3}, ["äöü"], ["äöüß"]),
    ({"type": "array", "items": "int", "maxItems": 2}, [[], [1, 2]], [[1, 2, 3], ["1"]]),
    ({"type": "map", "values": "int"}, [{}, {"a": 1}], [{"a": "1"}, []]),
    ({"type": "enum", "name": "Mode", "symbols": ["car", "transit"]}, ["car"], ["bike", 0]),
    (PLACE, [{"ort": "Köln"}], [{}, {"ort": "Köln", "plz": "50667"}]),
    (["null", "string"], [None, "a"], [1]),
    (["string", PLACE], ["Köln", {"ort": "Köln"}], [None, {}]),
    (["null", PLACE], [None, {"ort": "Köln"}], ["Köln"]),
    (["null", {"type": "enum", "name": "Mode", "symbols": ["car"]}], [None, "car"], ["bike"]),
    ({"type": "int", "logicalType": "date"}, ["2026-11-23"], ["2026-13-01", 20000]),
    (MILLIS, ["2026-11-23T07:00:00Z", "2026-11-23T07:00:00.123+01:00"], ["2026-11-23T07:00:00.1234Z", "2026-11-23"]),
    (MICROS, ["2026-11-23T07:00:00.123456Z"], ["2026-11-23T07:00:00.1234567Z", "2026-11-23T07:00:00"]),
    ({"type": "string", "logicalType": "uuid"}, [UUID], [UUID.upper(), UUID.replace("-", "")]),
]


@pytest.mark.parametrize(("declared", "fitting", "wrong"), TYPES, ids=[str(case[0])[:60] for case in TYPES])
def test_type_takes_its_values_and_no_others(view: View, declared: Any, fitting: list[Any], wrong: list[Any]) -> None:
    check = validator(view(record(x=declared)))
    assert [value for value in fitting if not check.is_valid({"patient_id": 1, "x": value})] == []
    assert [value for value in wrong if check.is_valid({"patient_id": 1, "x": value})] == []


def test_field_without_default_is_required_and_one_with_default_is_not(view: View) -> None:
    made = view(record(a="string", b={"type": "string", "default": "x"}, c={"type": ["null", "int"], "default": None}))
    assert made["required"] == ["patient_id", "a"]
    assert made["properties"]["b"]["default"] == "x"


def test_unknown_field_is_refused(view: View) -> None:
    assert not validator(view(record())).is_valid({"patient_id": 1, "betref": "typo"})


def test_limits_of_a_field_hold_in_every_branch_of_its_union(view: View) -> None:
    field = {"type": ["null", "string"], "default": None, "maxLength": 2, "pattern": "^[A-Z]*$"}
    check = validator(view(record(x=field)))
    assert check.is_valid({"patient_id": 1, "x": None})
    assert check.is_valid({"patient_id": 1, "x": "AB"})
    assert not check.is_valid({"patient_id": 1, "x": "ABC"})
    assert not check.is_valid({"patient_id": 1, "x": "ab"})


def test_format_of_a_field_binds(view: View) -> None:
    check = validator(view(record(x={"type": ["null", "string"], "default": None, "format": "email"})))
    assert check.is_valid({"patient_id": 1, "x": "anna@example.org"})
    assert not check.is_valid({"patient_id": 1, "x": "anna"})


def test_type_that_holds_itself_is_followed(view: View) -> None:
    tree = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    check = validator(view(record(x=tree)))
    assert check.is_valid({"patient_id": 1, "x": {"next": {"next": None}}})
    assert not check.is_valid({"patient_id": 1, "x": {"next": {"next": 1}}})


def test_records_of_one_name_in_two_namespaces_stay_apart(view: View) -> None:
    other = {**PLACE, "namespace": "other", "fields": [{"name": "plz", "type": "int"}]}
    check = validator(view(record(x=PLACE, y=other)))
    assert check.is_valid({"patient_id": 1, "x": {"ort": "Köln"}, "y": {"plz": 1}})
    assert not check.is_valid({"patient_id": 1, "x": {"plz": 1}, "y": {"plz": 1}})


def test_descriptions_are_kept(view: View) -> None:
    payload = record()
    payload["fields"].append({"name": "x", "type": PLACE, "doc": "Where."})
    assert view(payload)["properties"]["x"]["description"] == "Where."


@pytest.mark.parametrize(
    ("declared", "text", "native"),
    [
        ({"type": "int", "logicalType": "date"}, "2026-11-23", datetime.date(2026, 11, 23)),
        (MILLIS, "2026-11-23T07:00:00.123Z", datetime.datetime(2026, 11, 23, 7, 0, 0, 123000, datetime.UTC)),
        (MICROS, "2026-11-23T07:00:00.123456Z", datetime.datetime(2026, 11, 23, 7, 0, 0, 123456, datetime.UTC)),
        ({"type": "string", "logicalType": "uuid"}, UUID, uuid.UUID(UUID)),
    ],
    ids=["date", "timestamp-millis", "timestamp-micros", "uuid"],
)
def test_text_of_a_logical_type_is_exactly_what_avro_can_carry(
    view: View, declared: dict[str, Any], text: str, native: Any
) -> None:
    payload = record(x=declared)
    assert validator(view(payload)).is_valid({"patient_id": 1, "x": text})
    parsed = fastavro.parse_schema(payload)
    file = io.BytesIO()
    fastavro.schemaless_writer(file, parsed, {"patient_id": 1, "x": native})
    file.seek(0)
    found = fastavro.schemaless_reader(file, parsed, None)
    assert isinstance(found, dict)
    assert found["x"] == native

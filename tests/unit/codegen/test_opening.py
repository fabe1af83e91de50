"""A reader's schema is the writer's, blind to unknown fields wherever that only admits more."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs.canonical import Containment

from pyevents_codegen.examples import validator
from pyevents_codegen.folder import Folder
from pyevents_codegen.opening import canonical, opened

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def closed(draft: str = DRAFT_07, **properties: Any) -> dict[str, Any]:
    return {"$schema": draft, "type": "object", "additionalProperties": False, "properties": properties}


def part(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


ADDRESS = part(ort={"type": "string"})

UNKNOWN_FIELD_ADMITTED = {
    "at the top": (closed(), {"new": 1}),
    "in a nested object": (closed(a=ADDRESS), {"a": {"ort": "Köln", "new": 1}}),
    "in the items of a list": (closed(a={"type": "array", "items": ADDRESS}), {"a": [{"ort": "Köln", "new": 1}]}),
    "in the values of a map": (closed(a={"additionalProperties": ADDRESS}), {"a": {"x": {"ort": "Köln", "new": 1}}}),
    "behind a reference": (
        {**closed(a={"$ref": "#/definitions/A"}), "definitions": {"A": ADDRESS}},
        {"a": {"ort": "Köln", "new": 1}},
    ),
    "in a branch of anyOf": (closed(a={"anyOf": [{"type": "null"}, ADDRESS]}), {"a": {"ort": "Köln", "new": 1}}),
    "in a part of allOf": (closed(a={"allOf": [ADDRESS]}), {"a": {"ort": "Köln", "new": 1}}),
    "after then": (closed(a={"if": {"type": "object"}, "then": ADDRESS}), {"a": {"ort": "Köln", "new": 1}}),
    "in oneOf that a constant tells apart": (
        closed(a={"oneOf": [part(art={"const": "a"}), part(art={"const": "b"})]}),
        {"a": {"art": "b", "new": 1}},
    ),
    "in oneOf that the type tells apart": (
        closed(a={"oneOf": [ADDRESS, {"type": "string"}]}),
        {"a": {"ort": "Köln", "new": 1}},
    ),
    "past unevaluatedProperties": (
        {"$schema": DRAFT_2020, "type": "object", "unevaluatedProperties": False, "properties": {"a": True}},
        {"a": 1, "new": 1},
    ),
}


@pytest.mark.parametrize("name", UNKNOWN_FIELD_ADMITTED)
def test_reader_admits_an_unknown_field(name: str) -> None:
    writer, payload = UNKNOWN_FIELD_ADMITTED[name]
    assert not validator(writer).is_valid(payload)
    assert validator(opened(writer)).is_valid(payload)


STILL_ADMITTED = {
    "below not": (closed(a={"not": ADDRESS}), {"a": {"ort": "Köln", "plz": "50667"}}),
    "below not, behind a reference that is opened elsewhere": (
        {
            **closed(a={"$ref": "#/definitions/A"}, b={"not": {"$ref": "#/definitions/A"}}),
            "definitions": {"A": ADDRESS},
        },
        {"a": {"ort": "Köln"}, "b": {"ort": "Köln", "plz": "50667"}},
    ),
    "below if": (
        closed(a={"if": ADDRESS, "then": {"maxProperties": 1}, "else": {"required": ["plz"]}}),
        {"a": {"ort": "Köln", "plz": "50667"}},
    ),
    "below oneOf whose branches would overlap": (
        closed(a={"oneOf": [ADDRESS, part(ort={"type": "string"}, plz={"type": "string"})]}),
        {"a": {"ort": "Köln", "plz": "50667"}},
    ),
    "below contains with maxContains": (
        closed(DRAFT_2020, a={"type": "array", "contains": ADDRESS, "maxContains": 1}),
        {"a": [{"ort": "Köln"}, {"ort": "Köln", "plz": "50667"}]},
    ),
    "where a definition bears the copy's name": (
        {
            **closed(a={"$ref": "#/definitions/closed"}, b={"not": {"$ref": "#/definitions/closed"}}),
            "definitions": {"closed": ADDRESS},
        },
        {"a": {"ort": "Köln"}, "b": {"ort": "Köln", "plz": "50667"}},
    ),
}


@pytest.mark.parametrize("name", STILL_ADMITTED)
def test_opening_never_refuses_what_the_writer_may_send(name: str) -> None:
    writer, payload = STILL_ADMITTED[name]
    assert validator(writer).is_valid(payload)
    assert validator(opened(writer)).is_valid(payload)


@pytest.mark.parametrize("name", [*UNKNOWN_FIELD_ADMITTED, *STILL_ADMITTED])
def test_opened_form_is_proved_to_cover_the_closed_one(name: str) -> None:
    writer, _ = {**UNKNOWN_FIELD_ADMITTED, **STILL_ADMITTED}[name]
    if name == "below contains with maxContains":
        pytest.skip("the canonical form has no word for maxContains")
    assert canonical(opened(writer)).covers(canonical(writer)) == Containment.YES


def test_recursive_schema_is_opened_once_at_every_depth() -> None:
    tree = part(kinder={"type": "array", "items": {"$ref": "#/definitions/T"}})
    writer = {**closed(a={"$ref": "#/definitions/T"}), "definitions": {"T": {"oneOf": [{"type": "null"}, tree]}}}
    assert validator(opened(writer)).is_valid({"a": {"kinder": [{"kinder": [], "new": 1}], "new": 1}})


def test_limits_on_number_and_names_of_properties_stay() -> None:
    writer = {**closed(a=True), "minProperties": 1, "propertyNames": {"maxLength": 3}}
    reader = validator(opened(writer))
    assert not reader.is_valid({})
    assert not reader.is_valid({"long": 1})


def test_schema_itself_is_left_as_it_was() -> None:
    writer = closed(a=ADDRESS)
    opened(writer)
    assert writer == closed(a=ADDRESS)


def test_every_reader_of_the_platform_is_proved_to_cover_its_writer(platform: Folder) -> None:
    for contract in platform.contracts:
        for version in contract.versions:
            assert canonical(opened(version.view)).covers(canonical(version.view)) == Containment.YES, (
                contract.event_type
            )

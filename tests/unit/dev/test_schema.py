"""What is a schema, and when two are the same."""

from __future__ import annotations

from typing import Any

import pytest

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.schema import read_schema
from tests.unit.dev.texts import avro, posted

INVALID: dict[str, Any] = {
    "no text": {"schemaType": "JSON"},
    "empty text": posted("", "JSON"),
    "not JSON": posted("{", "JSON"),
    "too deep": posted("[" * 100_000, "JSON"),
    "a number": posted("5", "JSON"),
    "unknown type": posted('{"type": "text"}', "JSON"),
    "broken pattern": posted('{"pattern": "("}', "JSON"),
    "dangling reference": posted('{"$ref": "#/definitions/address"}', "JSON"),
    "reference to the network": posted('{"$ref": "http://127.0.0.1:1/address.json"}', "JSON"),
    "unknown dialect": posted('{"$schema": "http://127.0.0.1:1/dialect"}', "JSON"),
    "Avro: unknown type": posted('{"type": "record", "name": "a", "fields": [{"name": "b", "type": "c"}]}', "AVRO"),
    "Avro: wrong default": posted(avro(("a", "int"), a="one"), "AVRO"),
    "Avro: no fields' types": posted('{"type": "record", "name": "a", "fields": [{"name": "b"}]}', "AVRO"),
    "Avro: array without items": posted('{"type": "array"}', "AVRO"),
    "Avro: a number": posted("5", "AVRO"),
    "Avro: a word": posted("longer", "AVRO"),
    "PROTOBUF": posted('syntax = "proto3";', "PROTOBUF"),
    "a reference to another subject": posted("{}", "JSON", references=[{"name": "a", "subject": "b", "version": 1}]),
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_what_is_no_schema_is_refused_as_such(body: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        read_schema(body)
    assert refused.value.code == 42201
    assert refused.value.status == 422


@pytest.mark.parametrize("text", ["true", "{}", '{"$schema": "https://json-schema.org/draft/2020-12/schema"}'])
def test_every_json_schema_is_one(text: str) -> None:
    assert read_schema(posted(text)).kind == "JSON"


def test_missing_type_means_avro() -> None:
    assert read_schema({"schema": '"string"'}).kind == "AVRO"


def test_primitive_avro_type_may_be_a_bare_word() -> None:
    assert read_schema({"schema": "long"}) == read_schema({"schema": '"long"'})


def test_spaces_make_no_other_schema() -> None:
    assert read_schema(posted('{"type":"string"}')) == read_schema(posted('{ "type" :\n"string" }'))


def test_text_keeps_order_and_letters_of_what_was_posted() -> None:
    text = '{"title":"Straße","description":"ü","type":"number","minimum":1.0}'
    assert read_schema(posted(text)).text == text


def test_order_of_attributes_makes_no_other_avro_schema() -> None:
    one, other = '{"type": "fixed", "name": "a", "size": 4}', '{"size": 4, "name": "a", "type": "fixed"}'
    assert read_schema(posted(one, "AVRO")).identity == read_schema(posted(other, "AVRO")).identity


def test_order_of_keywords_makes_another_json_schema() -> None:
    one, other = '{"type": "string", "title": "a"}', '{"title": "a", "type": "string"}'
    assert read_schema(posted(one)).identity != read_schema(posted(other)).identity


def test_same_text_of_another_type_is_another_schema() -> None:
    json, avro_ = (read_schema(posted('{"type": "string"}', kind)) for kind in ("JSON", "AVRO"))
    assert json.identity != avro_.identity
    assert json.guid != avro_.guid


def test_metadata_make_another_schema_and_come_back() -> None:
    plain = read_schema(posted("{}"))
    marked = read_schema(posted("{}", metadata={"properties": {"owner": "patient-service"}}))
    assert plain.identity != marked.identity
    assert marked.to_dict()["metadata"] == {"properties": {"owner": "patient-service"}}
    assert "metadata" not in plain.to_dict()

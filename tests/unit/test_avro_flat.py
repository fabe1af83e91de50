"""Records of text and numbers are written as fastavro writes them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyevents.codec.avro_flat import flat_writer

SCHEMAS = Path(__file__).parents[2] / "schemas"
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=300),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
}


def record(*kinds: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "R",
        "fields": [{"name": f"f{number}", "type": kind} for number, kind in enumerate(kinds)],
    }


def by_fastavro(schema: dict[str, Any], values: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), values)
    return out.getvalue()


@given(st.data())
def test_a_flat_record_has_the_bytes_that_fastavro_gives_it(data: st.DataObject) -> None:
    kinds, values = [], {}
    for number, kind in enumerate(data.draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=6))):
        optional = data.draw(st.booleans())
        kinds.append(["null", kind] if optional else kind)
        value = data.draw(st.none() | VALUES[kind] if optional else VALUES[kind])
        if value is not None or data.draw(st.booleans()):  # what is absent is null
            values[f"f{number}"] = value
    schema = record(*kinds)
    write = flat_writer(schema)
    assert write is not None
    assert write(values) == by_fastavro(schema, values)


@pytest.mark.parametrize("exponent", range(64))
def test_numbers_at_every_length_have_the_bytes_that_fastavro_gives_them(exponent: int) -> None:
    schema = record("long")
    write = flat_writer(schema)
    assert write is not None
    for number in (2**exponent - 1, -(2**exponent), -(2**exponent) + 1):
        assert write({"f0": number}) == by_fastavro(schema, {"f0": number})


@pytest.mark.parametrize(
    "kind",
    [
        "double",
        "bytes",
        "Other",
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "array", "items": "string"},
        {"type": "enum", "name": "E", "symbols": ["A"]},
        ["string", "null"],
        ["null", "string", "long"],
        ["null", "double"],
        ["null", {"type": "string", "logicalType": "uuid"}],
    ],
    ids=str,
)
def test_a_record_with_anything_else_is_left_to_fastavro(kind: Any) -> None:
    assert flat_writer(record("string", kind)) is None


def test_a_field_with_a_default_is_left_to_fastavro() -> None:
    schema = record("string")
    schema["fields"][0]["default"] = "what is absent"
    assert flat_writer(schema) is None


def test_the_mails_of_the_platform_are_flat() -> None:
    schema = json.loads((SCHEMAS / "email.send/1.0.avsc").read_text())
    payload = schema if schema["name"] == "SendPayload" else schema["fields"][-1]["type"]
    assert flat_writer(payload) is not None

"""Objects of text and numbers are checked as their view checks them, and written as fastavro writes them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType, defstruct

from pyevents.catalog import load
from pyevents.codec.avro_flat import Write, flat_writer
from pyevents.codec.payload import PayloadRules, misfit, plain
from pyevents.codec.refusal import Problem
from pyevents_codegen.source import Source
from pyevents_codegen.view import derive

TYPES: dict[str, type] = {"string": str, "int": int, "long": int, "boolean": bool}
NUMBERS = (
    st.integers(-3, 3) | st.integers(-(2**64), 2**64) | st.sampled_from([2**31, 2**31 - 1, 2**63, 2**63 - 1, -(2**63)])
)
TEXTS = st.text(max_size=4) | st.text(max_size=300) | st.sampled_from(["a@example.org", "\ud800", "7"])
ANYTHING = (
    TEXTS | NUMBERS | st.booleans() | st.none() | st.just(UNSET) | st.floats() | st.binary(max_size=2) | st.just([1])
)
LIMITS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "string": st.fixed_dictionaries(
        {},
        optional={
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(1, 200),
            "format": st.just("email"),
            "pattern": st.just("^[a-z]*$"),
        },
    ),
    "int": st.fixed_dictionaries({}, optional={"minimum": st.integers(-2, 1), "maximum": st.integers(0, 9)}),
    "long": st.fixed_dictionaries({}, optional={"maximum": st.integers(0, 2**60), "multipleOf": st.integers(1, 3)}),
    "boolean": st.just({}),
}


def record(*kinds: Any, **limits: Any) -> dict[str, Any]:
    fields = [
        {"name": f"f{number}", "type": kind, **limits} | ({"default": None} if isinstance(kind, list) else {})
        for number, kind in enumerate(kinds)
    ]
    return {"type": "record", "name": "R", "fields": fields}


def view_of(schema: dict[str, Any]) -> dict[str, Any]:
    view, findings = derive(Source("1.0.avsc", json.dumps(schema), schema))
    assert not findings
    return view


def class_of(schema: dict[str, Any]) -> type[Struct]:
    fields: list[Any] = []
    for field in schema["fields"]:
        kind = field["type"]
        if isinstance(kind, list):
            fields.append((field["name"], TYPES.get(str(kind[1]), Any) | None | UnsetType, UNSET))
        else:
            fields.append((field["name"], TYPES.get(str(kind), Any)))
    return defstruct("R", fields, kw_only=True, frozen=True)


def writer_of(schema: dict[str, Any], view: dict[str, Any] | None = None) -> Write | None:
    return flat_writer(schema, view or view_of(schema), class_of(schema))


def by_fastavro(schema: dict[str, Any], values: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), values)
    return out.getvalue()


def of_no_surrogate(write: Write) -> Callable[[Struct], bytes | None]:
    def tolerant(event: Struct) -> bytes | None:
        try:
            return write(event)
        except UnicodeEncodeError:
            return None

    return tolerant


@given(st.data())
def test_what_is_written_is_valid_and_what_is_valid_is_written_with_the_bytes_that_fastavro_gives_it(
    data: st.DataObject,
) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=4))
    schema = record(*[["null", kind] if data.draw(st.booleans()) else kind for kind in kinds])
    for field, kind in zip(schema["fields"], kinds, strict=True):
        field |= data.draw(LIMITS[kind])
    view, cls = view_of(schema), class_of(schema)
    write = writer_of(schema, view)
    assert write is not None
    strategies = {"string": TEXTS, "boolean": st.booleans()}
    event = cls(
        **{
            field["name"]: data.draw(strategies.get(kind, NUMBERS) | ANYTHING)
            for field, kind in zip(schema["fields"], kinds, strict=True)
        }
    )
    rules = PayloadRules(json.dumps(view), cls)
    held = misfit(plain(event)) or rules.hold(plain(event))
    written = of_no_surrogate(write)(event)
    if isinstance(held, Problem):
        assert written is None
    elif written is None:  # what is right all the same, and not at first sight
        assert any(
            type(value) not in (str, int, bool, type(None), UnsetType) for value in msgspec.structs.astuple(event)
        )
    else:
        assert written == by_fastavro(schema, held[0])


@pytest.mark.parametrize("exponent", range(63))
def test_numbers_at_every_length_have_the_bytes_that_fastavro_gives_them(exponent: int) -> None:
    schema = record("long")
    write, cls = writer_of(schema), class_of(schema)
    assert write is not None
    for number in (2**exponent - 1, -(2**exponent), -(2**exponent) + 1):
        assert write(cls(f0=number)) == by_fastavro(schema, {"f0": number})


@pytest.mark.parametrize("size", [0, 1, 63, 64, 8191, 8192, 100_000])
def test_texts_of_every_length_have_the_bytes_that_fastavro_gives_them(size: int) -> None:
    schema = record("string", ["null", "string"])
    write, cls = writer_of(schema), class_of(schema)
    assert write is not None
    values = {"f0": "ä" * size, "f1": "b" * size}
    assert write(cls(**values)) == by_fastavro(schema, values)


@pytest.mark.parametrize(
    "kind",
    [
        "double",
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "array", "items": "string"},
        {"type": "enum", "name": "E", "symbols": ["A"]},
        ["null", "double"],
        ["null", {"type": "string", "logicalType": "uuid"}],
    ],
    ids=str,
)
def test_a_record_with_anything_else_is_left_to_fastavro(kind: Any) -> None:
    assert writer_of(record("string", kind)) is None


@pytest.mark.parametrize("kind", ["bytes", "Other", ["string", "null"], ["null", "string", "long"]], ids=str)
def test_a_union_or_type_that_it_does_not_know_is_left_to_fastavro(kind: Any) -> None:
    schema = record("string", kind)
    assert writer_of(schema, view_of(record("string", "string"))) is None


def test_a_field_with_a_default_is_left_to_fastavro() -> None:
    schema = record("string")
    schema["fields"][0]["default"] = "what is absent"
    assert writer_of(schema) is None


def test_a_view_that_says_more_than_its_fields_do_is_left_to_fastavro() -> None:
    schema = record("string")
    assert writer_of(schema, view_of(schema) | {"minProperties": 1}) is None


def test_a_class_with_other_fields_is_left_to_fastavro() -> None:
    schema = record("string")
    assert flat_writer(schema, view_of(schema), class_of(record("string", "string"))) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("long", True),
        ("int", 0.0),
        ("long", "7"),
        ("boolean", 1),
        ("string", b"text"),
        ("string", None),
        ("long", UNSET),
    ],
    ids=repr,
)
def test_a_value_of_a_near_type_goes_the_long_way(kind: str, value: object) -> None:
    schema = record(kind)
    write, cls = writer_of(schema), class_of(schema)
    assert write is not None
    assert write(cls(f0=value)) is None


def test_a_null_that_must_be_given_is_not_taken_for_granted() -> None:
    schema = record(["null", "string"])
    view = view_of(schema) | {"required": ["f0"]}
    write, cls = writer_of(schema, view), class_of(schema)
    assert write is not None
    assert write(cls(f0=UNSET)) is None
    assert write(cls(f0=None)) == b"\0"


def test_the_mails_of_the_platform_are_flat() -> None:
    contract = load().contract("email.send")
    version = contract.find(None)[1]
    payload = json.loads(version.schema)["fields"][-1]["type"]
    cls = load().class_of(contract.majors[0])
    assert flat_writer(payload, json.loads(version.writer), cls) is not None

"""Whether a reader's schema reads what a writer's wrote."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from pyevents.dev.registry.registry import Registry
from pyevents.dev.registry.schema import Schema
from pyevents.errors import ToolchainMissing
from tests.unit.dev.texts import avro, record

PLAIN = record(id_="integer")
WITH_CITY = record(id_="integer", city="string")
WITH_REQUIRED_CITY = record(id_="integer", city_="string")
NEWER_DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | PLAIN
DATE, ANY_TEXT = {"type": "string", "format": "date"}, {"type": "string"}

JSON_PAIRS: list[tuple[str, Any, Any, bool]] = [
    ("the same", PLAIN, PLAIN, True),
    ("reader knows one optional field more", WITH_CITY, PLAIN, True),
    ("reader does not know a field", PLAIN, WITH_CITY, False),
    ("reader demands a field", WITH_REQUIRED_CITY, PLAIN, False),
    ("writer always sends an optional field", WITH_CITY, WITH_REQUIRED_CITY, True),
    ("reader takes any text for a date", ANY_TEXT, DATE, True),
    ("reader takes only dates: formats are not compared", DATE, ANY_TEXT, True),
    ("another draft", NEWER_DRAFT, PLAIN, True),
]


def reasons(reader: Any, writer: Any, kind: str) -> list[str]:
    """Say why a registry does not let the reader follow the writer."""
    registry = Registry()
    older = registry.store.add("s", Schema(kind, json.dumps(writer)))
    return registry.reasons_against("s", Schema(kind, json.dumps(reader)), [older])


EMAIL = avro(("to", "string"))
EMAIL_WITH_CC = avro(("to", "string"), ("cc", ["null", "string"]), cc=None)
EMAIL_WITH_SUBJECT = avro(("to", "string"), ("subject", "string"))

AVRO_PAIRS: list[tuple[str, Any, Any, bool]] = [
    ("the same", EMAIL, EMAIL, True),
    ("reader has a field with a default more", EMAIL_WITH_CC, EMAIL, True),
    ("reader ignores a field", EMAIL, EMAIL_WITH_CC, True),
    ("reader has a field without a default more", EMAIL_WITH_SUBJECT, EMAIL, False),
    ("promotion", avro(("n", "long")), avro(("n", "int")), True),
    ("the reverse", avro(("n", "int")), avro(("n", "long")), False),
]


@pytest.mark.parametrize(("reader", "writer", "fine"), [c[1:] for c in JSON_PAIRS], ids=[c[0] for c in JSON_PAIRS])
def test_json_verdict(reader: Any, writer: Any, fine: bool) -> None:
    assert (not reasons(reader, writer, "JSON")) is fine


@pytest.mark.parametrize(("reader", "writer", "fine"), [c[1:] for c in AVRO_PAIRS], ids=[c[0] for c in AVRO_PAIRS])
def test_avro_verdict(reader: Any, writer: Any, fine: bool) -> None:
    assert (not reasons(reader, writer, "AVRO")) is fine


def test_missing_toolchain_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("avro", "pyevents_codegen.compat"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "avro", None)
    with pytest.raises(ToolchainMissing, match="codegen"):
        reasons(EMAIL, EMAIL, "AVRO")

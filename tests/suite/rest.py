"""What clients ask of a Confluent-compatible registry, and what it must answer: one table, for two registries.

Each case is a list of questions to an empty subject; the last one's status and error code are what is compared. Where
Apicurio answers otherwise, `APICURIO` says how; the documentation lists the same.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

__all__ = ["APICURIO", "CASES", "Case", "Otherwise", "RestSuite", "Said", "ask", "table"]


class Said(NamedTuple):
    """Status, error code (0 for none) and body."""

    status: int
    code: int
    body: Any


class Case(NamedTuple):
    """Questions in order (`{s}` is the subject), and the last one's status and error code."""

    questions: list[tuple[str, str, Any]]
    status: int
    code: int = 0
    body: Any = None


def ask(url: str, method: str, path: str, body: Any = None) -> Said:
    """Ask one question over HTTP."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        text, status = error.read(), error.code
    value = json.loads(text) if text else None
    return Said(status, value.get("error_code", 0) if isinstance(value, dict) else 0, value)


class Otherwise(NamedTuple):
    """Another status, error code and body."""

    status: int
    code: int = 0
    body: Any = None


DRAFT = "http://json-schema.org/draft-07/schema#"
CLOSED = {"$schema": DRAFT, "type": "object", "additionalProperties": False}
ONE = {"schema": json.dumps({**CLOSED, "properties": {"a": {"type": "string"}}}), "schemaType": "JSON"}
WIDER = {
    "schema": json.dumps({**CLOSED, "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}),
    "schemaType": "JSON",
}
OTHER = {"schema": json.dumps({"$schema": DRAFT, "type": "string"}), "schemaType": "JSON"}
RECORD = {"schema": '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}'}
VERSIONS, COMPATIBILITY = "/subjects/{s}/versions", "/compatibility/subjects/{s}/versions"
ADD_ONE, ADD_WIDER = ("POST", VERSIONS, ONE), ("POST", VERSIONS, WIDER)
BACKWARD = ("PUT", "/config/{s}", {"compatibility": "BACKWARD"})
DELETE = ("DELETE", "/subjects/{s}", None)

CASES: dict[str, Case] = {
    "register": Case([ADD_ONE], 200),
    "register again": Case([ADD_ONE, ADD_ONE, ("GET", VERSIONS, None)], 200, body=[1]),
    "register Avro without a type": Case([("POST", VERSIONS, RECORD)], 200),
    "register a wider version": Case([ADD_ONE, BACKWARD, ADD_WIDER], 200),
    "register an incompatible version": Case([ADD_ONE, BACKWARD, ("POST", VERSIONS, OTHER)], 409, 409),
    "register under NONE": Case(
        [ADD_ONE, ("PUT", "/config/{s}", {"compatibility": "NONE"}), ("POST", VERSIONS, OTHER)], 200
    ),
    "register what is no schema": Case([("POST", VERSIONS, {"schema": "{", "schemaType": "JSON"})], 422, 42201),
    "register an unknown type": Case([("POST", VERSIONS, {**ONE, "schemaType": "XML"})], 422, 42201),
    "versions": Case([ADD_ONE, BACKWARD, ADD_WIDER, ("GET", VERSIONS, None)], 200, body=[1, 2]),
    "versions of no subject": Case([("GET", VERSIONS, None)], 404, 40401),
    "a version": Case([ADD_ONE, ("GET", VERSIONS + "/1", None)], 200),
    "the latest": Case([ADD_ONE, ("GET", VERSIONS + "/latest", None)], 200),
    "no such version": Case([ADD_ONE, ("GET", VERSIONS + "/7", None)], 404, 40402),
    "version 0": Case([ADD_ONE, ("GET", VERSIONS + "/0", None)], 422, 42202),
    "a version's text": Case([ADD_ONE, ("GET", VERSIONS + "/1/schema", None)], 200),
    "look up": Case([ADD_ONE, ("POST", "/subjects/{s}", ONE)], 200),
    "look up in no subject": Case([("POST", "/subjects/{s}", ONE)], 404, 40401),
    "look up what is not there": Case([ADD_ONE, ("POST", "/subjects/{s}", OTHER)], 404, 40403),
    "no such id": Case([("GET", "/schemas/ids/999999", None)], 404, 40403),
    "types": Case([("GET", "/schemas/types", None)], 200),
    "subjects": Case([("GET", "/subjects", None)], 200),
    "compatible with the latest": Case(
        [ADD_ONE, BACKWARD, ("POST", COMPATIBILITY + "/latest", WIDER)], 200, body={"is_compatible": True}
    ),
    "incompatible with the latest": Case(
        [ADD_ONE, BACKWARD, ("POST", COMPATIBILITY + "/latest", OTHER)], 200, body={"is_compatible": False}
    ),
    "compatible with all": Case([ADD_ONE, BACKWARD, ("POST", COMPATIBILITY, WIDER)], 200, body={"is_compatible": True}),
    "incompatible, verbose": Case([ADD_ONE, BACKWARD, ("POST", COMPATIBILITY + "/latest?verbose=true", OTHER)], 200),
    "compatible with no such version": Case([ADD_ONE, ("POST", COMPATIBILITY + "/7", WIDER)], 404, 40402),
    "a removed optional field, closed": Case(
        [ADD_WIDER, BACKWARD, ("POST", COMPATIBILITY + "/latest", ONE)], 200, body={"is_compatible": False}
    ),
    "global level": Case([("GET", "/config", None)], 200, body={"compatibilityLevel": "BACKWARD"}),
    "level of a subject without one": Case([ADD_ONE, ("GET", "/config/{s}", None)], 404, 40408),
    "level of a subject": Case(
        [ADD_ONE, BACKWARD, ("GET", "/config/{s}", None)], 200, body={"compatibilityLevel": "BACKWARD"}
    ),
    "level before the first version": Case([BACKWARD, ADD_ONE, ("GET", "/config/{s}", None)], 200),
    "no such level": Case([ADD_ONE, ("PUT", "/config/{s}", {"compatibility": "SOMEHOW"})], 422, 42203),
    "take a level away": Case([ADD_ONE, BACKWARD, ("DELETE", "/config/{s}", None)], 200),
    "global mode": Case([("GET", "/mode", None)], 200, body={"mode": "READWRITE"}),
    "mode of a subject": Case([ADD_ONE, ("PUT", "/mode/{s}", {"mode": "READONLY"})], 200),
    "register where it is read-only": Case(
        [ADD_ONE, BACKWARD, ("PUT", "/mode/{s}", {"mode": "READONLY"}), ADD_WIDER], 422, 42205
    ),
    "no such mode": Case([ADD_ONE, ("PUT", "/mode/{s}", {"mode": "SOMEHOW"})], 422, 42204),
    "delete a subject": Case([ADD_ONE, DELETE], 200, body=[1]),
    "delete no subject": Case([DELETE], 404, 40401),
    "delete twice": Case([ADD_ONE, DELETE, DELETE], 404, 40404),
    "versions of a deleted subject": Case([ADD_ONE, DELETE, ("GET", VERSIONS, None)], 404, 40401),
    "delete for good at once": Case([ADD_ONE, ("DELETE", "/subjects/{s}?permanent=true", None)], 404, 40405),
    "delete for good": Case([ADD_ONE, DELETE, ("DELETE", "/subjects/{s}?permanent=true", None)], 200, body=[1]),
    "register after a deletion": Case([ADD_ONE, DELETE, ADD_ONE, ("GET", VERSIONS, None)], 200, body=[2]),
    "delete a version": Case([ADD_ONE, ("DELETE", VERSIONS + "/1", None)], 200, body=1),
    "delete no such version": Case([ADD_ONE, ("DELETE", VERSIONS + "/7", None)], 404, 40402),
    "delete a version for good at once": Case([ADD_ONE, ("DELETE", VERSIONS + "/1?permanent=true", None)], 404, 40407),
    "a level that somebody deletes with the subject": Case(
        [ADD_ONE, BACKWARD, DELETE, ("GET", "/config/{s}", None)], 404, 40408
    ),
    "no such path": Case([("GET", "/nothing", None)], 404, 404),
}
"""Confluent's answers, which the embedded registry gives."""

APICURIO: dict[str, Otherwise] = {
    "version 0": Otherwise(404, 40402),
    "global level": Otherwise(200, 0, {"compatibilityLevel": "NONE"}),
    "level of a subject without one": Otherwise(200, 0, {"compatibilityLevel": "NONE"}),
    "register where it is read-only": Otherwise(200),
    "no such mode": Otherwise(422, 42201),
    "delete for good at once": Otherwise(409, 40405),
    "delete a version for good at once": Otherwise(409, 40407),
    "a level that somebody deletes with the subject": Otherwise(200, 0, {"compatibilityLevel": "BACKWARD"}),
    "no such path": Otherwise(404),
}
"""Where Apicurio 3.3.3 answers otherwise."""


def table() -> str:
    """Return the differences as the documentation lists them."""
    rows = [
        f"| {name} | {_shown(CASES[name].status, CASES[name].code, CASES[name].body)} | {_shown(*other)} |"
        for name, other in APICURIO.items()
    ]
    return "\n".join(["| question | Confluent, `pyevents dev` | Apicurio 3.3.3 |", "|---|---|---|", *rows])


def _shown(status: int, code: int, body: Any) -> str:
    shown = f"{status}" if status == 200 else f"{status}, {code or 'none'}"
    return shown + (f" `{json.dumps(body)}`" if body is not None else "")


class RestSuite:
    """The table, asked of one registry; a subclass has the fixture `registry_address` and may have differences."""

    differences: Mapping[str, Otherwise] = MappingProxyType({})

    @pytest.mark.parametrize("name", CASES)
    def test_answer(self, registry_address: str, name: str) -> None:
        case, subject = CASES[name], f"s-{uuid4().hex}"
        for method, path, body in case.questions:
            said = ask(registry_address, method, path.replace("{s}", subject), body)
        expected = self.differences.get(name, Otherwise(case.status, case.code, case.body))
        assert (said.status, said.code) == expected[:2], said.body
        if expected.body is not None:
            assert said.body == expected.body

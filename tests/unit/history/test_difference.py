"""What changed is told field by field, with who reads whom, who deploys first, and what looks like a rename."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from pyevents.cli import main
from pyevents_codegen.history.rollout import rollout
from pyevents_codegen.load import load_folder
from tests.unit.history.conftest import AVRO, History

Fields = dict[str, Any]


def _diff(past: History, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["diff", *arguments, "--schemas", str(past.path)])


def _put(name: str, schema: Any) -> Callable[[Fields], None]:
    return lambda payload: payload["properties"].update({name: schema})


def _without(name: str) -> Callable[[Fields], None]:
    return lambda payload: payload["properties"].pop(name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_put("ort", {"type": "string", "maxLength": 80}), "ort: new optional field, string, at most 80 characters"),
        (_without("status"), 'status: the optional field is gone, "offen" or "in_Therapie"'),
        (lambda p: p["required"].remove("vorname"), "vorname: now optional"),
        (lambda p: p["required"].append("status"), "status: now required"),
        (lambda p: p["properties"]["status"]["enum"].append("neu"), 'status: new "neu"'),
        (lambda p: p["properties"]["status"]["enum"].pop(), 'status: no longer "in_Therapie"'),
        (lambda p: p["properties"]["vorname"].update(maxLength=9), "vorname: longest length 100, now 9"),
        (lambda p: p["properties"]["vorname"].update(format="email"), "vorname: format none, now email"),
        (lambda p: p["properties"]["vorname"].update(type=["string", "null"]), "vorname: type string, now null or string"),
        (lambda p: p["properties"]["vorname"].update(description="Name."), "vorname: described in other words"),
        (lambda p: p.update(additionalProperties=True), "the payload: other fields: refused, now allowed"),
        (lambda p: p["properties"]["vorname"].update({"not": {"const": "x"}}), "vorname: the rule not changed"),
        (lambda p: None, "no field changed"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(past: History, change: Any, words: str) -> None:
    past.version("1.1", change)
    result = _diff(past, "patient.created", "1.0", "1.1")
    assert (result.exit_code, words in result.output) == (0, True), result.output


def test_fields_below_fields_are_told_by_their_path(past: History) -> None:
    def nested(limit: int) -> Callable[[Fields], None]:
        place = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"ort": {"type": "string", "maxLength": limit}},
        }
        return lambda payload: payload.update(
            properties={**payload["properties"], "orte": {"type": "array", "items": {"$ref": "#/definitions/ort"}}},
            definitions={"ort": place},
        )  # fmt: skip

    past.version("1.0", nested(5))
    past.version("1.1", nested(6))
    assert "orte[].ort: longest length 5, now 6" in _diff(past, "patient.created", "1.0", "1.1").output


def test_who_reads_whom_is_shown_with_the_message_that_breaks(past: History) -> None:
    past.version("1.1", lambda payload: payload["properties"]["status"]["enum"].append("neu"))
    output = _diff(past, "patient.created", "1.0", "1.1").output
    assert "1.1 reads everything that 1.0 sends (proved)" in output
    assert "1.0 cannot read this message of 1.1, refused by enum at /payload/status" in output
    assert '"status": "neu"' in output
    assert "deploy in any order" in output


def test_two_majors_are_compared_by_their_payloads(past: History) -> None:
    past.version("2.0", base={**AVRO, "namespace": "patient.v2"})
    output = _diff(past, "patient.created", "1.0", "2.0").output
    assert "status: the optional field is gone" in output
    assert "consumers first (matching-service), reading both majors" in output


def test_the_difference_is_given_as_json(past: History) -> None:
    past.version("1.1", _put("ort", {"type": "string"}))
    shown = json.loads(_diff(past, "patient.created", "1.0", "1.1", "--format", "json").output)
    assert shown["changes"] == [{"field": "ort", "kind": "added", "words": "new optional field, string"}]
    assert [reading["verdict"] for reading in shown["readings"]] == ["safe", "safe"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("patient.create", "1.0", "1.0"), "patient.created"), (("patient.created", "1.0", "1.7"), "it has '1.0'")],
)
def test_an_unknown_type_or_version_is_told(past: History, arguments: tuple[str, ...], word: str) -> None:
    result = _diff(past, *arguments)
    assert result.exit_code == 1
    assert word in result.output


@pytest.mark.parametrize(
    ("mode", "first"),
    [
        ("FULL_TRANSITIVE", "in any order"),
        ("BACKWARD", "consumers first (matching-service)"),
        ("FORWARD_TRANSITIVE", "producers first (patient-service)"),
        ("NONE", "all at once: stop patient-service"),
    ],
)
def test_the_mode_says_who_deploys_first(past: History, mode: str, first: str) -> None:
    past.contract(f'compatibility = "{mode}"')
    assert rollout(load_folder(past.path).contracts[0], "1.0", "1.1").startswith(first)


_TOWN = {"type": "string", "maxLength": 80, "pattern": "^[A-Z]", "description": "Town."}


def test_a_field_that_went_as_an_equal_one_came_is_a_hint(past: History) -> None:
    past.version("1.0", _put("ort", _TOWN))
    past.version("1.1", _put("stadt", {**_TOWN, "description": "City."}))
    finding = past.found("field-renamed")
    assert (finding.severity, finding.pointer) == ("warning", "/properties/stadt")
    assert "new major" in finding.remedy


def test_a_field_that_moved_is_a_hint(past: History) -> None:
    inside = {"type": "object", "additionalProperties": False, "properties": {"ort": _TOWN}, "description": "Home."}
    past.version("1.0", _put("ort", _TOWN))
    past.version("1.1", _put("adresse", inside))
    assert [f for f in past.findings() if f.rule == "field-moved"] == []
    past.version("1.0", lambda p: p["properties"].update(ort=_TOWN, adresse={**inside, "properties": {}}))
    assert "adresse.ort" in past.found("field-moved").message


def test_another_unit_is_a_hint(past: History) -> None:
    past.version("1.0", _put("weg", {"type": "number", "description": "Way in kilometres."}))
    past.version("1.1", _put("weg", {"type": "number", "description": "Way in metres."}))
    assert "another unit" in past.found("meaning-changed").message


def test_other_words_alone_are_no_hint(past: History) -> None:
    past.version("1.1", lambda payload: payload["properties"]["vorname"].update(description="First name."))
    past.version("1.2", _put("ort", _TOWN))
    assert past.findings() == []


def test_an_alias_in_avro_is_no_hint(past: History) -> None:
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=AVRO)
    past.contract('compatibility = "BACKWARD"', 'compatibility_reason = "Only the newest reads it."')
    renamed = {"name": "name", "aliases": ["vorname"], "type": "string", "maxLength": 100, "doc": "Given name."}
    past.version("1.1", lambda schema: schema["fields"].__setitem__(1, renamed), base=AVRO)
    assert past.findings() == []

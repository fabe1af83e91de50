"""Versions of a contract read each other as its mode demands, or a message shows that they do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.history.conftest import AVRO, History


def _widened(schema: dict[str, Any]) -> None:
    schema["properties"]["status"]["enum"].append("abgebrochen")


def _narrowed(schema: dict[str, Any]) -> None:
    schema["properties"]["vorname"]["maxLength"] = 50


def _plus_optional(schema: dict[str, Any]) -> None:
    schema["properties"]["ort"] = {"type": "string", "maxLength": 80, "description": "Town."}


def test_an_optional_field_may_come_and_go(past: History) -> None:
    past.version("1.1", _plus_optional)
    past.version("1.2")
    assert past.findings() == []


def test_a_value_that_older_readers_lack_is_refused_with_the_message(past: History) -> None:
    path = past.version("1.1", _widened)
    finding = past.found("compatibility")
    assert finding.message.startswith("services that still run 1.0 could not read what 1.1 sends")
    assert json.loads(finding.counterexample)["payload"]["status"] == "abgebrochen"
    assert (finding.file, finding.pointer) == (path.as_posix(), "/properties/status")
    assert '"status"' in path.read_text().splitlines()[finding.line - 1]
    assert "2.0" in finding.remedy


def test_what_older_versions_sent_has_to_stay_readable(past: History) -> None:
    past.version("1.1", _narrowed)
    finding = past.found("compatibility")
    assert finding.message.startswith("services that run 1.1 could not read what 1.0 sent")
    assert len(json.loads(finding.counterexample)["payload"]["vorname"]) > 50


@pytest.mark.parametrize(
    ("mode", "change", "broken"),
    [
        ("BACKWARD", _widened, False),
        ("BACKWARD", _narrowed, True),
        ("FORWARD", _widened, True),
        ("FORWARD", _narrowed, False),
        ("FULL", _widened, True),
        ("FULL", _narrowed, True),
        ("NONE", _widened, False),
        ("NONE", _narrowed, False),
    ],
)
def test_a_mode_demands_its_directions_and_no_other(past: History, mode: str, change: Any, broken: bool) -> None:
    past.contract(f'compatibility = "{mode}"')
    past.version("1.1", change)
    assert bool([finding for finding in past.findings() if finding.rule == "compatibility"]) is broken


@pytest.mark.parametrize(("mode", "broken"), [("FORWARD", False), ("FORWARD_TRANSITIVE", True)])
def test_only_a_transitive_mode_looks_past_the_version_before(past: History, mode: str, broken: bool) -> None:
    past.contract(f'compatibility = "{mode}"')
    past.version("1.1", lambda schema: schema["properties"].pop("status"))
    past.version("1.2", lambda schema: schema["properties"]["status"].update(enum=["neu"]))
    found = [finding.message for finding in past.findings() if finding.rule == "compatibility"]
    assert bool(found) is broken
    assert all("still run 1.0" in message for message in found)


def test_a_new_major_may_break(past: History) -> None:
    past.version("2.0", _narrowed)
    assert [finding for finding in past.findings() if finding.rule == "compatibility"] == []


def test_an_avro_field_without_default_is_refused_with_the_record(past: History) -> None:
    past.version("1.0", base=AVRO)
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.1", lambda schema: schema["fields"].append({"name": "ort", "type": "string"}), base=AVRO)
    finding = past.found("compatibility")
    assert "1.1 could not read what 1.0 sent" in finding.message
    assert "ort" not in json.loads(finding.counterexample)["payload"]


def test_a_reader_below_not_stays_closed_and_reads_what_it_read(past: History) -> None:
    branches = [
        {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string", "maxLength": 5}}},
        {"type": "object", "additionalProperties": False, "properties": {"b": {"type": "string", "maxLength": 5}}},
    ]
    past.version("1.0", lambda schema: schema["properties"].update(wahl={"not": {"not": {"anyOf": branches}}}))
    assert past.findings() == []


def _avro(past: History) -> None:
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=AVRO)


def test_limits_that_avro_does_not_compare_are_compared(past: History) -> None:
    _avro(past)
    path = past.version("1.1", lambda schema: schema["fields"][1].update(maxLength=50), base=AVRO)
    finding = past.found("compatibility")
    assert finding.file == path.as_posix()
    assert "services that run 1.1 could not read what 1.0 sent: at /payload/vorname" in finding.message


def test_an_avro_field_under_its_alias_keeps_its_limits(past: History) -> None:
    _avro(past)
    past.contract('compatibility = "BACKWARD"', 'compatibility_reason = "Only the newest reads it."')
    renamed = {"name": "name", "aliases": ["vorname"], "type": "string", "maxLength": 100, "doc": "Given name."}
    past.version("1.1", lambda schema: schema["fields"].__setitem__(1, renamed), base=AVRO)
    assert past.findings() == []
    past.version("1.1", lambda schema: schema["fields"].__setitem__(1, {**renamed, "maxLength": 9}), base=AVRO)
    assert "maxLength" in past.found("compatibility").message


def test_an_avro_default_may_go_because_writers_always_write_the_field(past: History) -> None:
    base = {**AVRO, "fields": [*AVRO["fields"], {"name": "ort", "type": "string", "default": "", "doc": "Town."}]}
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=base)
    past.version("1.1", lambda schema: schema["fields"][2].pop("default"), base=base)
    assert past.findings() == []


def test_an_avro_symbol_that_a_reader_takes_for_its_default_breaks_nothing(past: History) -> None:
    def status(*symbols: str) -> dict[str, Any]:
        kind = {"type": "enum", "name": "Status", "symbols": list(symbols), "default": "unbekannt"}
        return {**AVRO, "fields": [*AVRO["fields"], {"name": "status", "type": kind, "doc": "Status."}]}

    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=status("offen", "unbekannt"))
    past.version("1.1", base=status("offen", "zu", "unbekannt"))
    assert past.findings() == []

"""What the registry will refuse is found before deployment, as a finding of its own, with the ways out."""

from __future__ import annotations

from typing import Any

from pyevents_codegen.confluent import prediction
from pyevents_codegen.finding import Finding
from pyevents_codegen.load import load_folder
from tests.unit.history.conftest import AVRO, History


def without_status(schema: dict[str, Any]) -> None:
    del schema["properties"]["status"]


def predicted(past: History) -> list[Finding]:
    return prediction.findings(load_folder(past.path))


def test_a_removed_field_is_safe_by_proof_and_refused_by_the_registry(past: History) -> None:
    past.version("1.1", without_status)
    assert past.findings() == []
    (found,) = predicted(past)
    assert found.rule == "registry-refuses"
    assert (found.file.rpartition("/")[2], found.pointer) == ("1.1.json", "/properties/status")
    assert found.line > 1
    assert "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL" in found.message
    assert "1.1 after 1.0 under BACKWARD_TRANSITIVE" in found.message
    assert "deprecated" in found.remedy
    assert 'registry_compatibility = "NONE"' in found.remedy


def test_an_added_field_is_taken(past: History) -> None:
    past.version("1.1", lambda schema: schema["properties"].update(ort={"type": "string", "description": "Town."}))
    assert predicted(past) == []


def test_a_registry_that_compares_nothing_refuses_nothing_and_wants_a_reason(past: History) -> None:
    past.version("1.1", without_status)
    past.contract('registry_compatibility = "NONE"')
    (found,) = predicted(past)
    assert (found.rule, found.pointer) == ("registry-reason", "/registry_compatibility")
    past.contract('registry_compatibility = "NONE"', 'registry_compatibility_reason = "The proof alone decides here."')
    assert predicted(past) == []


def test_a_reason_for_nothing_is_found(past: History) -> None:
    past.contract('registry_compatibility_reason = "The proof alone decides here."')
    assert [(found.rule, found.pointer) for found in predicted(past)] == [
        ("registry-reason", "/registry_compatibility_reason")
    ]


def test_forward_refuses_the_added_field_instead(past: History) -> None:
    past.contract('registry_compatibility = "FORWARD"')
    past.version("1.1", lambda schema: schema["properties"].update(ort={"type": "string", "description": "Town."}))
    assert [found.rule for found in predicted(past)] == ["registry-refuses"]


def test_only_a_transitive_level_looks_past_the_version_before(past: History) -> None:
    past.version("1.1", without_status)
    past.version("1.2", without_status)
    assert len(predicted(past)) == 2
    past.contract('registry_compatibility = "BACKWARD"')
    assert len(predicted(past)) == 1


def test_a_new_major_is_another_subject(past: History) -> None:
    past.version("2.0", without_status)
    assert predicted(past) == []


def test_avro_is_judged_by_avros_rules(past: History) -> None:
    (past.path / "patient.created" / "1.0.json").unlink()
    past.version("1.0", base=AVRO)
    past.version("1.1", lambda schema: schema["fields"].pop(), base=AVRO)
    past.contract('registry_compatibility = "BACKWARD"')
    assert predicted(past) == []
    past.contract('registry_compatibility = "FULL"')
    (found,) = predicted(past)
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in found.message

"""A contract says why it promises less, and how events of an older major are read."""

from __future__ import annotations

import pytest

from pyevents_codegen.finding import SchemaFolderInvalid
from tests.unit.history.conftest import History


def test_a_weaker_mode_needs_a_reason(past: History) -> None:
    past.contract('compatibility = "BACKWARD"')
    assert past.found("compatibility-reason").pointer == "/compatibility"
    past.contract('compatibility = "BACKWARD"', 'compatibility_reason = "One service sends and reads it."')
    assert past.findings() == []


def test_the_rule_needs_no_reason(past: History) -> None:
    past.contract('compatibility_reason = "One service sends and reads it."')
    assert past.found("compatibility-reason").pointer == "/compatibility_reason"


def test_a_new_major_needs_a_way_from_the_older(past: History) -> None:
    past.version("2.0")
    assert "major 1" in past.found("upcast-missing").message
    for way in ("patients.upcasts:created", "none: events of major 1 expire within a week"):
        past.contract("[upcast]", f'"1" = "{way}"')
        assert past.findings() == []


def test_a_way_to_no_major_is_found(past: History) -> None:
    past.contract("[upcast]", '"1" = "patients.upcasts:created"')
    assert past.found("upcast-missing").pointer == "/upcast/1"


@pytest.mark.parametrize("way", ["patients.upcasts", "none", "none: so", "a b:c", ":f", ""])
def test_a_way_that_names_no_function_and_no_reason_is_refused(past: History, way: str) -> None:
    past.version("2.0")
    past.contract("[upcast]", f'"1" = "{way}"')
    with pytest.raises(SchemaFolderInvalid, match=r"contract.toml:9:\d: error wrong-value"):
        past.findings()

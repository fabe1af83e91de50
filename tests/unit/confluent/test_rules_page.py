"""The page of rules tells the truth: each example is judged, and every rule of the code has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyevents_codegen.confluent import judge
from pyevents_codegen.confluent.rule import COMPATIBLE

_PAGE = Path(__file__).parents[3] / "docs" / "registry-rules.md"
_ROW = re.compile(r"^\| ([A-Z_]+) \| (yes|no) \| `(.*)` \| `(.*)` \|$", re.MULTILINE)
ROWS = _ROW.findall(_PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("rule", "passes", "older", "newer"), ROWS, ids=[row[0] for row in ROWS])
def test_example_shows_its_rule(rule: str, passes: str, older: str, newer: str) -> None:
    answer = judge(newer, older, "json")
    assert rule in {change.split(" ")[0] for change in answer.changes}, answer
    assert (rule in COMPATIBLE) is (passes == "yes")
    if passes == "no":
        assert not answer.compatible
        assert any(reason.startswith(rule + " ") for reason in answer.reasons)


def test_every_compatible_rule_has_an_example() -> None:
    assert not COMPATIBLE - {row[0] for row in ROWS}


def test_the_readers_example_of_a_removed_field_is_refused_as_our_contracts_are_closed() -> None:
    older = '{"type": "object", "properties": {"id": {}, "city": {"type": "string"}}, "additionalProperties": false}'
    newer = '{"type": "object", "properties": {"id": {}}, "additionalProperties": false}'
    assert judge(newer, older, "json").reasons == ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/city",)
    assert judge(older, newer, "json").compatible

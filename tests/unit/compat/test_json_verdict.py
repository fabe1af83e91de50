"""What is safe, what breaks, and by which message: the verdict on pairs of JSON Schemas."""

import json
from typing import Any

import pytest

from pyevents_codegen.compat import decide

_TEXT = {"type": "string"}
_DATED = {
    "type": "object",
    "required": ["at"],
    "properties": {"at": {"type": "string", "format": "date-time"}},
}


def _with(member: dict[str, Any], **more: Any) -> str:
    """A contract with a format and a pattern elsewhere, which alone make the plain proof of a break impossible."""
    properties = {
        "at": {"type": "string", "format": "date-time"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
        "member": member,
        **more.pop("also", {}),
    }
    return json.dumps(
        {
            "type": "object",
            "properties": properties,
            "required": ["at", "code"],
            "additionalProperties": False,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("reader", "writer", "member", "rule"),
    [
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "b", "enum"),
        ({"type": "integer"}, {"type": "number"}, 0.5, "type"),
        ({"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 4}, "aaaa", "maxLength"),
        ({"type": "string", "minLength": 1}, {"type": "string"}, "", "minLength"),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 10}, 10, "maximum"),
        (
            {"type": "integer", "exclusiveMinimum": 3},
            {"type": "integer", "minimum": 3},
            3,
            "exclusiveMinimum",
        ),
        ({"type": "array", "maxItems": 1}, {"type": "array"}, [0, 0], "maxItems"),
        (
            {"type": "array", "uniqueItems": True},
            {"type": "array", "items": {"const": "x"}},
            ["x", "x"],
            "uniqueItems",
        ),
        ({"type": "string", "pattern": "^b"}, {"type": "string", "pattern": "^[ab]$"}, "a", "pattern"),
        ({"type": "string", "format": "date"}, {"type": "string"}, "", "format"),
        ({"type": "string"}, {"type": ["string", "null"]}, None, "type"),
        ({"type": "integer", "multipleOf": 10}, {"type": "integer", "multipleOf": 4}, 4, "multipleOf"),
        ({"not": {"const": "a"}}, {"enum": ["a", "b"]}, "a", "not"),
    ],
)
def test_a_narrowed_member_is_shown_by_the_smallest_message(
    reader: dict[str, Any], writer: dict[str, Any], member: Any, rule: str
) -> None:
    verdict = decide(_with(reader), _with(writer), "json")
    assert (verdict.kind, verdict.pointer, verdict.rule) == ("breaking", "/member", rule)
    assert verdict.counterexample["member"] == member
    assert set(verdict.counterexample) == {"at", "code", "member"}


def test_a_new_required_member_breaks_the_messages_without_it() -> None:
    verdict = decide(_with(_TEXT, required=["at", "code", "member"]), _with(_TEXT), "json")
    assert (verdict.kind, verdict.rule) == ("breaking", "required")
    assert "member" not in verdict.counterexample


def test_a_closed_reader_refuses_a_member_that_it_does_not_know() -> None:
    verdict = decide(_with(_TEXT), _with(_TEXT, also={"new": {"type": "integer"}}), "json")
    assert (verdict.kind, verdict.rule) == ("breaking", "additionalProperties")
    assert "new" in verdict.counterexample


def test_an_open_reader_takes_it() -> None:
    reader = _with(_TEXT, additionalProperties=True)
    assert decide(reader, _with(_TEXT, also={"new": {"type": "integer"}}), "json").kind == "safe"


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"type": "object"}),
        ({"dependencies": {"a": ["b"]}}, {"type": "object"}),
        ({"propertyNames": {"maxLength": 2}}, {"type": "object"}),
        (
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ),
        ({"maxProperties": 40}, {"maxProperties": 45}),
        ({"multipleOf": 5}, {"oneOf": [{"multipleOf": 10}, {"multipleOf": 3}]}),
        ({"contains": {"const": 1}}, {"type": "array", "minItems": 3}),
    ],
)
def test_what_no_leaf_shows_is_found_by_search(reader: dict[str, Any], writer: dict[str, Any]) -> None:
    assert decide(json.dumps(reader), json.dumps(writer), "json").kind == "breaking"


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        (
            {"properties": {"a": _TEXT, "b": _TEXT}, "additionalProperties": _TEXT},
            {"additionalProperties": _TEXT},
        ),
        ({"pattern": "a*"}, {}),
        ({"format": "nobody-knows-this"}, {}),
        (
            {"properties": {"I_1": {"type": "number"}}, "patternProperties": {"^I_": {"type": "integer"}}},
            {"patternProperties": {"^I_": {"type": "integer"}}},
        ),
    ],
)
def test_an_equivalent_in_more_words_is_proved(reader: dict[str, Any], writer: dict[str, Any]) -> None:
    assert decide(json.dumps(reader), json.dumps(writer), "json").kind == "safe"


def test_formats_are_enforced_in_the_proof() -> None:
    assert decide(json.dumps(_DATED), json.dumps({**_DATED, "properties": {"at": _TEXT}}), "json").kind == "breaking"


def test_a_keyword_that_one_validator_ignores_is_undecided() -> None:
    verdict = decide('{"contentEncoding":"base64"}', '{"type":"string"}', "json")
    assert verdict.kind == "undecided"
    assert "only one of the two validators enforces base64" in verdict.reason


def test_taking_such_a_keyword_away_is_safe_for_both() -> None:
    assert decide('{"type":"string"}', '{"type":"string","contentEncoding":"base64"}', "json").kind == "safe"


def test_a_format_of_draft_04_that_one_validator_ignores_is_undecided() -> None:
    draft = '{"$schema":"http://json-schema.org/draft-04/schema#"'
    assert decide(draft + ',"format":"date"}', draft + ',"type":"string"}', "json").kind == "undecided"


def test_a_change_of_draft_still_gets_a_counterexample() -> None:
    reader = '{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{"type":"string"}]}'
    writer = '{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"integer"}],"minItems":1}'
    verdict = decide(reader, writer, "json")
    assert (verdict.kind, verdict.pointer) == ("breaking", "/0")


def test_drafts_that_say_the_same_in_other_words_are_proved() -> None:
    old = '{"$schema":"http://json-schema.org/draft-04/schema#","minimum":10,"exclusiveMinimum":true}'
    new = '{"$schema":"http://json-schema.org/draft-07/schema#","exclusiveMinimum":10}'
    assert decide(old, new, "json").kind == decide(new, old, "json").kind == "safe"


def test_integer_is_not_taken_for_the_same_in_draft_04() -> None:
    old = '{"$schema":"http://json-schema.org/draft-04/schema#","type":"integer"}'
    new = '{"$schema":"http://json-schema.org/draft-07/schema#","type":"integer"}'
    assert decide(old, new, "json").kind != "safe"


def test_the_reason_never_shows_a_value_of_the_message() -> None:
    verdict = decide(_with({"enum": ["kept"]}), _with({"enum": ["kept", "secret-value"]}), "json")
    assert verdict.counterexample["member"] == "secret-value"
    assert "secret-value" not in verdict.reason


def test_null_can_be_the_counterexample() -> None:
    verdict = decide('{"type":"string"}', '{"type":"null"}', "json")
    assert (verdict.kind, verdict.counterexample) == ("breaking", None)


def test_the_same_pair_gets_the_same_message_every_time() -> None:
    pair = _with({"type": "string", "pattern": "^[b-y]+$"}), _with({"type": "string", "pattern": "^[a-z]+$"})
    assert len({json.dumps(decide(*pair, "json").counterexample) for _ in range(3)}) == 1

"""Hostile schemas end in a verdict within the budget, and the batch goes on."""

import json
import subprocess
import sys
from typing import Any

import pytest

from pyevents_codegen.compat import decide, pairs


def _nested(depth: int, leaf: str) -> str:
    return '{"properties":{"a":' * depth + leaf + "}}" * depth


_LOOP = '{"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},"$ref":"#/definitions/a"}'
_NEWEST = "https://json-schema.org/draft/2020-12/schema"
_CANONICALIZE = "import json, sys, jsonschema_rs; jsonschema_rs.canonicalize(json.load(sys.stdin))"
_NAMES = [f"value{place}" for place in range(10_000)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "line 1, column"),
        ("[]", "neither an object nor a boolean"),
        ('{"type":"string","type":"integer"}', "stands twice"),
        ("\ufeff{}", "byte order mark"),
        ('{"const":"\\ud800"}', "surrogate"),
        ('{"const":NaN}', "NaN"),
        ('{"const":1e999}', "double"),
        ('{"const":' + "9" * 5_000 + "}", "digits"),
        (_nested(1_000, "{}"), "120 levels"),
        ("[" * 200_000, "120 levels"),
        ('{"type":"strin"}', "not a valid JSON Schema"),
        ('{"pattern":"("}', "regex"),
        ('{"$ref":"#/definitions/none"}', "not a valid JSON Schema"),
        ('{"$ref":"http://127.0.0.1:9/x"}', "another document"),
        ('{"$ref":"file:///etc/hostname"}', "another document"),
        ('{"$schema":"http://example.com/own"}', "no draft"),
        (_LOOP, "back to itself"),
        ('{"allOf":[{"$ref":"#"}]}', "back to itself"),
    ],
)
@pytest.mark.parametrize("role", ["reader", "writer"])
def test_an_unusable_schema_is_an_error_that_says_which_and_why(text: str, word: str, role: str) -> None:
    verdict = decide(text, "{}", "json") if role == "reader" else decide("{}", text, "json")
    assert verdict.kind == "error"
    assert word in verdict.reason
    assert role in verdict.reason


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        ('{"pattern":"^(a+)+$"}', '{"type":"string","pattern":"^(a|aa)+$"}'),
        ('{"pattern":"^(a+)+b$"}', '{"type":"string","pattern":"^a{30,60}$"}'),
        (json.dumps({"enum": _NAMES[:-1]}), json.dumps({"enum": _NAMES})),
        (_nested(58, '{"type":"integer"}'), _nested(58, '{"type":"number"}')),
        (
            json.dumps({"properties": {name: {"type": "string", "maxLength": 9} for name in _NAMES[:4_000]}}),
            json.dumps({"properties": {name: {"type": "string"} for name in _NAMES[:4_000]}}),
        ),
        ('{"maxLength":1000000000000}', '{"type":"string"}'),
        ('{"type":"object"}', '{"type":"array","minItems":1000000000}'),
        ('{"maximum":1e300}', '{"const":' + "9" * 4_000 + "}"),
        (
            json.dumps({"allOf": [{"anyOf": [{"minimum": n}, {"maxLength": n}]} for n in range(40)]}),
            json.dumps({"allOf": [{"anyOf": [{"minimum": n}, {"maxLength": n + 1}]} for n in range(40)]}),
        ),
    ],
    ids=["exploding", "exploding apart", "10,000 values", "deep", "wide", "long", "many", "big", "cases"],
)
def test_a_heavy_pair_is_answered_within_a_second(reader: str, writer: str) -> None:
    verdict = decide(reader, writer, "json")
    assert verdict.kind != "error"
    assert verdict.ms < 10_000
    assert verdict.reason


def test_a_recursive_schema_is_decided() -> None:
    tree = '{"type":"object","properties":{"next":{"$ref":"#"},"v":{"type":"number"}}}'
    assert decide(tree, tree.replace("number", "integer"), "json").kind == "safe"
    assert decide(tree.replace("number", "integer"), tree, "json").kind == "breaking"


def test_a_schema_on_which_the_proof_crashes_still_gets_its_counterexample() -> None:
    inner = {"unevaluatedProperties": {"unevaluatedItems": {}, "allOf": [{"$ref": "#"}]}, "then": {}}
    reader = {"$schema": _NEWEST, "minLength": 2, "oneOf": [inner]}
    canonicalized = subprocess.run(
        [sys.executable, "-c", _CANONICALIZE], input=json.dumps(reader).encode(), check=False
    )
    if canonicalized.returncode >= 0:
        pytest.skip("this release of jsonschema-rs proves it")
    verdict = decide(json.dumps(reader), json.dumps({"$schema": _NEWEST, "type": "string"}), "json")
    assert verdict.kind == "breaking"


def test_a_pair_that_never_returns_costs_only_its_own_budget() -> None:
    hanging = {"kind": "json", "reader": '{"pattern":"^(([a-z])+.)+[A-Z]([a-z])+$"}'}
    hanging["writer"] = json.dumps({"const": "a" * 60})
    lines = [json.dumps({"id": place, **hanging}) for place in range(2)]
    lines.append('{"id":"next","kind":"json","reader":"{}","writer":"{}"}')
    answers = list(pairs(lines, budget_s=0.4))
    assert [answer["id"] for answer in answers] == [0, 1, "next"]
    assert answers[-1]["verdict"] == "safe"
    assert all(answer["ms"] < 10_000 for answer in answers), "it takes minutes without a budget"


def test_a_bad_line_is_answered_and_the_batch_goes_on() -> None:
    good: dict[str, Any] = {"id": "good", "kind": "json", "reader": "{}", "writer": "{}"}
    lines = [
        "nonsense", "[]", "", json.dumps({"id": 7}), json.dumps({**good, "id": 8, "kind": "xml"}),
        json.dumps({**good, "id": 9, "reader": {}}), "[" * 100_000, json.dumps(good),
    ]  # fmt: skip
    answers = [(answer["id"], answer["verdict"]) for answer in pairs(lines)]
    assert answers == [
        *[(None, "error")] * 2,
        (7, "error"),
        (8, "error"),
        (9, "error"),
        (None, "error"),
        ("good", "safe"),
    ]


def test_an_answer_has_the_promised_members() -> None:
    (answer,) = pairs(['{"id":1,"kind":"json","reader":"{\\"type\\":\\"string\\"}","writer":"true"}'])
    assert list(answer) == ["id", "verdict", "counterexample", "reason", "ms"]
    assert answer["verdict"] == "breaking"

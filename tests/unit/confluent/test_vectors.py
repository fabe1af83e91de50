"""The registry's answer, predicted: equal to Confluent's checker on every pair that it decided itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pyevents.cli.main import main
from pyevents.dev.registry.schema import Schema
from pyevents.registry.levels import pairs
from pyevents_codegen.confluent import judge

Vectors = Callable[[str], list[dict[str, Any]]]


def test_every_verdict_on_json_schema_is_confluents(vectors: Vectors) -> None:
    cases = [case for case in vectors("golden_json_real.jsonl") if case["compatible"] is not None]
    different = [
        (case["id"], answer.changes, case["changes"])
        for case in cases
        if (answer := judge(case["reader"], case["writer"], "json")).compatible is not case["compatible"]
    ]
    assert not different
    assert len(cases) == 1478


def test_changes_have_confluents_names_and_places(vectors: Vectors) -> None:
    """Where two parts of a union go with one, Confluent takes either (its order is that of a hash); else all agree."""
    cases = [case for case in vectors("golden_json_real.jsonl") if case["compatible"] is not None]
    different = [
        case["id"]
        for case in cases
        if sorted(judge(case["reader"], case["writer"], "json").changes) != sorted(case["changes"])
    ]
    assert len(different) <= 14, different


def test_every_verdict_on_avro_is_that_of_avros_own_checker(vectors: Vectors) -> None:
    cases = [case for case in vectors("golden_avro_real.jsonl") if case["compatible"] is not None]
    different = [
        case["id"]
        for case in cases
        if judge(case["reader"], case["writer"], "avro").compatible is not case["compatible"]
    ]
    assert not different
    assert cases


def test_every_avro_history_is_answered_in_its_mode(vectors: Vectors) -> None:
    cases = vectors("confluent_avro_histories.jsonl")
    different = [case["id"] for case in cases if _answer(case) is not case["compatible"]]
    assert not different
    assert len(cases) == 32


def _answer(case: dict[str, Any]) -> bool:
    older = [Schema("AVRO", text) for text in case["history"]]
    asked = pairs(case["mode"], Schema("AVRO", case["new"]), older)
    return all(judge(reader.text, writer.text, "avro").compatible for reader, writer in asked)


def test_command_answers_every_line_of_a_file(vectors: Vectors, tmp_path: Path) -> None:
    cases = vectors("golden_json_real.jsonl")[:50]
    file = tmp_path / "pairs.jsonl"
    lines = [json.dumps({key: case[key] for key in ("id", "reader", "writer")} | {"kind": "json"}) for case in cases]
    file.write_text("\n".join([*lines, "no line", '{"id": 7}', '{"id": 8, "reader": 1, "writer": "{}"}']))
    done = CliRunner().invoke(main, ["compat", "--pairs", str(file), "--as", "confluent"])
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(a["id"], a["compatible"], a["changes"]) for a in answers[:50]] == [
        (case["id"], case["compatible"], case["changes"]) for case in cases
    ]
    assert [(a["id"], a["compatible"], a["changes"]) for a in answers[50:]] == [
        (None, False, []),
        (7, False, []),
        (8, False, []),
    ]
    assert all(answer["problem"] for answer in answers[50:])


def test_any_two_texts_get_an_answer(vectors: Vectors) -> None:
    texts = [case["reader"] for case in vectors("golden_json_real.jsonl")] + ODD
    chosen = random.Random(8)
    for _ in range(5_000):
        answer = judge(chosen.choice(texts), chosen.choice(texts), "json")
        assert answer.compatible or answer.reasons
    for text in ODD:
        assert judge(text, "{}", "json") is not None


def test_types_that_all_refer_to_each_other_are_compared_once_each() -> None:
    assert judge(_types("string"), _types("string"), "json").compatible
    assert not judge(_types("number"), _types("string"), "json").compatible


def _types(kind: str) -> str:
    names = [f"t{number}" for number in range(6)]
    each = {"type": "object", "properties": {name: {"$ref": f"#/definitions/{name}"} for name in names}}
    last = {"type": "object", "properties": {**each["properties"], "value": {"type": kind}}}
    return json.dumps({"definitions": {**dict.fromkeys(names, each), "t5": last}, "$ref": "#/definitions/t0"})


ODD = [
    "5",
    "null",
    "",
    "[" * 5_000,
    '{"not":' * 3_000 + "{}" + "}" * 3_000,
    '{"$schema": 5}',
    '{"$schema": "http://127.0.0.1:1/unknown"}',
    '{"$ref": "#"}',
    '{"anyOf": [{"$ref": "#"}]}',
    '{"not": {"$ref": "#"}}',
    '{"$ref": "#/nowhere"}',
    '{"$ref": "http://127.0.0.1:1/elsewhere"}',
    '{"definitions": {"a": {"$ref": "#/definitions/a"}}, "properties": {"b": {"$ref": "#/definitions/a"}}}',
    '{"properties": {"child": {"$ref": "#"}}}',
    '{"properties": 5}',
    '{"patternProperties": {"(": {}}}',
    '{"multipleOf": 0}',
]

"""Avro verdicts are those of Apache Avro's Java checker, and every break is shown by a record."""

from collections.abc import Callable
from typing import Any

import pytest

from pyevents_codegen.compat import decide

Vectors = Callable[[str], list[dict[str, Any]]]
_VERDICT = {True: "safe", False: "breaking", None: "error"}
_SWAPS = {"BACKWARD": (False,), "FORWARD": (True,), "FULL": (False, True), "NONE": ()}


def test_all_pairs_agree_with_java(vectors: Vectors) -> None:
    cases = vectors("golden_avro_real.jsonl")
    different = [
        (case["id"], verdict.kind, case["compatible"])
        for case in cases
        if (verdict := decide(case["reader"], case["writer"], "avro")).kind != _VERDICT[case["compatible"]]
    ]
    assert not different
    assert len(cases) == 439


def test_all_histories_agree_with_the_registry_in_their_mode(vectors: Vectors) -> None:
    different = [
        case["id"] for case in vectors("confluent_avro_histories.jsonl") if _compatible(case) != case["compatible"]
    ]
    assert not different


def _compatible(case: dict[str, Any]) -> bool:
    mode, _, reach = case["mode"].partition("_")
    history = case["history"] if reach else case["history"][-1:]
    for swapped in _SWAPS[mode]:
        for old in history:
            reader, writer = (old, case["new"]) if swapped else (case["new"], old)
            if decide(reader, writer, "avro").kind != "safe":
                return False
    return True


def test_an_alias_is_read_in_the_namespace_of_its_type() -> None:
    reader = '{"type":"record","name":"New","namespace":"a.b","aliases":["Old"],"fields":[]}'
    writer = '{"type":"record","name":"Old","namespace":"a.b","fields":[]}'
    assert decide(reader, writer, "avro").kind == "safe"


def test_an_alias_of_another_namespace_does_not_count() -> None:
    reader = '{"type":"record","name":"New","namespace":"a.b","aliases":["Old"],"fields":[]}'
    writer = '{"type":"record","name":"Old","namespace":"c.d","fields":[]}'
    assert decide(reader, writer, "avro").rule == "name_mismatch"


def test_the_counterexample_is_the_symbol_that_the_reader_lacks() -> None:
    reader = '{"type":"record","name":"R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}}]}'
    writer = reader.replace('["A"]', '["A","B"]')
    verdict = decide(reader, writer, "avro")
    assert (verdict.kind, verdict.counterexample) == ("breaking", {"e": "B"})


def test_the_counterexample_takes_the_branch_that_the_reader_lacks() -> None:
    reader = '{"type":"record","name":"R","fields":[{"name":"u","type":["null","string"]}]}'
    writer = '{"type":"record","name":"R","fields":[{"name":"u","type":["null","string","boolean"]}]}'
    assert decide(reader, writer, "avro").counterexample == {"u": True}


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"record","name":"1A","fields":[]}',
        '{"type":"enum","name":"E","symbols":["A","A"]}',
        '{"type":"record","name":"A","fields":[{"name":"b","type":"B"}]}',
        "not json",
        '{"type":"array","items":' * 5_000 + '"int"' + "}" * 5_000,
    ],
    ids=["illegal name", "symbol twice", "unknown type", "no JSON", "nested 5,000 deep"],
)
def test_a_bad_avro_schema_is_an_error(text: str) -> None:
    assert decide(text, '"int"', "avro").kind == "error"


def test_a_type_that_contains_itself_is_decided_in_time() -> None:
    fields = [f'{{"name":"f{place}","type":["null","A"]}}' for place in range(40)]
    text = '{"type":"record","name":"A","fields":[' + ",".join(fields) + "]}"
    verdict = decide(text, text.replace('["null","A"]}]', '["null","A","int"]}]'), "avro")
    assert verdict.kind == "breaking"
    assert verdict.counterexample["f39"] == 1
    assert verdict.ms < 10_000

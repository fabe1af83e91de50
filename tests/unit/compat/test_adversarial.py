"""Pairs made to mislead a checker: each has the verdict that its author worked out by hand, in time, and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen.compat import Question, Verdict, decide_all

pytestmark = pytest.mark.slow

_CASES = [
    json.loads(line) for line in Path(__file__).with_name("adversarial.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[dict[str, Any], Verdict]]:
    """Every case with its verdict."""
    asked = [Question(json.dumps(case["reader"]), json.dumps(case["writer"]), "json") for case in _CASES]
    return list(zip(_CASES, decide_all(asked, budget_s=1.0), strict=True))


def test_every_pair_gets_the_verdict_worked_out_by_hand(verdicts: list[tuple[dict[str, Any], Verdict]]) -> None:
    other = [(case, verdict.kind, verdict.reason) for case, verdict in verdicts if verdict.kind != case["verdict"]]
    assert not other


def test_every_break_is_shown_to_both_validators(
    verdicts: list[tuple[dict[str, Any], Verdict]], accepted: Callable[[str, Any], tuple[bool, bool]]
) -> None:
    for case, verdict in verdicts:
        if verdict.kind == "breaking":
            assert accepted(json.dumps(case["writer"]), verdict.counterexample) == (True, True), case
            assert accepted(json.dumps(case["reader"]), verdict.counterexample) == (False, False), case


def test_no_pair_takes_a_second(verdicts: list[tuple[dict[str, Any], Verdict]]) -> None:
    assert not [case for case, verdict in verdicts if verdict.ms > 1_000]

"""Every pair of the registries' public suites gets a sound verdict in time."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyevents_codegen.compat import pairs
from pyevents_codegen.compat.document import read_document
from pyevents_codegen.compat.drawing import Draft, NothingFits
from pyevents_codegen.compat.judges import Judges
from pyevents_codegen.compat.search import Hunt

pytestmark = pytest.mark.slow

Vectors = Callable[[str], list[dict[str, Any]]]
Judged = list[tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def judged(vectors: Vectors) -> Judged:
    cases = vectors("golden_json_real.jsonl")
    lines = (json.dumps({"kind": "json", **{k: case[k] for k in ("id", "reader", "writer")}}) for case in cases)
    return list(zip(cases, pairs(lines), strict=True))


def test_every_pair_is_answered_within_a_second(judged: Judged) -> None:
    late = {case["id"]: answer["ms"] for case, answer in judged if answer["ms"] > 1_000}
    assert not late


def test_at_most_one_pair_in_twenty_is_undecided(judged: Judged) -> None:
    undecided = {case["id"]: answer["reason"] for case, answer in judged if answer["verdict"] == "undecided"}
    assert len(undecided) <= len(judged) / 20, undecided


def test_every_break_has_a_message_that_both_validators_confirm(
    judged: Judged, accepted: Callable[[str, Any], tuple[bool, bool]]
) -> None:
    unconfirmed = [
        case["id"]
        for case, answer in judged
        if answer["verdict"] == "breaking"
        and (
            accepted(case["writer"], answer["counterexample"]) != (True, True)
            or accepted(case["reader"], answer["counterexample"]) != (False, False)
        )
    ]
    assert not unconfirmed


def test_an_error_is_given_only_for_a_schema_that_no_validator_takes(
    judged: Judged, accepted: Callable[[str, Any], tuple[bool, bool]]
) -> None:
    def usable(text: str) -> bool:
        try:
            accepted(text, 0)
        except Exception:
            return False
        return True

    wrong = [
        case["id"]
        for case, answer in judged
        if answer["verdict"] == "error" and usable(case["reader"]) and usable(case["writer"])
    ]
    assert not wrong


def test_no_search_refutes_what_was_proved(judged: Judged, patience: float) -> None:
    refuted = {}
    for seed, (case, answer) in enumerate(judged):
        if answer["verdict"] == "safe":
            found = _searched(case["reader"], case["writer"], 0.01 * patience, seed)
            if found is not None:
                refuted[case["id"]] = found[0]
    assert not refuted


def test_hypothesis_refutes_no_proof(judged: Judged, patience: float) -> None:
    proved = [case for case, answer in judged if answer["verdict"] == "safe"]
    for case in proved[:: max(1, int(25 / patience))]:
        _try_to_refute(case["reader"], case["writer"], int(25 * max(1.0, patience / 25)))


def test_agreement_with_the_registry_is_printed(judged: Judged) -> None:
    table = Counter((answer["verdict"], case["compatible"]) for case, answer in judged)
    for line in _table(table, sorted(answer["ms"] for _, answer in judged)):
        print(line)
    assert table["safe", True] > 700 and table["breaking", False] > 600


def _searched(reader: str, writer: str, seconds: float, seed: int) -> tuple[Any] | None:
    ours, theirs = read_document(reader, "reader"), read_document(writer, "writer")
    refuses, admits = Judges(ours, "reader"), Judges(theirs, "writer")

    def breaks(message: Any) -> bool:
        return admits.fast(message) and not refuses.fast(message)

    return Hunt(breaks, ours, theirs, seed).until(time.monotonic() + seconds)


def _try_to_refute(reader: str, writer: str, examples: int) -> None:
    ours, theirs = read_document(reader, "reader"), read_document(writer, "writer")
    refuses, admits = Judges(ours, "reader"), Judges(theirs, "writer")

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False), st.floats(0, 1))
    def no_message_is_lost(rng: random.Random, fullness: float) -> None:
        try:
            message = Draft(theirs, rng, fullness).draw([theirs.value])
        except NothingFits:
            return
        assert refuses.fast(message) or not admits.fast(message), (reader, writer)

    no_message_is_lost()


def _table(table: Counter[tuple[str, bool | None]], ms: list[float]) -> Iterator[str]:
    yield f"\n{'':12}{'registry: yes':>16}{'registry: no':>16}{'registry: fails':>16}"
    for verdict in ("safe", "breaking", "undecided", "error"):
        yield f"{verdict:12}" + "".join(f"{table[verdict, known]:16}" for known in (True, False, None))
    share = {f"p{part}": round(ms[len(ms) * part // 100], 2) for part in (50, 90, 99)}
    yield f"milliseconds {share} max {ms[-1]:.0f}"

"""The judge of the consumer's torture sees what it is there to see."""

from __future__ import annotations

from tests.torture.consume import Handled, judge


def handled(*events: tuple[int, str]) -> list[Handled]:
    return [Handled("patient-events 7", number, event_id) for number, event_id in events]


def test_events_handled_again_or_dead_are_well() -> None:
    verdict = judge({"a", "b", "c"}, {"a", "b", "c", "d"}, handled((1, "a"), (3, "c"), (1, "a"), (3, "c")), ["b", "b"])
    assert verdict["good"], verdict
    assert (verdict["handled"], verdict["handled_again"], verdict["dead_letters_again"]) == (2, 2, 1)


def test_event_that_is_nowhere_is_lost() -> None:
    verdict = judge({"a", "b"}, {"a", "b"}, handled((1, "a")), [])
    assert (verdict["good"], verdict["lost"], verdict["examples"]) == (False, 1, ["b"])


def test_event_first_handled_after_a_later_one_is_swapped() -> None:
    verdict = judge({"a", "b"}, {"a", "b"}, handled((2, "b"), (1, "a")), [])
    assert (verdict["good"], verdict["swapped"]) == (False, 1)


def test_event_that_nobody_sent_is_strange() -> None:
    assert judge({"a"}, {"a"}, handled((1, "a")), ["x"])["strange"] == 1


def test_run_without_events_proves_nothing() -> None:
    assert not judge(set(), set(), [], [])["good"]

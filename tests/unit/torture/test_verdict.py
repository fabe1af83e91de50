"""The judge of the torture finds what it is there to find."""

from __future__ import annotations

from tests.torture.verdict import Seen, judge


def events(*numbers: int, key: str = "patient-events 7") -> list[Seen]:
    return [Seen(key, number, f"{key} {number}") for number in numbers]


def test_all_there_and_in_order_is_good() -> None:
    verdict = judge(events(1, 2, 3), events(1, 2, 3))
    assert verdict.good
    assert (verdict.accepted, verdict.delivered, verdict.doubles) == (3, 3, 0)


def test_lost_event_is_found_and_named() -> None:
    verdict = judge(events(1, 2, 3), events(1, 3))
    assert (verdict.good, verdict.lost) == (False, 1)
    assert "number 2" in verdict.examples[0]


def test_events_sent_again_in_order_are_doubles_and_no_swap() -> None:
    verdict = judge(events(1, 2, 3), events(1, 2, 1, 2, 3))
    assert (verdict.good, verdict.doubles, verdict.swapped) == (True, 2, 0)


def test_event_that_first_appears_behind_a_later_one_is_swapped() -> None:
    verdict = judge(events(1, 2, 3), events(1, 3, 2))
    assert (verdict.good, verdict.lost, verdict.swapped) == (False, 0, 1)


def test_keys_are_judged_by_themselves() -> None:
    other = events(1, 2, key="patient-events 8")
    assert judge([*events(1, 2), *other], [other[0], *events(1, 2), other[1]]).good


def test_key_that_ends_too_early_is_told() -> None:
    verdict = judge(events(1, 2), events(1))
    assert (verdict.good, verdict.last_wrong) == (False, 1)


def test_event_accepted_and_never_told_is_delivered_without_being_missed() -> None:
    verdict = judge(events(1, 2), events(1, 2, 3))
    assert (verdict.good, verdict.accepted, verdict.delivered) == (True, 2, 3)

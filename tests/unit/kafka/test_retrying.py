"""What is told from librdkafka's statistics; the figures are those measured with a broker behind the tests' proxy."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from pyevents.kafka.retrying import Retrying

TAKEN = [(2 * look, 2 * look) for look in range(20)]
CORRUPT = [(1, 9 + 2 * look) for look in range(20)]
FROZEN = [(7, 8), (7, 9), (7, 10), (7, 11), (7, 12)] + [(7, 12)] * 20
IDLE = [(7, 7)] * 20
BROKER_AWAY_NOW_AND_THEN = [(look - look % 4, look) for look in range(40)]


def found(*looks: Iterable[tuple[int, int]]) -> list[frozenset[str]]:
    """Look at topics named `0`, `1`, … whose one partition had these (acknowledged, sent) messages."""
    retrying = Retrying()
    return [
        retrying.look(
            json.dumps(
                {
                    "name": "service#producer-1",
                    "topics": {
                        str(topic): {"partitions": {"0": {"partition": 0, "acked_msgid": acked, "txmsgs": sent}}}
                        for topic, (acked, sent) in enumerate(at_once)
                    },
                }
            )
        )
        for at_once in zip(*looks, strict=True)
    ]


def test_topic_whose_events_are_sent_on_and_on_and_never_taken_is_told_from_the_others() -> None:
    looks = found(CORRUPT, TAKEN, IDLE)
    assert looks[5] == frozenset()
    assert looks[6:] == [frozenset({"0"})] * 14


@pytest.mark.parametrize(
    "looks",
    [TAKEN, FROZEN, IDLE, BROKER_AWAY_NOW_AND_THEN],
    ids=["taken", "five requests without an answer", "idle", "now and then"],
)
def test_topic_of_a_broker_that_is_slow_or_away_is_left_alone(looks: list[tuple[int, int]]) -> None:
    assert set(found(looks)) == {frozenset()}


def test_topic_that_goes_on_is_no_longer_told() -> None:
    assert found([*CORRUPT[:10], (50, 50), (51, 52)])[-3:] == [frozenset({"0"}), frozenset(), frozenset()]

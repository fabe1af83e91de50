from __future__ import annotations

import pytest

from pyevents.outcome import Outcome, after_fault, in_words
from pyevents.transport import Fault


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault("_GAPLESS_GUARANTEE", "", fatal=True), Outcome.REPLACE),
        (Fault("OUT_OF_ORDER_SEQUENCE_NUMBER", "", fatal=True), Outcome.REPLACE),
        (Fault("_PURGE_QUEUE", ""), Outcome.REPLACE),
        (Fault("TOPIC_AUTHORIZATION_FAILED", ""), Outcome.WAIT),
        (Fault("UNKNOWN_TOPIC_OR_PART", ""), Outcome.WAIT),
        (Fault("_UNKNOWN_TOPIC", ""), Outcome.WAIT),
        (Fault("_AUTHENTICATION", ""), Outcome.WAIT),
        (Fault("MSG_SIZE_TOO_LARGE", ""), Outcome.REJECT),
        (Fault("POLICY_VIOLATION", ""), Outcome.REJECT),
        (Fault("INVALID_MSG", ""), Outcome.REJECT),
        (Fault("INVALID_TIMESTAMP", ""), Outcome.REJECT),
        (Fault("NOT_LEADER_FOR_PARTITION", ""), Outcome.RESEND),
        (Fault("REQUEST_TIMED_OUT", ""), Outcome.RESEND),
        (Fault("THROTTLING_QUOTA_EXCEEDED", ""), Outcome.RESEND),
        (Fault("A_CODE_OF_NEXT_YEAR", ""), Outcome.RESEND),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else value.name,
)
def test_each_fault_has_its_outcome(fault: Fault, outcome: Outcome) -> None:
    assert after_fault(fault) is outcome


def test_brokers_that_are_away_are_told_with_what_to_look_at() -> None:
    why = "kafka:9092/bootstrap: Failed to resolve 'kafka:9092'"
    for text, reason in ((why, why), ("0/2 brokers are down", "none can be reached")):
        said = in_words(Fault("_ALL_BROKERS_DOWN", text))
        assert said == f"_ALL_BROKERS_DOWN: {reason}. Is Kafka running, and is KAFKA_BOOTSTRAP_SERVERS right?"


def test_a_fault_that_a_person_mends_is_said_in_words() -> None:
    assert in_words(Fault("_UNKNOWN_TOPIC", "Local: Unknown topic")) == "_UNKNOWN_TOPIC: the topic does not exist"
    assert in_words(Fault("X", "what the broker says")) == "X: what the broker says"

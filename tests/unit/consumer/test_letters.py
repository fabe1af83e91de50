"""Dead letters that the broker does not take: none vanishes, and none holds up another."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from pyevents.consumer.letters import Letters
from pyevents.transport import Fault, Record
from tests.suite.place import wait_until
from tests.suite.refusing import RefusingTransport

TOPIC, OTHER = "patient-events.matching-service.dlq", "therapist-events.matching-service.dlq"
VALUES = ["first", "Oschatz", "behind it", "last"]


class _Sending:
    """Letters on their way, and the values of those that the broker confirmed."""

    def __init__(self, broker: RefusingTransport) -> None:
        self.broker = broker
        self.confirmed: list[str] = []
        self.letters = Letters(broker, "matching-service-letters", 1_000_000)

    def send(self, value: str, topic: str = TOPIC) -> None:
        self.letters.send(Record(topic, value.encode(), value.encode()), lambda: self.confirmed.append(value))


@pytest.fixture(params=[True, False], ids=["repeated without a word", "refused with its batch"])
def sending(request: pytest.FixtureRequest) -> Iterator[_Sending]:
    made = _Sending(RefusingTransport(b"Oschatz", Fault("INVALID_MSG", ""), silent=request.param))
    yield made
    made.letters.close()


def test_letter_that_the_broker_calls_corrupt_is_tried_until_it_is_taken_and_the_others_go_on(
    sending: _Sending,
) -> None:
    for value in VALUES:
        sending.send(value)
    sending.send("of another topic", OTHER)
    wait_until(lambda: len(sending.confirmed) == 4, "the others are confirmed")
    assert sorted(sending.confirmed) == ["behind it", "first", "last", "of another topic"]
    closed = sending.broker.closed
    wait_until(lambda: sending.broker.closed > closed, "it is tried again")
    sending.send("later")
    wait_until(lambda: "later" in sending.confirmed, "a new one is confirmed")
    assert "Oschatz" not in sending.confirmed
    sending.broker.mark = b"nothing any more"
    wait_until(lambda: "Oschatz" in sending.confirmed, "it is confirmed in the end")
    assert len(sending.confirmed) == 6, "each is confirmed once"


def test_letters_go_on_once_the_certificate_for_a_new_client_is_there(
    sending: _Sending, caplog: pytest.LogCaptureFixture
) -> None:
    sending.send("first")
    wait_until(lambda: sending.confirmed == ["first"], "the first client works")
    sending.broker.unmade = 2
    for value in ["Oschatz", "behind it"]:
        sending.send(value)
    wait_until(lambda: "behind it" in sending.confirmed, "the other is confirmed")
    assert sending.broker.unmade == 0
    assert "the certificate cannot be read" in caplog.text


def test_log_says_why_a_letter_is_not_taken_and_quotes_none(
    sending: _Sending, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "pyevents.consumer"):
        sending.send("Oschatz")
        sending.send("of another topic", OTHER)
        wait_until(lambda: "INVALID_MSG: the broker finds the record corrupt" in caplog.text, "the log says why")
    assert f"a dead letter for {TOPIC} was not taken" in caplog.text
    assert "_PURGE" not in caplog.text and "Oschatz" not in caplog.text

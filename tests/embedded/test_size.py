"""An event too large for the client is refused at the caller, by the limit that the client was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.dev.embedded import Embedded
from pyevents.errors import EventTooLarge
from pyevents.events import EmailSend, PatientDeleted

MAIL: dict[str, Any] = {
    "request_id": "r",
    "empfaenger_email": "a@example.org",
    "empfaenger_name": "A",
    "betreff": "B",
    "inhalt_text": "t" * 50_000,
}


@pytest.fixture
def make(embedded: Embedded) -> Iterator[Any]:
    made: list[RobustKafkaProducer] = []

    def new(properties: dict[str, int]) -> RobustKafkaProducer:
        places = {"bootstrap_servers": embedded.bootstrap_servers, "schema_registry_url": embedded.registry_url}
        made.append(RobustKafkaProducer(**places, auto_register=True, spool=None, properties=properties))
        return made[-1]

    yield new
    for producer in made:
        producer.close(0)


@pytest.mark.parametrize("limit", [5_000, 1_000_000, 2_000_000])
def test_what_is_accepted_is_sent_and_one_byte_more_is_refused(make: Any, limit: int) -> None:
    producer = make({} if limit == 1_000_000 else {"message.max.bytes": limit})

    def publish(length: int) -> None:
        producer.publish(PatientDeleted(patient_id=7), headers={"x-note": "n" * length, "x-trace": b"0af765"})

    with pytest.raises(EventTooLarge, match=r"message\.max\.bytes") as refused:
        publish(limit)
    assert refused.value.limit == limit
    largest = limit - (refused.value.size - refused.value.limit)
    with pytest.raises(EventTooLarge):
        publish(largest + 1)
    publish(largest)
    assert producer.flush(20) == 0, producer.status()


def test_a_long_body_counts(make: Any) -> None:
    with pytest.raises(EventTooLarge):
        make({"message.max.bytes": 50_000}).publish(EmailSend(**MAIL))
    large = make({"message.max.bytes": 60_000})
    large.publish(EmailSend(**MAIL))
    assert large.flush(20) == 0


def test_the_limit_comes_from_the_environment_too(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_MESSAGE_MAX_BYTES", "50000")
    with pytest.raises(EventTooLarge):
        make({}).publish(EmailSend(**MAIL))

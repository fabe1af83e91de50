"""Each step of docs/migration.md: services built on kafka-python beside ours, on one broker."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import kafka
import pytest

from pyevents import EventSchema
from pyevents.dev.real.kafka import RealKafka
from pyevents.errors import ConfigurationInvalid
from pyevents.events import EmailSend, MatchCreated
from tests.suite.place import Place, Running, wait_until

TOPIC = "matching-events"


def old_event(match_id: int, notes: str) -> dict[str, Any]:
    """An event as the document's EventSchema wrote it: UUIDv4, timestamp without offset."""
    return {
        "eventId": str(uuid4()),
        "eventType": "match.created",
        "version": "1.0",
        "timestamp": "2025-05-01T10:00:00.123456",
        "producer": "matching-service",
        "payload": {"match_id": match_id, "patient_id": 1, "therapist_id": 2, "notes": notes},
    }


def old_send(servers: str, *events: dict[str, Any]) -> None:
    producer = kafka.KafkaProducer(
        bootstrap_servers=servers, value_serializer=lambda value: json.dumps(value).encode("utf-8")
    )
    for event in events:
        producer.send(TOPIC, event).get(20)
    producer.close()


def old_read(servers: str, group: str, mark: str, count: int) -> list[EventSchema]:
    """Read as the document's consumer did, and commit after each event."""
    consumer = kafka.KafkaConsumer(
        TOPIC,
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        value_deserializer=lambda value: json.loads(value.decode("utf-8")) if value[:1] == b"{" else {},
    )
    found: list[EventSchema] = []

    def look() -> bool:
        for messages in consumer.poll(timeout_ms=200).values():
            for message in messages:
                if message.value and message.value["payload"].get("notes") == mark:
                    found.append(EventSchema.from_mapping(message.value))
                consumer.commit()
        return len(found) >= count

    wait_until(look, f"the old consumer reads {count} events")
    consumer.close()
    return found


def test_step_1_our_consumer_takes_over_the_group_of_an_old_one(place: Place, real_kafka: RealKafka, mark: str) -> None:
    group = f"communication-service.{mark[:8]}"
    old_send(real_kafka.bootstrap_servers, old_event(1, mark))
    assert len(old_read(real_kafka.bootstrap_servers, group, mark, 1)) == 1
    after = old_event(2, mark)
    old_send(real_kafka.bootstrap_servers, after)
    seen: list[tuple[MatchCreated, EventSchema]] = []
    consumer = place.consumer(group)

    @consumer.on(MatchCreated)
    def tell(match: MatchCreated, event: EventSchema) -> None:
        if match.notes == mark:
            seen.append((match, event))

    Running(consumer.run)
    wait_until(lambda: seen, "our consumer goes on where the old one was")
    assert [match.match_id for match, _ in seen] == [2]
    assert seen[0][1].to_dict() == after
    assert seen[0][1].time.tzinfo is not None


def test_step_2_old_consumers_read_our_unframed_events(place: Place, real_kafka: RealKafka, mark: str) -> None:
    producer = place.producer("matching-service", framing="none")
    producer.publish(MatchCreated(match_id=3, patient_id=1, therapist_id=2, notes=mark))
    assert producer.flush(20) == 0
    found = old_read(real_kafka.bootstrap_servers, f"old.{mark[:8]}", mark, 1)
    assert found[0].payload["match_id"] == 3


def test_step_2_avro_is_refused_unframed(place: Place) -> None:
    command = EmailSend(
        request_id="r", empfaenger_email="a@example.org", empfaenger_name="A", betreff="B", inhalt_text="C"
    )
    with pytest.raises(ConfigurationInvalid, match="Avro"):
        place.producer("matching-service", framing="none").publish(command)


def test_step_3_framed_and_unframed_events_are_read_from_one_topic(
    place: Place, real_kafka: RealKafka, mark: str
) -> None:
    old_send(real_kafka.bootstrap_servers, old_event(1, mark))
    for number, framing in ((2, "none"), (3, "confluent")):
        producer = place.producer("matching-service", framing=framing)
        producer.publish(MatchCreated(match_id=number, patient_id=1, therapist_id=2, notes=mark))
        assert producer.flush(20) == 0
    seen: list[int] = []
    consumer = place.consumer(f"communication-service.{mark[:8]}")
    consumer.on(MatchCreated)(lambda match: seen.append(match.match_id) if match.notes == mark else None)
    Running(consumer.run)
    wait_until(lambda: len(seen) >= 3, "all three arrive")
    assert sorted(seen) == [1, 2, 3]

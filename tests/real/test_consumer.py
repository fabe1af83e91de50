"""What a consumer needs a real broker for: protocols of membership, rights to topics, and the limits of records."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from pyevents.dev.real.kafka import RealKafka
from pyevents.errors import ConfigurationInvalid
from pyevents.events import GeocodingCalculateDistance, PatientDeleted
from pyevents.kafka import KafkaTransport
from pyevents.transport import Record
from tests.suite.place import Place, Running, wait_until


def member(
    place: Place, servers: str, group: str, seen: list[int], properties: dict[str, str], **options: Any
) -> Running:
    transport = KafkaTransport(servers, properties)
    consumer = place.consumer(group, transport=transport, **options)
    consumer.on(PatientDeleted)(lambda patient: seen.append(patient.patient_id))
    return Running(consumer.run)


def test_members_share_the_partitions_by_the_protocol_of_kip_848(place: Place, real_kafka: RealKafka) -> None:
    group, seen = f"matching-service.{uuid4().hex[:8]}", (list[int](), list[int]())
    number, producer = int(uuid4().hex[:6], 16) + 1, place.producer()
    for one in seen:
        # The other assignor of the broker may give one member all of this topic, and the other its retry topic.
        properties = {"group.protocol": "consumer", "group.remote.assignor": "range"}
        member(place, real_kafka.bootstrap_servers, group, one, properties, dead_letter_limit=None)
    published = set[int]()

    def both_have_some() -> bool:
        published.add(number + len(published))
        producer.publish(PatientDeleted(patient_id=max(published)))
        producer.flush(20)
        return all(published & set(one) for one in seen)

    wait_until(both_have_some, "both members handle events", 90)  # heartbeats are 5 s apart
    wait_until(lambda: published <= {*seen[0], *seen[1]}, "every event is handled")


def test_static_member_comes_back_to_its_partitions_without_waiting(place: Place, real_kafka: RealKafka) -> None:
    group, seen = f"matching-service.{uuid4().hex[:8]}", list[int]()
    number, producer = int(uuid4().hex[:6], 16) + 1, place.producer()
    # Another member would wait these five minutes for one that left without a word.
    properties = {"group.instance.id": "matching-1", "session.timeout.ms": "290000"}
    for round in (number, number + 1):
        running = member(place, real_kafka.bootstrap_servers, group, seen, properties)
        producer.publish(PatientDeleted(patient_id=round))
        wait_until(lambda round=round: round in seen, "the event is handled")
        place.made[-1].close()
        running.join()


def test_missing_dead_letter_topic_is_named_at_the_start_with_the_command(place: Place) -> None:
    consumer = place.consumer("matching-service.x")
    consumer.on(GeocodingCalculateDistance)(lambda event: None)
    with pytest.raises(ConfigurationInvalid) as refused:
        consumer.run()
    assert "geocoding-requests.matching-service.dlq" in str(refused.value)
    assert "pyevents topics apply" in str(refused.value)


def test_record_at_the_broker_s_limit_becomes_a_dead_letter(place: Place, real_kafka: RealKafka) -> None:
    mark = uuid4().hex.encode()
    junk = b"\xff" + mark + bytes(1_048_588 - 200)
    big = KafkaTransport(real_kafka.bootstrap_servers, {"message.max.bytes": 2_000_000})
    Place(lambda: big, place.registry, real_kafka).send_raw(Record("patient-events", b"1", junk))
    consumer = place.consumer(f"matching-service.{mark[:8].decode()}")
    consumer.on(PatientDeleted)(lambda patient: None)
    Running(consumer.run)
    topic = "patient-events.matching-service.dlq"
    (letter,) = place.read(topic, lambda one: (one.value or b"").startswith(junk[:40]))
    assert letter.value == junk

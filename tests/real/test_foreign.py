"""Foreign clients read what we write, and we read what they write."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.events import EmailSend, MatchStatusChanged, PatientCreated
from pyevents.transport import Record
from tests.suite.place import Place, Running, wait_until


@pytest.fixture
def client(real_registry: RealRegistry) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": real_registry.url})


def message(event_type: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventId": str(uuid4()),
        "eventType": event_type,
        "version": "1.0",
        "timestamp": "2026-11-23T07:00:00.000000Z",
        "producer": "foreign-service",
        "payload": payload,
    }


def subject_strategy(subject: str) -> Any:
    return lambda *_: subject


def raw_messages(servers: str, topic: str, mark: str) -> bytes:
    """Return the first message on a topic whose bytes hold the mark, read by a bare client."""
    reader = confluent_kafka.Consumer(
        {"bootstrap.servers": servers, "group.id": f"raw-{uuid4()}", "auto.offset.reset": "earliest"}
    )
    reader.subscribe([topic])
    found: list[bytes] = []

    def look() -> list[bytes]:
        for one in reader.consume(100, 0.2):
            value = one.value()
            if value and mark.encode() in value:
                found.append(value)
        return found

    wait_until(look, f"a message with the mark on {topic}")
    reader.close()
    return found[0]


def test_kafkas_own_console_consumer_reads_our_messages(place: Place, real_kafka: RealKafka, mark: str) -> None:
    producer = place.producer("matching-service")
    producer.publish(MatchStatusChanged(match_id=7, new_status="angenommen", reason=f"für {mark}"))
    assert producer.flush(20) == 0
    done = real_kafka.tool(  # on a topic where no other test leaves bytes that are no text
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        *("--bootstrap-server", real_kafka.bootstrap_servers, "--topic", "matching-events"),
        *("--from-beginning", "--timeout-ms", "8000"),
    )
    line = next(line for line in done.stdout.splitlines() if mark in line)
    assert json.loads(line[line.index("{") :])["payload"] == {
        "match_id": 7,
        "new_status": "angenommen",
        "reason": f"für {mark}",
    }


@pytest.mark.parametrize("kind", ["json", "avro"])
def test_confluents_serializer_is_read_by_our_consumer(
    kind: str, place: Place, client: SchemaRegistryClient, mark: str
) -> None:
    event_type = {"json": "patient.created", "avro": "email.send"}[kind]
    major, version = load().contract(event_type).find(None)
    topic = load().contract(event_type).topic
    payload: dict[str, Any] = {"patient_id": 7, "vorname": "Uwe", "nachname": mark}
    if kind == "avro":
        payload = {"request_id": mark, "empfaenger_email": "a@example.org", "empfaenger_name": "A"}
        payload |= {"betreff": "B", "inhalt_text": "C"}
    conf = {"auto.register.schemas": True, "subject.name.strategy": subject_strategy(major.subject)}
    serializer: Any = JSONSerializer if kind == "json" else AvroSerializer
    serialize = (
        serializer(version.schema, client, conf=conf)
        if kind == "json"
        else serializer(client, version.schema, conf=conf)
    )
    value = serialize(message(event_type, payload), SerializationContext(topic, MessageField.VALUE))
    place.send_raw(Record(topic, mark.encode(), value))
    seen: list[Any] = []
    consumer = place.consumer(f"communication-service.{mark[:8]}")
    consumer.on(event_type)(lambda event: seen.append(event) if mark in repr(event) else None)
    Running(consumer.run)
    wait_until(lambda: seen, "the foreign event arrives")
    expected = PatientCreated(**payload) if kind == "json" else EmailSend(**payload)
    assert seen == [expected]


@pytest.mark.parametrize("kind", ["json", "avro"])
def test_our_messages_are_read_by_confluents_deserializer(
    kind: str, place: Place, real_kafka: RealKafka, client: SchemaRegistryClient, mark: str
) -> None:
    producer = place.producer()
    if kind == "json":
        topic = "patient-events"
        producer.publish(PatientCreated(patient_id=7, vorname="Eva", nachname=mark))
    else:
        topic = "email-commands"
        producer.publish(
            EmailSend(
                request_id=mark, empfaenger_email="a@example.org", empfaenger_name="A", betreff="B", inhalt_text="C"
            )
        )
    assert producer.flush(20) == 0
    value = raw_messages(real_kafka.bootstrap_servers, topic, mark)
    read: Any = JSONDeserializer(None, schema_registry_client=client) if kind == "json" else AvroDeserializer(client)
    found = read(value, SerializationContext(topic, MessageField.VALUE))
    assert mark in (found["payload"].get("nachname"), found["payload"].get("request_id"))
    assert found["producer"] == "patient-service"


def test_ten_thousand_events_arrive_in_order_per_key(place: Place, mark: str) -> None:
    producer, seen = place.producer(), dict[int, list[int]]()
    consumer = place.consumer()

    @consumer.on(PatientCreated)
    def match(patient: PatientCreated) -> None:
        if patient.nachname == mark:
            seen.setdefault(patient.patient_id, []).append(int(patient.vorname))

    Running(consumer.run)
    for number in range(10_000):
        producer.publish(PatientCreated(patient_id=number % 97 + 1, vorname=str(number), nachname=mark))
    assert producer.flush(60) == 0
    wait_until(lambda: sum(map(len, seen.values())) >= 10_000, "all 10,000 arrive", 60)
    for key, numbers in seen.items():
        assert numbers == [number for number in range(10_000) if number % 97 + 1 == key], f"key {key}"


def test_newer_minor_of_another_service_is_read_with_our_own_reader(
    place: Place, client: SchemaRegistryClient, mark: str
) -> None:
    major, version = load().contract("patient.created").find(None)
    newer = json.loads(version.schema)
    newer["properties"]["payload"]["properties"]["lieblingsfarbe"] = {"type": "string", "maxLength": 20}
    serialize = JSONSerializer(
        json.dumps(newer), client, conf={"subject.name.strategy": subject_strategy(f"{major.subject}-{mark}")}
    )
    sent = message("patient.created", {"patient_id": 1, "vorname": "Uwe", "nachname": mark, "lieblingsfarbe": "blau"})
    sent["version"] = "1.7"
    value = serialize(sent, SerializationContext("patient-events", MessageField.VALUE))
    place.send_raw(Record("patient-events", b"1", value))
    seen: list[PatientCreated] = []
    consumer = place.consumer()
    consumer.on(PatientCreated)(lambda patient: seen.append(patient) if patient.nachname == mark else None)
    Running(consumer.run)
    wait_until(lambda: seen, "the newer event arrives")
    assert seen == [PatientCreated(patient_id=1, vorname="Uwe", nachname=mark)]

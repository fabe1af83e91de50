"""Events per second of our publish path and of Confluent's JSONSerializer, same broker, same events, one process.

The payload is the fullest valid example of `patient.created`, and the flush is inside the timing. Ends with one line
of JSON: figures and ratios.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import msgspec
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.pair import RealPair
from pyevents.events import PatientCreated
from pyevents.kafka import KafkaTransport

PAYLOAD = json.loads((Path(__file__).parents[1] / "schemas/patient.created/examples/1.0/full.json").read_text())
OURS, THEIRS, ROUNDS = 20_000, 4_000, 3


def ours(pair: RealPair) -> float:
    """Return microseconds per event of `publish`."""
    event = msgspec.convert(PAYLOAD, PatientCreated)
    with RobustKafkaProducer(
        pair.bootstrap_servers, "bench", schema_registry_url=pair.registry_url, auto_register=True, spool=None
    ) as producer:
        producer.publish(event)
        assert producer.flush(30) == 0
        began = time.perf_counter()
        for _ in range(OURS):
            producer.publish(event)
        assert producer.flush(120) == 0
        return (time.perf_counter() - began) / OURS * 1e6


def confluent(pair: RealPair) -> float:
    """Return microseconds per event of `JSONSerializer` and `produce`."""
    major, version = load().contract("patient.created").find(None)
    client = SchemaRegistryClient({"url": pair.registry_url})
    conf = {"subject.name.strategy": lambda *_: major.subject, "auto.register.schemas": True}
    serialize: Any = JSONSerializer(version.schema, client, conf=conf)
    producer = confluent_kafka.Producer({"bootstrap.servers": pair.bootstrap_servers, "enable.idempotence": True})
    context = SerializationContext("patient-events", MessageField.VALUE)

    def send() -> None:
        message = {
            "eventId": str(uuid4()),
            "eventType": "patient.created",
            "version": "1.0",
            "timestamp": "2026-11-23T07:00:00.000000Z",
            "producer": "bench",
            "payload": PAYLOAD,
        }
        producer.produce("patient-events", serialize(message, context), str(PAYLOAD["patient_id"]).encode())
        producer.poll(0)

    send()
    producer.flush(30)
    began = time.perf_counter()
    for _ in range(THEIRS):
        send()
    assert producer.flush(120) == 0
    return (time.perf_counter() - began) / THEIRS * 1e6


def median(measure: Callable[[RealPair], float], pair: RealPair) -> float:
    return statistics.median(measure(pair) for _ in range(ROUNDS))


def main() -> None:
    with RealPair() as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.every_topic)
        figures = {"ours_us": median(ours, pair), "confluent_json_us": median(confluent, pair)}
    ratio = figures["confluent_json_us"] / figures["ours_us"]
    print(json.dumps({name: round(value, 1) for name, value in figures.items()} | {"ratio": round(ratio, 2)}))


if __name__ == "__main__":
    main()

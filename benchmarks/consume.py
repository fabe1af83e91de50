"""Events per second of our consumer with a no-op handler and of a loop with Confluent's JSONDeserializer, one broker.

The events are the fullest valid example of `patient.created`. Ends with one line of JSON: figures and ratios.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import msgspec
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.pair import RealPair
from pyevents.events import PatientCreated
from pyevents.kafka import KafkaTransport

PAYLOAD = json.loads((Path(__file__).parents[1] / "schemas/patient.created/examples/1.0/full.json").read_text())
COUNT = 20_000


def fill(pair: RealPair) -> None:
    event = msgspec.convert(PAYLOAD, PatientCreated)
    with RobustKafkaProducer(
        pair.bootstrap_servers, "bench", schema_registry_url=pair.registry_url, auto_register=True, spool=None
    ) as producer:
        for _ in range(COUNT):
            producer.publish(event)
        assert producer.flush(120) == 0


def ours(pair: RealPair) -> float:
    """Return microseconds per event, from the first handled to the last."""
    consumer = KafkaConsumer(
        group_id=f"bench-{uuid4()}",
        bootstrap_servers=pair.bootstrap_servers,
        schema_registry_url=pair.registry_url,
    )
    times: list[float] = []

    @consumer.on(PatientCreated)
    def nothing(patient: PatientCreated) -> None:
        times.append(time.perf_counter())
        if len(times) == COUNT:
            consumer.close()

    consumer.run()
    return (times[-1] - times[0]) / COUNT * 1e6


def confluent(pair: RealPair) -> float:
    """Return microseconds per event of `poll` and `JSONDeserializer`, from the first to the last."""
    client = SchemaRegistryClient({"url": pair.registry_url})
    read: Any = JSONDeserializer(None, schema_registry_client=client)
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": pair.bootstrap_servers, "group.id": str(uuid4()), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["patient-events"])
    context = SerializationContext("patient-events", MessageField.VALUE)
    times: list[float] = []
    while len(times) < COUNT // 4:
        message = consumer.poll(5)
        if message is not None and message.error() is None:
            read(message.value(), context)
            times.append(time.perf_counter())
    consumer.close()
    return (times[-1] - times[0]) / len(times) * 1e6


def main() -> None:
    with RealPair() as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.every_topic)
        fill(pair)
        figures = {"ours_us": ours(pair), "confluent_json_us": confluent(pair)}
    ratio = figures["confluent_json_us"] / figures["ours_us"]
    print(json.dumps({name: round(value, 1) for name, value in figures.items()} | {"ratio": round(ratio, 2)}))


if __name__ == "__main__":
    main()

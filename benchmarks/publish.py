"""Microseconds of an event published by ours, by Confluent's serializers and by FastStream: one broker, one process.

JSON is the fullest valid example of `patient.created`, Avro that of `email.send`; ours validates and is durable, and
the flush is inside every timing. Rounds are short and interleaved, and the best of each kind counts: whatever else runs
on a machine only ever makes a round slower.
Ends with one line of JSON: figures and ratios.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import msgspec
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.codec.payload import PayloadRules, plain
from pyevents.dev.real.pair import RealPair
from pyevents.envelope import new_event_id, timestamp_text
from pyevents.events import EmailSend, PatientCreated
from pyevents.kafka import KafkaTransport
from pyevents.label import Label
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry

EXAMPLES = Path(__file__).parents[1] / "schemas"
JSON = json.loads((EXAMPLES / "patient.created/examples/1.0/full.json").read_text())
AVRO = json.loads((EXAMPLES / "email.send/examples/1.0/full.json").read_text())
EVENTS = {"json": msgspec.convert(JSON, PatientCreated), "avro": msgspec.convert(AVRO, EmailSend)}
TYPES = {"json": "patient.created", "avro": "email.send"}
MANY, FEW, ROUNDS = 5_000, 1_000, 18
PROPERTIES = {"enable.idempotence": True, "acks": "all", "linger.ms": 5}


class Bench:
    """What is measured, on a broker and a registry that run."""

    def __init__(self, servers: str, url: str, stop: Callable[[], None]) -> None:
        self.servers = servers
        self.url = url
        self.stop_broker = stop

    def producer(self) -> RobustKafkaProducer:
        return RobustKafkaProducer(
            self.servers, f"bench-{uuid4().hex[:8]}", schema_registry_url=self.url, auto_register=True
        )

    def ours(self, form: str) -> float:
        """`publish`: validated, in the spool on disk, delivered."""
        event = EVENTS[form]
        with self.producer() as producer:
            producer.publish(event)
            assert producer.flush(60) == 0
            return per_event(MANY, lambda: producer.publish(event), lambda: producer.flush(120))

    def confluent(self, form: str) -> float:
        """`JSONSerializer` or `AvroSerializer` and `produce`, as Confluent's own examples have it.

        Validated, in memory, delivered, each with a report: who asks for none does not learn of a lost event.
        """
        contract = load().contract(TYPES[form])
        major, version = contract.find(None)
        client = SchemaRegistryClient({"url": self.url})
        conf = {"subject.name.strategy": lambda *_: major.subject, "auto.register.schemas": True}
        serialize: Any = (
            JSONSerializer(version.schema, client, conf=conf)
            if form == "json"
            else AvroSerializer(client, version.schema, conf=conf)
        )
        producer = confluent_kafka.Producer(PROPERTIES | {"bootstrap.servers": self.servers})
        reports: list[object] = []
        payload = {"json": JSON, "avro": AVRO}[form]
        key = str(payload[contract.key]).encode()

        def send() -> None:
            message = {
                "eventId": str(uuid4()),
                "eventType": contract.event_type,
                "version": "1.0",
                "timestamp": "2026-11-23T07:00:00.000000Z",
                "producer": "bench",
                "payload": payload,
            }
            value = serialize(message, SerializationContext(contract.topic, MessageField.VALUE))
            producer.produce(contract.topic, value, key, on_delivery=lambda error, _: reports.append(error))
            producer.poll(0)

        send()
        assert producer.flush(60) == 0
        return per_event(FEW if form == "json" else MANY, send, lambda: producer.flush(120))

    def faststream(self) -> float:
        """FastStream's `publish` of a dictionary, not validated, without waiting for each confirmation."""
        from faststream.confluent import KafkaBroker

        async def measure() -> float:
            broker = KafkaBroker(self.servers, logger=None)
            await broker.start()
            await broker.publish(JSON, "patient-events", key=b"4711")
            began = time.perf_counter()
            for _ in range(FEW):
                await broker.publish(JSON, "patient-events", key=b"4711", no_confirm=True)
            await broker.stop()
            return (time.perf_counter() - began) / FEW * 1e6

        return asyncio.run(measure())

    def parts(self) -> dict[str, float]:
        """What cannot be left out, each timed alone, in a loop that does nothing else.

        Encode is the whole message: the payload, and around it an event id and a time of its own. Validate is the
        schema and the class, neither of which implies the other. Produce is with its reports.
        """
        event, encoder = EVENTS["json"], msgspec.json.Encoder()
        version = load().contract("patient.created").find(None)[1]
        rules = PayloadRules(version.writer, PatientCreated)

        def encode() -> bytes:
            envelope = {
                "eventId": new_event_id(),
                "eventType": "patient.created",
                "version": "1.0",
                "timestamp": timestamp_text(),
                "producer": "bench",
                "payload": event,
            }
            return encoder.encode(envelope)

        def validate() -> PatientCreated:
            payload = plain(event)
            assert rules.accepts(payload)
            return msgspec.convert(payload, PatientCreated)

        body = encode()
        label = Label("patient-events", "patient.created", "1.0", version.fingerprint)
        entry = Entry(label, b"4711", (), 1, body)
        with tempfile.TemporaryDirectory() as folder:
            spool = DiskSpool(Path(folder), "bench", "parts")
            stream = spool.stream("patient-events")
            append = per_event(MANY, lambda: stream.append(entry))
            spool.close()
        return {
            "encode": per_event(MANY, encode),
            "validate": per_event(MANY, validate),
            "append": append,
            "produce": self.raw(b"\0\0\0\0\1" + body),
        }

    def raw(self, message: bytes) -> float:
        """`produce` of ready bytes with the properties that ours has, and a report for each."""
        producer = confluent_kafka.Producer(
            PROPERTIES | {"bootstrap.servers": self.servers, "queue.buffering.max.messages": 1_000_000}
        )
        reports: list[object] = []

        def send() -> None:
            producer.produce("patient-events", message, b"4711", on_delivery=lambda error, _: reports.append(error))
            if len(reports) % 100 == 0:
                producer.poll(0)

        send()
        producer.flush(60)
        return per_event(MANY, send, lambda: producer.flush(120))

    def latency(self) -> dict[str, float]:
        """Percentiles of single calls, with the broker up and down; ends with it down."""
        found = {}
        for broker in ("up", "down"):
            if broker == "down":
                self.stop_broker()
            with self.producer() as producer:
                producer.publish(EVENTS["json"])
                times = []
                for _ in range(MANY):
                    began = time.perf_counter()
                    producer.publish(EVENTS["json"])
                    times.append((time.perf_counter() - began) * 1e6)
                times.sort()
                for name, place in (("p50", MANY // 2), ("p99", MANY * 99 // 100), ("max", MANY - 1)):
                    found[f"{name}_{broker}_us"] = times[place]
                producer.close(60 if broker == "up" else 0)
        return found


def per_event(count: int, work: Callable[[], object], flush: Callable[[], int] = lambda: 0) -> float:
    """Return microseconds per event."""
    began = time.perf_counter()
    for _ in range(count):
        work()
    assert flush() == 0
    return (time.perf_counter() - began) / count * 1e6


def measure(bench: Bench, say: Callable[[str], object]) -> dict[str, float]:
    rounds: dict[str, list[float]] = {}
    kinds: dict[str, Callable[[], float | dict[str, float]]] = {
        "ours_json": lambda: bench.ours("json"),
        "confluent_json": lambda: bench.confluent("json"),
        "ours_avro": lambda: bench.ours("avro"),
        "confluent_avro": lambda: bench.confluent("avro"),
        "faststream": bench.faststream,
        "part": bench.parts,
    }
    for number in range(ROUNDS):
        for name, kind in kinds.items():
            value = kind()
            parts = value if isinstance(value, dict) else {"": value}
            for part, figure in parts.items():
                rounds.setdefault(f"{name}_{part}".strip("_"), []).append(figure)
        say(f"round {number + 1}: " + ", ".join(f"{name} {values[-1]:.1f}" for name, values in rounds.items()))
    figures = {f"{name}_us": min(values) for name, values in rounds.items()}
    parts_us = sum(value for name, value in figures.items() if name.startswith("part_"))
    return (
        figures
        | bench.latency()
        | {
            "json_ratio": figures["confluent_json_us"] / figures["ours_json_us"],
            "avro_ratio": figures["confluent_avro_us"] / figures["ours_avro_us"],
            "parts_ratio": parts_us / figures["ours_json_us"],
        }
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RealPair() as pair:
        os.environ["PYEVENTS_SPOOL_DIR"] = folder
        os.chmod(folder, 0o700)
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.topics)
        bench = Bench(pair.bootstrap_servers, pair.registry_url, pair.kafka.stop)
        figures = measure(bench, lambda text: print(text, file=sys.stderr))
    figures["latency_ratio"] = figures["p99_down_us"] / figures["p99_up_us"]
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()

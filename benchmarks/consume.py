"""Microseconds per event of our consumer with a no-op handler, beside three loops, one broker, one run.

The loops do the same: the bare parts that cannot be avoided (`consume`, schema id, msgspec, validation, class; with
the client properties that ours has), Confluent's `JSONDeserializer` after `poll`, and a handler of FastStream with
Confluent's broker: as it comes, where the offset of an event that fails is committed all the same, and with
`NACK_ON_ERROR`, which promises what ours does. The events are the fullest valid example of `patient.created`, each with
an id and a key of its own. `--memory N` looks at resident memory while N small events go by. Ends with one line of
JSON: figures, ratios, and which of them reach what is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import confluent_kafka
import jsonschema_rs
import msgspec
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents import KafkaConsumer
from pyevents.catalog import load
from pyevents.codec import Encoder
from pyevents.codec.framing import frame, unframe
from pyevents.dev.real.pair import RealPair
from pyevents.envelope import RawEnvelope, new_event_id
from pyevents.events import PatientCreated
from pyevents.kafka import KafkaTransport
from pyevents.kafka.transport import RECEIVER
from pyevents.registry import HttpRegistry, Schema

FULL = json.loads((Path(__file__).parents[1] / "schemas/patient.created/examples/1.0/full.json").read_text())
SMALL = {"patient_id": 1, "vorname": "Anna", "nachname": "Muster"}
TOPIC, PLAIN = "patient-events", "bench-plain"
CONTRACT = load().contract("patient.created")
OURS, THEIRS, ROUNDS, KEYS = 100_000, 3_000, 3, 10_000
LONGEST = 300  # seconds for one loop
WANTED = {
    "of_bare_loop": 0.7,
    "times_confluent_json": 20.0,
    "times_faststream": 50.0,
    "times_faststream_at_least_once": 50.0,
}


def fill(pair: RealPair, topic: str, payload: dict[str, Any], count: int, *, framed: bool = True) -> None:
    """Send events that differ in id and key, as fast as the client can."""
    major = CONTRACT.majors[0]
    registry = HttpRegistry(pair.registry_url)
    schema_id = registry.register(major.subject, Schema(major.newest.format, major.newest.schema))
    encoded = Encoder(load(), "bench").encode_payload(TOPIC, CONTRACT.event_type, payload, None, None)
    event_id = json.loads(encoded.body)["eventId"].encode()
    body = encoded.body.replace(b'"patient_id":%d' % payload["patient_id"], b'"patient_id":%d')
    head, tail = body.split(event_id)
    head = frame(schema_id, head) if framed else head
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": pair.bootstrap_servers,
            "enable.idempotence": True,  # neither more events than are counted, nor fewer
            "linger.ms": 50,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for number in range(count):
        key = number % KEYS + 1
        producer.produce(topic, head + new_event_id().encode() + tail % key, str(key))
        if number % 1000 == 0:
            producer.poll(0)
            while len(producer) > 100_000:
                producer.poll(0.1)
    assert producer.flush(300) == 0


class Stopwatch:
    """Time from the first event to the last."""

    def __init__(self, count: int, stop: Callable[[], object] = lambda: None) -> None:
        self._number = itertools.count(1)
        self._count = count
        self._stop = stop
        self._began = self._ended = 0.0

    def event(self) -> bool:
        """Count one event; say whether it was the last."""
        number = next(self._number)
        if number == 1:
            self._began = time.perf_counter()
        elif number == self._count:
            self._ended = time.perf_counter()
            self._stop()
            return True
        return False

    @property
    def microseconds(self) -> float:
        return (self._ended - self._began) / (self._count - 1) * 1e6


def consumer_of(pair: RealPair) -> KafkaConsumer:
    return KafkaConsumer(
        group_id=f"matching-service.{uuid4().hex}",
        bootstrap_servers=pair.bootstrap_servers,
        schema_registry_url=pair.registry_url,
    )


def ours(pair: RealPair) -> float:
    """Typed and validated, with a handler that does nothing but count."""
    consumer = consumer_of(pair)
    watch = Stopwatch(OURS, consumer.close)

    @consumer.on(PatientCreated)
    def nothing(patient: PatientCreated) -> None:
        watch.event()

    consumer.run()
    return watch.microseconds


def raw_consumer(
    pair: RealPair, topic: str, properties: Mapping[str, Any] = MappingProxyType({})
) -> confluent_kafka.Consumer:
    own = {"bootstrap.servers": pair.bootstrap_servers, "group.id": str(uuid4()), "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer({**properties, **own})
    consumer.subscribe([topic])
    return consumer


def bare(pair: RealPair) -> float:
    """What no typed and validating consumer can leave out."""
    newest = CONTRACT.majors[0].newest
    schema = json.loads(newest.reader)
    accepts = jsonschema_rs.validator_cls_for(schema)(schema, validate_formats=True).is_valid
    decode, known = msgspec.json.Decoder(RawEnvelope).decode, set()
    consumer, watch, done = raw_consumer(pair, TOPIC, RECEIVER), Stopwatch(OURS), False
    while not done:
        for message in consumer.consume(500, 1.0):
            schema_id, body = unframe(message.value())
            if schema_id not in known:
                known.add(schema_id)
            raw = decode(body)
            assert accepts(raw.payload)
            msgspec.convert(raw.payload, PatientCreated)
            done = watch.event() or done  # whatever comes behind the last one
    consumer.close()
    return watch.microseconds


def confluent(pair: RealPair) -> float:
    """`poll` and `JSONDeserializer`, as Confluent's examples show it."""
    read: Any = JSONDeserializer(None, schema_registry_client=SchemaRegistryClient({"url": pair.registry_url}))
    context = SerializationContext(TOPIC, MessageField.VALUE)
    consumer, watch, done = raw_consumer(pair, TOPIC), Stopwatch(THEIRS), False
    while not done:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            read(message.value(), context)
            done = watch.event()
    consumer.close()
    return watch.microseconds


def faststream(pair: RealPair, **options: Any) -> float:
    """A handler that is given the envelope as a dictionary; FastStream has no schema registry, so the JSON is bare."""
    import logging

    from faststream import FastStream
    from faststream.confluent import KafkaBroker

    broker = KafkaBroker(pair.bootstrap_servers, logger=None)
    app = FastStream(broker, logger=logging.getLogger("bench.faststream"))
    watch = Stopwatch(THEIRS, app.exit)

    async def nothing(event: dict[str, Any]) -> None:
        watch.event()

    broker.subscriber(PLAIN, group_id=str(uuid4()), auto_offset_reset="earliest", **options)(nothing)
    asyncio.run(app.run())
    return watch.microseconds


def faststream_at_least_once(pair: RealPair) -> float:
    """The same with each offset committed after its handler."""
    from faststream import AckPolicy

    return faststream(pair, ack_policy=AckPolicy.NACK_ON_ERROR)


def resident() -> int:
    """Return the resident memory of this process in KiB."""
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))


def memory(pair: RealPair, count: int) -> dict[str, float]:
    """Read small events, and compare the memory of the first fifth with that at the end."""
    fill(pair, "therapist-events", SMALL, count)
    consumer = KafkaConsumer(
        ["therapist-events"],
        group_id=f"matching-service.{uuid4().hex}",
        bootstrap_servers=pair.bootstrap_servers,
        schema_registry_url=pair.registry_url,
    )
    watch, early = Stopwatch(count, consumer.close), 0
    numbers = itertools.count(1)

    @consumer.on(PatientCreated)
    def nothing(patient: PatientCreated) -> None:
        nonlocal early
        if next(numbers) == count // 5:
            early = resident()
        watch.event()

    consumer.run()
    return {"memory_events": count, "memory_early_kib": early, "memory_end_kib": resident()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, metavar="N", default=0, help="Watch memory over N small events.")
    given = parser.parse_args()
    with RealPair() as pair:
        transport = KafkaTransport(pair.bootstrap_servers)
        plain = msgspec.structs.replace(load().topics[TOPIC], name=PLAIN)
        transport.create_topics([*load().catalog.every_topic, plain])
        fill(pair, TOPIC, FULL, OURS)
        fill(pair, PLAIN, FULL, THEIRS, framed=False)
        times: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for way in (ours, bare, confluent, faststream, faststream_at_least_once):
                faulthandler.dump_traceback_later(LONGEST, exit=True)  # of a client that hangs it says where
                times.setdefault(way.__name__, []).append(way(pair))
                print(f"{way.__name__}: {times[way.__name__][-1]:.1f} µs", file=sys.stderr)
        faulthandler.cancel_dump_traceback_later()
        figures = {f"{name}_us": round(statistics.median(found), 2) for name, found in times.items()}
        ratios = {
            "of_bare_loop": figures["bare_us"] / figures["ours_us"],
            "times_confluent_json": figures["confluent_us"] / figures["ours_us"],
            "times_faststream": figures["faststream_us"] / figures["ours_us"],
            "times_faststream_at_least_once": figures["faststream_at_least_once_us"] / figures["ours_us"],
        }
        flat = memory(pair, given.memory) if given.memory else {}
    reached = {name: ratios[name] >= wanted for name, wanted in WANTED.items()}
    print(
        json.dumps({**figures, **{name: round(ratio, 2) for name, ratio in ratios.items()}, **flat, "reached": reached})
    )


if __name__ == "__main__":
    main()

"""A broker away for a minute while a service goes on publishing, and the way back: memory, throughput and order.

The raw rate beside it is `produce()` of the same ready bytes. Ends with one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import confluent_kafka
import psutil

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.pair import RealPair
from pyevents.events import TherapistBlocked
from pyevents.kafka import KafkaTransport

KEYS = 1_000


class Outage(NamedTuple):
    """What came of it."""

    events: int
    away_seconds: float
    publish_us: float
    rss_growth_mb: float
    drained_per_second: float
    delivered: int
    doubles: int
    out_of_order: int


def outage(pair: RealPair, spool: Path, events: int, seconds: float, say: Callable[[str], object]) -> Outage:
    """Publish *events* while the broker is away for at least *seconds*, bring it back, and read what arrives."""
    service, process = f"outage-{uuid4().hex[:8]}", psutil.Process()
    with RobustKafkaProducer(
        pair.bootstrap_servers,
        service,
        schema_registry_url=pair.registry_url,
        auto_register=True,
        spool_dir=spool,
        spool_limit=4 << 30,
    ) as producer:
        producer.publish(TherapistBlocked(therapist_id=KEYS + 1, sperrgrund="-1"))
        assert producer.flush(60) == 0
        pair.kafka.stop()
        began, before, highest = time.perf_counter(), process.memory_info().rss, 0
        for number in range(events):
            producer.publish(TherapistBlocked(therapist_id=number % KEYS + 1, sperrgrund=str(number)))
            if number % 10_000 == 0:
                highest = max(highest, process.memory_info().rss)
        published = time.perf_counter() - began
        say(f"{events:,} events in {published:.0f} s, {producer.status().pending_bytes >> 20} MiB wait")
        time.sleep(max(0.0, seconds - published))
        away = time.perf_counter() - began
        pair.kafka.start()
        while not producer.status().sent > 1:  # a client that was alone for long looks for its broker now and then
            time.sleep(0.01)
        back, sent = time.perf_counter(), producer.status().sent
        while (left := producer.flush(1)) > 0:
            highest = max(highest, process.memory_info().rss)
            say(f"{left:,} wait")
        rate = (producer.status().sent - sent) / (time.perf_counter() - back)
    numbers = _numbers(pair, service)
    first = list(dict.fromkeys(numbers))
    seen: dict[int, int] = {}
    swapped = 0
    for number in first:
        swapped += number < seen.get(number % KEYS, -1)
        seen[number % KEYS] = number
    growth = (max(highest, before) - before) / (1 << 20)
    return Outage(
        events,
        away,
        published / events * 1e6,
        growth,
        rate,
        len(first),
        len(numbers) - len(first),
        swapped,
    )


def raw_rate(pair: RealPair, events: int) -> float:
    """Return events per second of `produce()` with ready bytes, flush included."""
    conf = {"bootstrap.servers": pair.bootstrap_servers, "enable.idempotence": True, "acks": "all", "linger.ms": 5}
    producer = confluent_kafka.Producer(conf)
    body, reports = b"\0\0\0\0\1" + b"x" * 250, list[object]()  # as long as ours
    began = time.perf_counter()
    for number in range(events):
        while True:
            try:
                producer.produce(
                    "matching-events",
                    body,
                    str(number % KEYS).encode(),
                    on_delivery=lambda error, _: reports.append(error),
                )
                break
            except BufferError:
                producer.poll(0.01)
        if number % 100 == 0:
            producer.poll(0)
    producer.flush(600)
    assert reports == [None] * events
    return events / (time.perf_counter() - began)


def _numbers(pair: RealPair, service: str) -> list[int]:
    """Return the numbers of the service's events as they lie on the topic, partition by partition."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": pair.bootstrap_servers, "group.id": service, "enable.partition.eof": True}
    )
    parts = consumer.list_topics("therapist-events", 30).topics["therapist-events"].partitions
    consumer.assign([confluent_kafka.TopicPartition("therapist-events", part, 0) for part in parts])
    found, ended, mark = dict[int, list[int]](), 0, service.encode()
    while ended < len(parts):
        for message in consumer.consume(1000, 30):
            if message.error():
                ended += 1
            elif mark in message.value():
                payload = json.loads(message.value()[5:])["payload"]
                if payload["sperrgrund"] != "-1":
                    found.setdefault(message.partition(), []).append(int(payload["sperrgrund"]))
    consumer.close()
    return [number for numbers in found.values() for number in numbers]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--seconds", type=float, default=60)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, RealPair() as pair:
        os.chmod(folder, 0o700)
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.topics)
        raw = raw_rate(pair, given.events // 5)
        found = outage(pair, Path(folder), given.events, given.seconds, lambda text: print(text, file=sys.stderr))
        raw = max(raw, raw_rate(pair, given.events // 5))
    figures = found._asdict() | {"raw_per_second": raw, "drain_ratio": found.drained_per_second / raw}
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))
    if found.out_of_order or found.delivered != found.events:
        sys.exit(1)


if __name__ == "__main__":
    main()

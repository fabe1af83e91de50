"""Spoiled messages between good ones, on Apache Kafka: the many are in tests/unit."""

from __future__ import annotations

import os
import random
from uuid import uuid4

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry
from pyevents.transport import Delivery, Message
from tests.real.conftest import StartKafka
from tests.suite.mutation import corpus
from tests.suite.place import wait_until
from tests.suite.unspoilt import CONSUMER, TOPIC, consume_all

SEED = int(os.environ.get("PYEVENTS_SEED", random.randrange(1 << 32)))
"""Printed where a test fails; set it to see the same messages again."""


def test_every_spoiled_message_is_a_dead_letter_and_every_good_one_is_handled(
    start_kafka: StartKafka, real_registry: RealRegistry
) -> None:
    print(f"PYEVENTS_SEED={SEED}")
    transport, registry = KafkaTransport(start_kafka().bootstrap_servers), HttpRegistry(real_registry.url)
    transport.create_topics(load().catalog.every_topic)
    fed = corpus(SEED, 3_000, load(), registry, TOPIC, unknown_id=900_000_000)
    sender, answers = transport.sender("mutation"), list[Delivery]()
    for record in fed.records:
        sender.send(record, answers.append)
    wait_until(lambda: sender.poll(0.1) and len(answers) == len(fed.records), "the broker takes all of them")
    sender.close(10)

    def letters(topic: str) -> list[Message]:
        reader = transport.reader()
        try:
            return list(reader.read(reader.bounds(topic)))
        finally:
            reader.close()

    consume_all(f"{CONSUMER}.{uuid4().hex[:8]}", transport, registry, fed, letters, seconds=120)

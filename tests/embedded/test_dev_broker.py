"""The embedded broker, used as services use a broker: with real clients, from several processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer

from pyevents.dev.embedded import Embedded, EmbeddedFailed
from tests.suite.place import wait_until

QUIET: dict[str, Any] = {"log_level": 0}

SEND = """
import sys
from confluent_kafka import Producer
servers, topic, count = sys.argv[1:]
producer = Producer({"bootstrap.servers": servers, "log_level": 0})
for number in range(int(count)):
    producer.produce(topic, b"%d" % number, key=b"%d" % (number % 7))
sys.exit(producer.flush(20))
"""


@pytest.fixture
def topic(embedded: Embedded) -> str:
    name = f"topic-{uuid4().hex[:8]}"
    embedded.create_topic(name, 3)
    return name


@pytest.fixture
def reader() -> Iterator[Callable[..., Consumer]]:
    """Consumers that commit when told: closing one that commits by itself waits for a broker that is gone."""
    made: list[Consumer] = []

    def make(pair: Embedded, topic: str, group: str = "") -> Consumer:
        own: dict[str, Any] = {"bootstrap.servers": pair.bootstrap_servers, "group.id": group or uuid4().hex}
        own |= {"auto.offset.reset": "earliest", "enable.auto.commit": False}
        made.append(Consumer({**own, **QUIET, **pair.consumer_properties}))
        made[-1].subscribe([topic])
        return made[-1]

    yield make
    for consumer in made:
        consumer.close()


def read(consumer: Consumer, count: int) -> list[bytes]:
    """Return so many values, or fail after a while."""
    found: list[bytes] = []

    def enough() -> bool:
        found.extend(message.value() or b"" for message in consumer.consume(500, 0.1) if not message.error())
        return len(found) >= count

    wait_until(enough, f"{count} messages arrive; there are {len(found)}", 20)
    return found


def partitions(pair: Embedded, topic: str) -> int:
    producer = Producer(QUIET | {"bootstrap.servers": pair.bootstrap_servers})
    return len(producer.list_topics(topic, 10).topics[topic].partitions)


def test_messages_of_one_process_arrive_in_another(
    embedded: Embedded, topic: str, reader: Callable[..., Consumer]
) -> None:
    subprocess.run([sys.executable, "-c", SEND, embedded.bootstrap_servers, topic, "500"], check=True, timeout=60)
    assert sorted(map(int, read(reader(embedded, topic), 500))) == list(range(500))


def test_group_goes_on_where_it_stopped(embedded: Embedded, topic: str, reader: Callable[..., Consumer]) -> None:
    subprocess.run([sys.executable, "-c", SEND, embedded.bootstrap_servers, topic, "20"], check=True, timeout=60)
    group = f"matching-service-{topic}"
    first = reader(embedded, topic, group)
    read(first, 20)
    first.commit(asynchronous=False)
    first.close()
    subprocess.run([sys.executable, "-c", SEND, embedded.bootstrap_servers, topic, "1"], check=True, timeout=60)
    assert read(reader(embedded, topic, group), 1) == [b"0"]


def test_second_member_of_a_group_gets_its_share(
    embedded: Embedded, topic: str, reader: Callable[..., Consumer]
) -> None:
    members = [reader(embedded, topic, f"matching-service-{topic}") for _ in range(2)]

    def shares() -> list[int]:
        for member in members:
            member.consume(1, 0.05)
        return sorted(len(member.assignment()) for member in members)

    wait_until(lambda: shares() == [1, 2], "two members share three partitions", 20)


def test_broker_that_goes_away_refuses_and_catches_up_afterwards(
    embedded: Embedded, topic: str, reader: Callable[..., Consumer]
) -> None:
    producer = Producer(QUIET | {"bootstrap.servers": embedded.bootstrap_servers})
    consumer = reader(embedded, topic)
    producer.produce(topic, b"before")
    assert producer.flush(20) == 0
    assert read(consumer, 1) == [b"before"]
    embedded.stop_broker()
    try:
        producer.produce(topic, b"meanwhile")
        assert producer.flush(0.5) == 1
        assert consumer.consume(1, 0.2) == []
    finally:
        embedded.start_broker()
    assert producer.flush(20) == 0
    assert read(consumer, 1) == [b"meanwhile"]
    assert sorted(read(reader(embedded, topic), 2)) == [b"before", b"meanwhile"]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_topic_has_the_partitions_that_it_was_created_with(embedded: Embedded, count: int) -> None:
    name = f"topic-{uuid4().hex[:8]}"
    embedded.create_topic(name, count)
    embedded.create_topic(name, count)
    assert partitions(embedded, name) == count


def test_topics_of_the_catalog_are_there_from_the_start(embedded: Embedded) -> None:
    assert partitions(embedded, "patient-events") == 3


def test_topic_is_not_created_with_two_numbers_of_partitions(embedded: Embedded, topic: str) -> None:
    with pytest.raises(EmbeddedFailed, match=f"{topic}.*exists already"):
        embedded.create_topic(topic, 4)


def test_topic_has_at_least_one_partition(embedded: Embedded) -> None:
    with pytest.raises(EmbeddedFailed, match="0 partitions"):
        embedded.create_topic("nowhere", 0)


def test_first_member_of_a_group_does_not_wait_for_others(
    embedded: Embedded, topic: str, reader: Callable[..., Consumer]
) -> None:
    assigned: list[object] = []
    consumer = reader(embedded, topic)
    consumer.subscribe([topic], on_assign=lambda _, partitions: assigned.extend(partitions))
    # Three seconds are Kafka's default (group.initial.rebalance.delay.ms).
    wait_until(lambda: consumer.consume(1, 0.05) or assigned, "the only member has its partitions", 2.9)


def test_two_pairs_side_by_side_hold_different_things(
    embedded: Embedded, topic: str, reader: Callable[..., Consumer]
) -> None:
    with Embedded() as other:
        assert other.bootstrap_servers != embedded.bootstrap_servers
        assert other.registry_url != embedded.registry_url
        other.create_topic(topic, 5)
        assert (partitions(embedded, topic), partitions(other, topic)) == (3, 5)
        for pair, value in ((embedded, b"here"), (other, b"there")):
            producer = Producer(QUIET | {"bootstrap.servers": pair.bootstrap_servers})
            producer.produce(topic, value)
            assert producer.flush(20) == 0
        assert read(reader(embedded, topic), 1) == [b"here"]
        assert read(reader(other, topic), 1) == [b"there"]

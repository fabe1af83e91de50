"""A topic that its broker refuses, beside one that it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.events import PatientCreated, TherapistBlocked
from pyevents.kafka import KafkaTransport
from pyevents.producer import Receipt
from pyevents.spool import rejected
from tests.suite.place import wait_until


class Cluster:
    """The broker as its administrator sees it."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self._admin = AdminClient({"bootstrap.servers": servers})

    def make_topics(self) -> None:
        KafkaTransport(self.servers).create_topics(load().catalog.topics)

    def delete_topic(self, name: str) -> None:
        self._admin.delete_topics([name])[name].result(30)

    def limit(self, topic: str, size: int | None) -> None:
        operation = AlterConfigOpType.DELETE if size is None else AlterConfigOpType.SET
        entry = ConfigEntry("max.message.bytes", str(size or 0), incremental_operation=operation)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        for answer in self._admin.incremental_alter_configs([resource]).values():
            answer.result(30)

    def payloads(self, topic: str, mark: str) -> list[dict[str, Any]]:
        consumer = confluent_kafka.Consumer(
            {"bootstrap.servers": self.servers, "group.id": uuid4().hex, "enable.partition.eof": True}
        )
        parts = consumer.list_topics(topic, 30).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(topic, part, 0) for part in parts])
        found, ended = [], 0
        while ended < len(parts):
            message = consumer.poll(30)
            assert message is not None
            if message.error():
                ended += 1
            elif mark.encode() in message.value():
                found.append(json.loads(message.value()[5:])["payload"])
        consumer.close()
        return found


@pytest.fixture
def cluster(real_kafka: RealKafka) -> Iterator[Cluster]:
    made = Cluster(real_kafka.bootstrap_servers)
    made.make_topics()
    yield made
    made.make_topics()


@pytest.fixture
def producer(
    cluster: Cluster, real_registry: RealRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RobustKafkaProducer]:
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path))
    with RobustKafkaProducer(
        cluster.servers, "patient-service", schema_registry_url=real_registry.url, auto_register=True
    ) as made:
        made.publish(PatientCreated(patient_id=1, vorname="Anna", nachname="first"))
        made.publish(TherapistBlocked(therapist_id=1, sperrgrund="first"))
        assert made.flush(30) == 0, made.status()
        yield made
        made.close(0)


def test_an_event_that_the_broker_never_takes_is_set_aside_and_all_others_arrive_in_order(
    producer: RobustKafkaProducer, cluster: Cluster, spool_folder: Path
) -> None:
    mark, receipts = uuid4().hex, dict[int, Receipt]()
    cluster.limit("patient-events", 3_000)
    try:
        for number in range(100):
            producer.publish(
                PatientCreated(
                    patient_id=number % 5 + 1,
                    vorname=str(number),
                    nachname=mark,
                    symptome=["x" * 90] * (40 if number == 50 else 1),
                ),
                on_delivery=lambda receipt, number=number: receipts.update({number: receipt}),
            )
            producer.publish(TherapistBlocked(therapist_id=number + 1, sperrgrund=mark))
        assert producer.flush(60) == 0, producer.status()
    finally:
        cluster.limit("patient-events", None)
    found: dict[int, list[int]] = {}
    for payload in cluster.payloads("patient-events", mark):
        numbers = found.setdefault(payload["patient_id"], [])
        if int(payload["vorname"]) not in numbers:
            numbers.append(int(payload["vorname"]))
    wanted = [number for number in range(100) if number != 50]
    assert found == {key: [number for number in wanted if number % 5 + 1 == key] for key in range(1, 6)}
    assert len(cluster.payloads("therapist-events", mark)) == 100
    (path,) = (path for folder in spool_folder.glob("*/*") for path in rejected.files(folder))
    (one,) = rejected.read(path)
    assert one.reason.startswith("MSG_SIZE_TOO_LARGE") and mark.encode() in one.entry.body
    assert (producer.status().rejected, producer.status().waiting) == (1, {})
    assert [number for number, receipt in receipts.items() if receipt.problem] == [50]
    assert len(receipts) == 100


def test_a_topic_that_is_missing_waits_loudly_while_others_go_on_and_then_goes_in_order(
    producer: RobustKafkaProducer, cluster: Cluster
) -> None:
    mark = uuid4().hex
    cluster.delete_topic("therapist-events")
    for number in range(30):
        producer.publish(TherapistBlocked(therapist_id=1, sperrgrund=f"{mark} {number}"))
    wait_until(lambda: "therapist-events" in producer.status().waiting, "the topic waits", 60)
    for number in range(30):
        producer.publish(PatientCreated(patient_id=1, vorname=str(number), nachname=mark))
        producer.publish(TherapistBlocked(therapist_id=1, sperrgrund=f"{mark} {number + 30}"))
    wait_until(lambda: producer.status().pending == 60, "the other topic goes on")
    assert [payload["vorname"] for payload in cluster.payloads("patient-events", mark)] == [str(n) for n in range(30)]
    cluster.make_topics()
    assert producer.flush(60) == 0, producer.status()
    numbers = [payload["sperrgrund"].split()[1] for payload in cluster.payloads("therapist-events", mark)]
    assert numbers == [str(number) for number in range(60)]
    assert producer.status().waiting == {}

"""Three brokers of the compose override: one is killed under load, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.events import PatientDeleted
from pyevents.kafka import KafkaTransport
from pyevents.memory import MemoryRegistry
from tests.real.compose import CLUSTER, ComposeKafka, resolved
from tests.suite.place import wait_until
from tests.torture.verdict import read_messages

NAMES = {"kafka": 29092, "kafka-2": 29093, "kafka-3": 29094}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = resolved(*CLUSTER)["services"]
    return found


@pytest.fixture
def brokers(services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ComposeKafka]]:
    made = [
        ComposeKafka(tmp_path_factory.mktemp(name), services[name]["environment"], name=name, host_port=port)
        for name, port in NAMES.items()
    ]
    names = {place: address for broker in made for place, address in broker.names.items()}
    with ExitStack() as stack, ThreadPoolExecutor(3) as together:
        for broker in made:
            broker.meet(names)
        # None serves before two of them have found each other.
        for broker in together.map(lambda one: one.__enter__(), made):
            stack.push(broker.__exit__)
        yield made


def test_every_broker_has_an_address_a_volume_and_a_port_of_its_own(services: dict[str, Any]) -> None:
    of_brokers = [services[name] for name in NAMES]
    assert {one["environment"]["KAFKA_NODE_ID"] for one in of_brokers} == {"1", "2", "3"}
    volumes = [[each["source"] for each in one["volumes"]] for one in of_brokers]
    assert all(len(each) == 1 for each in volumes)
    assert len({each[0] for each in volumes}) == 3
    assert [[port["published"] for port in one["ports"]] for one in of_brokers] == [["29092"], ["29093"], ["29094"]]
    assert {name for name in NAMES if name in services["kafka-setup"]["depends_on"]} == set(NAMES)


def test_one_broker_may_be_killed_under_load_and_nothing_is_lost(brokers: list[ComposeKafka]) -> None:
    servers = ",".join(broker.bootstrap_servers for broker in brokers)
    cluster = KafkaTransport(servers).cluster()
    wanted = {topic.name: topic for topic in load().catalog.topics_in("production")}["patient-events"]
    cluster.create(wanted)
    wait_until(lambda: cluster.topics()["patient-events"].replication == 3, "the topic is on three brokers")
    with RobustKafkaProducer(servers, "patient-service", registry=MemoryRegistry(), auto_register=True) as producer:
        sent = [producer.publish(PatientDeleted(patient_id=1 + number % 10)) for number in range(2_000)]
        brokers[1].kill()
        sent += [producer.publish(PatientDeleted(patient_id=1 + number % 10)) for number in range(2_000)]
        assert producer.flush(90) == 0, producer.status()
    left = ",".join(broker.bootstrap_servers for broker in (brokers[0], brokers[2]))
    found = [event.event_id for event, _ in read_messages(left, ["patient-events"])]
    assert not set(sent) - set(found), f"{len(set(sent) - set(found))} of {len(sent)} accepted events are lost"

"""The shared suite on Apache Kafka and Apicurio Registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry
from tests.suite.flow import FlowSuite, mark
from tests.suite.place import Place

__all__ = ["mark"]


@pytest.fixture(scope="session")
def topics(real_kafka: RealKafka) -> None:
    KafkaTransport(real_kafka.bootstrap_servers).create_topics(load().catalog.every_topic)


@pytest.fixture
def place(real_kafka: RealKafka, real_registry: RealRegistry, topics: None) -> Iterator[Place]:
    made = Place(
        lambda: KafkaTransport(real_kafka.bootstrap_servers),
        lambda: HttpRegistry(real_registry.url),
        real_kafka,
    )
    yield made
    made.close()


class TestReal(FlowSuite):
    pass

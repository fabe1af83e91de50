"""Dead letters from an operator's side, on Apache Kafka and Apicurio Registry: see `tests/suite/letters`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.kafka import KafkaTransport
from tests.suite.letters import Cluster, DeadLetterSuite, ReplaySuite, shelf

__all__ = ["shelf"]


@pytest.fixture(scope="module")
def cluster(real_registry: RealRegistry) -> Iterator[Cluster]:
    """A broker of its own, with nobody else's dead letters."""
    with RealKafka() as kafka:
        KafkaTransport(kafka.bootstrap_servers).create_topics(load().catalog.every_topic)
        yield Cluster(kafka.bootstrap_servers, real_registry.url)


class TestReal(DeadLetterSuite):
    pass


class TestRealReplay(ReplaySuite):
    pass

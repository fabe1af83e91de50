"""A real broker and a real registry for the tests in this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import free_port
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry
from tests.real.proxy import Proxy
from tests.suite.place import Place

StartKafka = Callable[..., RealKafka]


@pytest.fixture(scope="session")
def real_kafka() -> Iterator[RealKafka]:
    """The broker that all tests share: leave it running, and use topics and groups of your own."""
    with RealKafka() as kafka:
        yield kafka


@pytest.fixture(scope="session")
def real_registry() -> Iterator[RealRegistry]:
    """The registry that all tests share: leave it running, and use subjects of your own."""
    with RealRegistry() as registry:
        yield registry


@pytest.fixture(scope="session")
def topics(real_kafka: RealKafka) -> None:
    """The topics of the contracts, on the broker that all tests share."""
    KafkaTransport(real_kafka.bootstrap_servers).create_topics(load().catalog.every_topic)


@pytest.fixture
def place(real_kafka: RealKafka, real_registry: RealRegistry, topics: None) -> Iterator[Place]:
    """Producers and consumers on the broker and the registry that all tests share."""
    servers, url = real_kafka.bootstrap_servers, real_registry.url
    with Place(lambda: KafkaTransport(servers), lambda: HttpRegistry(url), real_kafka) as made:
        yield made


@pytest.fixture
def start_kafka() -> Iterator[StartKafka]:
    """Start a broker of your own, to stop, kill or set up otherwise; takes what `RealKafka` takes."""
    with ExitStack() as brokers:
        yield lambda *args, **kwargs: brokers.enter_context(RealKafka(*args, **kwargs))


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """A broker of a file's own, with the topics of the contracts; its clients all go through the proxy."""
    port = free_port()
    kafka = RealKafka(properties={"advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}"})
    with kafka, Proxy(port, kafka) as running:
        KafkaTransport(running.servers).create_topics(load().catalog.every_topic)
        yield running


@pytest.fixture(scope="module")
def servers(proxy: Proxy) -> str:
    """Where clients of the proxy begin."""
    return proxy.servers

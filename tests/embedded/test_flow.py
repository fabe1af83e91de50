"""The shared suite on the embedded pair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry
from tests.suite.flow import FlowSuite
from tests.suite.place import Place


class _Broker:
    def __init__(self, pair: Any) -> None:
        self._pair = pair

    def stop(self) -> None:
        self._pair.stop_broker()

    def start(self) -> None:
        self._pair.start_broker()


@pytest.fixture
def place(embedded: Any) -> Iterator[Place]:
    with Place(
        lambda: KafkaTransport(embedded.bootstrap_servers, embedded.consumer_properties),
        lambda: HttpRegistry(embedded.registry_url),
        _Broker(embedded),
    ) as made:
        yield made


class TestEmbedded(FlowSuite):
    pass

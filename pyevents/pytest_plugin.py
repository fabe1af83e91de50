"""Fixtures for a service's own tests: a broker and a registry in memory."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from pyevents.memory import MemoryRegistry, MemoryTransport

__all__ = ["MemoryPair", "pyevents_memory"]


class MemoryPair:
    """A broker and a registry in memory, with producers and consumers on them that are closed with the test."""

    def __init__(self) -> None:
        self.transport = MemoryTransport()
        self.registry = MemoryRegistry()
        self._made: list[Any] = []

    def producer(self, service_name: str, *, catalog: str | ModuleType = "pyevents.events", **options: Any) -> Any:
        """Return a `RobustKafkaProducer` on this broker."""
        from pyevents.producer import RobustKafkaProducer

        made = RobustKafkaProducer(
            service_name=service_name,
            catalog=catalog,
            transport=self.transport,
            registry=self.registry,
            auto_register=True,
            **options,
        )
        self._made.append(made)
        return made

    def consumer(
        self,
        group_id: str,
        topics: list[str] | None = None,
        *,
        catalog: str | ModuleType = "pyevents.events",
        **options: Any,
    ) -> Any:
        """Return a `KafkaConsumer` on this broker."""
        from pyevents.consumer import KafkaConsumer

        made = KafkaConsumer(
            topics, group_id, catalog=catalog, transport=self.transport, registry=self.registry, **options
        )
        self._made.append(made)
        return made

    def close(self) -> None:
        """Close what was made here."""
        for made in self._made:
            made.close()


@pytest.fixture
def pyevents_memory() -> Iterator[MemoryPair]:
    """A broker and a registry in memory, for one test."""
    pair = MemoryPair()
    yield pair
    pair.close()

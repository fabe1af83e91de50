"""The shared suite on the broker in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyevents.memory import MemoryRegistry, MemoryTransport
from tests.suite.flow import FlowSuite, mark
from tests.suite.place import Place

__all__ = ["mark"]


@pytest.fixture
def place() -> Iterator[Place]:
    transport, registry = MemoryTransport(), MemoryRegistry()
    made = Place(lambda: transport, lambda: registry, transport)
    yield made
    made.close()


class TestMemory(FlowSuite):
    pass

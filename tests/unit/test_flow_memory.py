"""The shared suite on the broker in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyevents.memory import MemoryRegistry, MemoryTransport
from tests.suite.flow import FlowSuite, mark
from tests.suite.place import Place

__all__ = ["mark"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path))
    transport, registry = MemoryTransport(), MemoryRegistry()
    made = Place(lambda: transport, lambda: registry, transport)
    yield made
    made.close()


class TestMemory(FlowSuite):
    pass

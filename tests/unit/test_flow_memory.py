"""The shared suite on the broker in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.suite.flow import FlowSuite
from tests.suite.place import Place, in_memory


@pytest.fixture
def place() -> Iterator[Place]:
    with in_memory() as made:
        yield made


class TestMemory(FlowSuite):
    pass

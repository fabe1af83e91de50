"""A service's own tests, in memory: see `tests/suite/testing`."""

from __future__ import annotations

import pytest

from pyevents.testing import EventBroker
from tests.suite.testing import BrokerSuite


@pytest.fixture
def broker(pyevents_memory: EventBroker) -> EventBroker:
    return pyevents_memory


class TestMemory(BrokerSuite):
    pass

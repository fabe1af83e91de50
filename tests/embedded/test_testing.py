"""A service's own tests, on the embedded broker: see `tests/suite/testing`."""

from __future__ import annotations

import pytest

from pyevents.testing import EventBroker
from tests.suite.testing import BrokerSuite


@pytest.fixture
def broker(pyevents_embedded: EventBroker) -> EventBroker:
    return pyevents_embedded


class TestEmbedded(BrokerSuite):
    pass

"""Dead letters from an operator's side, on the embedded pair: see `tests/suite/letters`."""

from __future__ import annotations

import pytest

from pyevents.dev.embedded import Embedded
from tests.suite.letters import Cluster, DeadLetterSuite, shelf

__all__ = ["shelf"]


@pytest.fixture
def cluster(embedded: Embedded) -> Cluster:
    return Cluster(embedded.bootstrap_servers, embedded.registry_url)


class TestEmbedded(DeadLetterSuite):
    deletes = False

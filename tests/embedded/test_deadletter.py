"""Dead letters from an operator's side, on the embedded pair: see `tests/suite/letters`."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from pyevents.dev.embedded import Embedded
from tests.suite.letters import Cluster, DeadLetterSuite, ReplaySuite, shelf

__all__ = ["shelf"]


@pytest.fixture
def cluster(embedded: Embedded) -> Cluster:
    return Cluster(embedded.bootstrap_servers, embedded.registry_url)


class TestEmbedded(DeadLetterSuite):
    deletes = False


class TestEmbeddedReplay(ReplaySuite):
    properties: ClassVar[dict[str, Any]] = dict(Embedded.consumer_properties)

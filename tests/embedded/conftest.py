"""The embedded pair, once for all tests: a test that stops a part of it starts it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pyevents import catalog
from pyevents.dev.embedded import Embedded


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    with Embedded(catalog.load().catalog.every_topic) as pair:
        yield pair


@pytest.fixture
def broker_away(embedded: Embedded) -> Iterator[Callable[[], None]]:
    """The broker is away; the value brings it back."""
    embedded.stop_broker()
    yield embedded.start_broker
    embedded.start_broker()

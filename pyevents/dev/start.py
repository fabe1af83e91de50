"""Starting either pair with a catalog's topics and schemas, for the commands `dev` and `demo`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pyevents.catalog import Loaded

__all__ = ["Pair", "embedded_pair", "real_pair"]


log = logging.getLogger("pyevents.dev")


class Pair(Protocol):
    """Where a broker and a registry are."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`."""

    @property
    def registry_url(self) -> str:
        """What `SCHEMA_REGISTRY_URL` is to be."""


@contextmanager
def embedded_pair(loaded: Loaded, registry_file: Path | None = None) -> Iterator[Pair]:
    """Run the embedded pair with the catalog's topics and schemas; the registry goes on with its file."""
    from pyevents.dev.embedded import Embedded

    with Embedded(loaded.catalog.every_topic, registry_file=registry_file) as pair:
        _register(pair.registry_url, loaded)
        yield pair


@contextmanager
def real_pair(loaded: Loaded, data: Path | None, report: Callable[[str], None]) -> Iterator[Pair]:
    """Run Apache Kafka and Apicurio Registry with the catalog's topics and schemas.

    Args:
        loaded: Whose topics.
        data: Folder that survives; None is a temporary one.
        report: Hears of downloads.
    """
    from pyevents.dev.real.pair import RealPair
    from pyevents.kafka import KafkaTransport

    with RealPair(data, report=report) as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(loaded.catalog.every_topic)
        _register(pair.registry_url, loaded)
        yield pair


def _register(url: str, loaded: Loaded) -> None:
    """Register the catalog's schemas, so that the first event that somebody publishes by hand goes."""
    from pyevents.registry import HttpRegistry
    from pyevents.registry.apply import apply
    from pyevents.registry.plan import plan
    from pyevents.registry.state import read_state

    registry = HttpRegistry(url)
    for done in apply(registry, plan(loaded.catalog, read_state(registry))):
        if done.refusal:
            log.warning("not registered: %s", done.refusal)

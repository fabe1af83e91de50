"""Starting either pair with a catalog's topics, for the commands `dev` and `demo`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pyevents.catalog import Loaded

__all__ = ["Pair", "embedded_pair", "real_pair"]


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
    """Run the embedded pair with the catalog's topics; the registry goes on with its file, if there is one."""
    from pyevents.dev.embedded import Embedded

    with Embedded(loaded.catalog.every_topic, registry_file=registry_file) as pair:
        yield pair


@contextmanager
def real_pair(loaded: Loaded, data: Path | None, report: Callable[[str], None]) -> Iterator[Pair]:
    """Run Apache Kafka and Apicurio Registry with the catalog's topics.

    Args:
        loaded: Whose topics.
        data: Folder that survives; None is a temporary one.
        report: Hears of downloads.
    """
    from pyevents.dev.real.pair import RealPair
    from pyevents.kafka import KafkaTransport

    with RealPair(data, report=report) as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(loaded.catalog.every_topic)
        yield pair

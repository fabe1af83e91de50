"""The benchmark of an outage, in small: what is accepted meanwhile arrives, in order, and memory stays flat."""

from __future__ import annotations

from pathlib import Path

from benchmarks.outage import outage
from pyevents.catalog import load
from pyevents.dev.real.pair import RealPair
from pyevents.kafka import KafkaTransport


def test_what_is_accepted_in_an_outage_arrives_in_order_and_memory_stays_flat(spool_folder: Path) -> None:
    with RealPair() as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.topics)
        found = outage(pair, spool_folder, 50_000, 1, lambda text: None)
    assert (found.delivered, found.out_of_order) == (50_000, 0)
    assert found.rss_growth_mb < 64

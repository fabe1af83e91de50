"""What a client of Kafka hears of its connections."""

from __future__ import annotations

from typing import Any

import pytest

from pyevents.kafka import KafkaTransport
from pyevents.kafka.sender import KafkaSender

# As librdkafka 2.16 writes them.
LOST = "kafka:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 1005ms in state UP)"
REFUSED = "kafka:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)"
OTHER = 'Broker kafka:9092/1 reports different ClusterId "b" than previously known "a": a client must not be …'


@pytest.mark.parametrize(
    ("kind", "line", "losses", "mixed"),
    [("FAIL", LOST, 1, False), ("FAIL", REFUSED, 0, False), ("CLUSTERID", OTHER, 1, True), ("GETPID", LOST, 0, False)],
)
def test_line_of_the_log_that_tells_of_a_connection_is_heard(kind: str, line: str, losses: int, mixed: bool) -> None:
    given: dict[str, Any] = {}
    sender = KafkaSender(lambda calls: given.update(calls))  # type: ignore[arg-type, func-returns-value]
    given["logger"].log(30, "%s [%s] %s", kind, "client", line)
    assert (sender.losses, sender.mixed) == (losses, mixed)


def test_client_that_was_closed_meanwhile_knows_no_cluster() -> None:
    sender = KafkaTransport("127.0.0.1:1").sender("s")
    sender.close(0)
    assert sender.cluster_id(0.1) is None

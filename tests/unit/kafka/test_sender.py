from __future__ import annotations

from pyevents.kafka import KafkaTransport


def test_client_that_was_closed_meanwhile_knows_no_cluster() -> None:
    sender = KafkaTransport("127.0.0.1:1").sender("s")
    sender.close(0)
    assert sender.cluster_id(0.1) is None

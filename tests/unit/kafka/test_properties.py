"""Properties of the Kafka client that cannot work, from whichever place they come."""

from __future__ import annotations

import pytest

from pyevents.errors import ConfigurationInvalid
from pyevents.kafka import KafkaTransport


def test_value_that_the_client_refuses_is_traced_to_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_LINGER_MS", "soon")  # which librdkafka calls queue.buffering.max.ms
    with pytest.raises(ConfigurationInvalid, match=r"; the environment has KAFKA_LINGER_MS\.") as refusal:
        KafkaTransport("127.0.0.1:1").sender("s")
    assert "soon" not in str(refusal.value)


def test_variable_that_is_no_property_is_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAFKA_PORT", "tcp://10.0.0.1:9092")  # as Kubernetes gives it for a service named kafka
    KafkaTransport("127.0.0.1:1").sender("s").close(0)
    assert "KAFKA_PORT is no property of the Kafka client and is left out" in caplog.text

"""Producing with librdkafka."""

from __future__ import annotations

from collections.abc import Callable

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from pyevents.kafka.inherited import keep_in_children
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused

__all__ = ["KafkaSender"]


class KafkaSender:
    """The sending side of a Kafka cluster.

    Args:
        client: A configured producer.
    """

    def __init__(self, client: confluent_kafka.Producer) -> None:
        self._client = client
        keep_in_children(self)

    def send(self, record: Record, done: Callable[[Delivery], None]) -> None:
        """Take one record; `done` is called from `poll`."""

        def report(error: KafkaError | None, message: confluent_kafka.Message) -> None:
            if error is None:
                done(Delivery(message.partition() or 0, message.offset() or 0, None))
            else:
                done(Delivery(-1, -1, _fault_of(error)))

        try:
            self._client.produce(
                record.topic,
                record.value,
                record.key,
                timestamp=record.timestamp,
                headers=list(record.headers) or None,
                on_delivery=report,
            )
        except BufferError:
            raise Backpressure from None
        except KafkaException as error:
            raise Refused(_fault_of(error.args[0])) from None

    def poll(self, timeout: float) -> int:
        """Serve delivery reports."""
        return int(self._client.poll(timeout))

    def cluster_id(self, timeout: float) -> str | None:
        """Return the id that the cluster was formatted with."""
        try:
            answer: str | None = self._client.list_topics(timeout=timeout).cluster_id
        except KafkaException:
            return None
        return answer

    def close(self, timeout: float) -> int:
        """Send what can be sent; return how many records are left without a report."""
        left = int(self._client.flush(timeout))
        if left:
            self._client.purge()
            self._client.flush(1)
        del self._client  # the last reference: it is destroyed here, not in a child that is forked later
        return left


def _fault_of(error: KafkaError) -> Fault:
    """Return a librdkafka error as a value; the text is librdkafka's and holds no payload."""
    return Fault(error.name(), error.str(), error.fatal())

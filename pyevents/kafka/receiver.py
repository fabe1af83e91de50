"""Consuming with librdkafka."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pyevents.kafka.inherited import keep_in_children
from pyevents.transport import Message, Partition, Rebalance

__all__ = ["KafkaReceiver"]

log = logging.getLogger("pyevents.kafka")


class KafkaReceiver:
    """The receiving side of a Kafka cluster; used by one thread, as librdkafka demands of `consume`.

    Args:
        client: A configured consumer.
    """

    def __init__(self, client: confluent_kafka.Consumer) -> None:
        self._client = client
        keep_in_children(self)
        self._last_error = ""

    def subscribe(self, topics: Sequence[str], rebalance: Rebalance) -> None:
        """Join the group."""
        self._client.subscribe(
            list(topics),
            on_assign=lambda _, found: rebalance.assigned(_partitions(found)),
            on_revoke=lambda _, found: rebalance.revoked(_partitions(found)),
            on_lost=lambda _, found: rebalance.lost(_partitions(found)),
        )

    def receive(self, limit: int, timeout: float) -> list[Message]:
        """Return up to `limit` messages."""
        found: Any = self._client.consume(limit, timeout)  # the stubs are vague about what may be None
        # One expression for each message, since this is where a busy consumer's time goes.
        return [
            Message(
                message.topic(),
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
                tuple(message.headers() or ()),
                message.timestamp()[1],
            )
            for message in found
            if message.error() is None or self._report(message.error())
        ]

    def commit(self, offsets: Iterable[tuple[Partition, int]], *, wait: bool) -> None:
        """Commit offsets; one that cannot be committed is logged, and its events come again."""
        wanted = [TopicPartition(partition.topic, partition.number, offset) for partition, offset in offsets]
        if not wanted:
            return
        try:
            if wait:
                self._client.commit(offsets=wanted, asynchronous=False)
            else:
                self._client.commit(offsets=wanted)
        except KafkaException as error:
            log.warning("offsets not committed (%s): the events after the last commit come again", error.args[0].name())

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Give out no messages of these partitions."""
        self._client.pause([TopicPartition(*partition) for partition in partitions])

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Give out messages of these partitions again."""
        self._client.resume([TopicPartition(*partition) for partition in partitions])

    def high(self, partition: Partition) -> int | None:
        """Return the offset after the newest message, as the last fetch told it."""
        try:
            high = int(self._client.get_watermark_offsets(TopicPartition(*partition), cached=True)[1])
        except KafkaException:
            return None
        return high if high >= 0 else None

    def close(self) -> None:
        """Leave the group."""
        self._client.close()

    def _report(self, error: KafkaError) -> bool:
        """Log an error that came instead of a message, once while it repeats itself."""
        if error.name() != self._last_error:
            log.warning("the broker says: %s", error.str())
            self._last_error = error.name()
        return False


def _partitions(found: Iterable[TopicPartition]) -> list[Partition]:
    return [Partition(one.topic, one.partition) for one in found]

"""Consuming with librdkafka."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pyevents.kafka.inherited import keep_in_children
from pyevents.transport import Headers, Message, Partition, Rebalance

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
        return [_message(message) for message in self._client.consume(limit, timeout) if not self._is_error(message)]

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

    def close(self) -> None:
        """Leave the group."""
        self._client.close()

    def _is_error(self, message: confluent_kafka.Message) -> bool:
        error: KafkaError | None = message.error()
        if error is None:
            self._last_error = ""
            return False
        if error.name() != self._last_error:
            log.warning("the broker says: %s", error.str())
            self._last_error = error.name()
        return True


def _partitions(found: Iterable[TopicPartition]) -> list[Partition]:
    return [Partition(one.topic, one.partition) for one in found]


def _message(message: confluent_kafka.Message) -> Message:
    headers: Any = message.headers()
    return Message(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        _headers(headers) if headers else (),
        message.timestamp()[1],
    )


def _headers(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    return tuple((name, value or b"") for name, value in headers)

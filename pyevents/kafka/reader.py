"""Reading what is on a topic now, from its first message to its last, without a group."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pyevents.errors import BrokerUnreachable, ConfigurationInvalid
from pyevents.transport import Message, Partition

__all__ = ["Bounds", "KafkaReader"]

Bounds = Mapping[Partition, tuple[int, int]]
"""By partition, the offset of the first message and the one after the last."""

_ENDED = KafkaError._PARTITION_EOF
_ELECTING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)


class KafkaReader:
    """Reads topics that somebody looks through, as an operator does.

    Args:
        client: A consumer that says where a partition ends (`enable.partition.eof`) and commits nothing.
        admin: For what a consumer cannot do.
        servers: For error messages.
        timeout: Seconds for every answer of the broker.
    """

    def __init__(self, client: confluent_kafka.Consumer, admin: AdminClient, servers: str, timeout: float) -> None:
        self._client = client
        self._admin = admin
        self._servers = servers
        self._timeout = timeout

    def bounds(self, topic: str) -> Bounds:
        """Return where the partitions of a topic begin and end now.

        Raises:
            ConfigurationInvalid: The cluster has no such topic.
            BrokerUnreachable: It does not answer.
        """
        try:
            found = self._client.list_topics(topic, timeout=self._timeout).topics[topic]
            if found.error is not None:
                raise ConfigurationInvalid(
                    "topic", f"{topic}: {found.error.str()}", "Create the topics with docker/kafka/create-topics.sh."
                )
            places = [TopicPartition(topic, number) for number in sorted(found.partitions)]
            ends = [self._ends(place) for place in places]
        except KafkaException as error:
            self._unreachable(error)
        return {Partition(topic, place.partition): end for place, end in zip(places, ends, strict=True)}

    def read(self, bounds: Bounds) -> Iterator[Message]:
        """Yield the messages within the bounds, partition by partition.

        Raises:
            BrokerUnreachable: Nothing comes for the reader's timeout.
        """
        for partition, (low, high) in bounds.items():
            if low < high:
                self._client.assign([TopicPartition(*partition, low)])
                yield from self._partition(high)
        self._client.unassign()

    def delete_before(self, ends: Mapping[Partition, int]) -> str:
        """Delete the messages below an offset of each partition, for good.

        Returns:
            Why the broker did not; empty where it did. It may lack the right or, as the embedded one, the ability.
        """
        wanted = [TopicPartition(*partition, offset) for partition, offset in ends.items()]
        try:
            for answer in self._admin.delete_records(wanted).values() if wanted else ():
                answer.result(self._timeout)
        except KafkaException as error:
            reason: Any = error.args[0]
            return str(reason.str())
        return ""

    def close(self) -> None:
        """Let the broker go."""
        self._client.close()

    def _ends(self, place: TopicPartition) -> tuple[int, int]:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                low, high = self._client.get_watermark_offsets(place, timeout=self._timeout)
                return int(low), int(high)
            except KafkaException as error:
                if error.args[0].code() not in _ELECTING or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)  # the topic was made a moment ago, or its leader moves

    def _partition(self, high: int) -> Iterator[Message]:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            for found in self._client.consume(500, 0.05):
                error = found.error()
                if error is None:
                    deadline = time.monotonic() + self._timeout
                    if (found.offset() or 0) < high:
                        yield _message(found)
                elif error.code() != _ENDED:
                    continue  # librdkafka mends it by itself, or the deadline comes
                if error is not None or (found.offset() or 0) >= high - 1:
                    return
        raise BrokerUnreachable(self._servers, f"nothing came within {self._timeout:g} s")

    def _unreachable(self, error: KafkaException) -> NoReturn:
        reason: Any = error.args[0]
        raise BrokerUnreachable(self._servers, reason.str()) from None


def _message(found: Any) -> Message:
    place = found.topic(), found.partition(), found.offset()
    return Message(*place, found.key(), found.value(), tuple(found.headers() or ()), found.timestamp()[1])

"""Asking a cluster which topics it has, and making those of the catalog."""

from __future__ import annotations

from collections.abc import Iterable

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pyevents.catalog import Topic
from pyevents.errors import BrokerUnreachable

__all__ = ["create_topics", "topic_names"]


def topic_names(client: AdminClient, servers: str, timeout: float) -> set[str]:
    """Return the names of the topics that a broker lists.

    Raises:
        BrokerUnreachable: None answers within `timeout` seconds, or it refuses this client.
    """
    try:
        return set(client.list_topics(timeout=timeout).topics)
    except confluent_kafka.KafkaException as error:
        raise BrokerUnreachable(servers, error.args[0].str()) from None


def create_topics(client: AdminClient, servers: str, topics: Iterable[Topic], timeout: float) -> list[str]:
    """Create the topics that the cluster lacks, and return their names; those that are there stay as they are.

    Raises:
        BrokerUnreachable: The cluster does not answer, or refuses to create one.
    """
    there = topic_names(client, servers, timeout)
    wanted = [
        NewTopic(topic.name, topic.partitions, topic.replication, config=dict(topic.config))
        for topic in topics
        if topic.name not in there
    ]
    if not wanted:
        return []
    for name, answer in client.create_topics(wanted, operation_timeout=timeout).items():
        try:
            answer.result(timeout)
        except confluent_kafka.KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise BrokerUnreachable(servers, f"{name} was not created: {error.args[0].str()}") from None
    return [topic.topic for topic in wanted]

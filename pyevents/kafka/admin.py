"""Asking a cluster which topics it has, and which of them a client may use."""

from __future__ import annotations

import confluent_kafka
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation

from pyevents.errors import BrokerUnreachable
from pyevents.transport import Needs

__all__ = ["is_mock", "topic_names", "unusable"]


def is_mock(cluster_id: str | None) -> bool:
    """Say whether this is librdkafka's mock cluster, by the name that rd_kafka_mock.c gives it.

    It knows neither rights nor settings, and leaves questions about them unanswered.
    """
    return (cluster_id or "").startswith("mockCluster")


def topic_names(client: AdminClient, servers: str, timeout: float) -> set[str]:
    """Return the names of the topics that a broker lists.

    Raises:
        BrokerUnreachable: None answers within `timeout` seconds, or it refuses this client.
    """
    try:
        return set(client.list_topics(timeout=timeout).topics)
    except confluent_kafka.KafkaException as error:
        raise BrokerUnreachable(servers, error.args[0].str()) from None


def unusable(client: AdminClient, servers: str, topics: Needs, timeout: float) -> dict[str, str]:
    """Return the topics that do not exist, or with which this client may not do what it has to, with the reason.

    Asking for a topic by name brings it into being where a broker makes topics at their first use, as the embedded
    one does.

    Raises:
        BrokerUnreachable: No broker answers within `timeout` seconds.
    """
    found: dict[str, str] = {}
    try:
        for topic in topics:
            metadata = client.list_topics(topic, timeout=timeout)
            error = metadata.topics[topic].error
            if error is not None:
                found[topic] = error.str()
    except KafkaException as error:
        raise BrokerUnreachable(servers, error.args[0].str()) from None
    there = [topic for topic in topics if topic not in found]
    if not there or is_mock(metadata.cluster_id):
        return found
    answers = client.describe_topics(TopicCollection(there), include_authorized_operations=True)
    for topic, answer in answers.items():
        try:
            allowed = answer.result(timeout).authorized_operations
        except (KafkaException, TimeoutError):
            continue  # a broker before 2.3 does not tell; the first write will
        if allowed and not {AclOperation[topics[topic]], AclOperation.ALL} & set(allowed):
            found[topic] = (
                "this client may not read it" if topics[topic] == "READ" else "this client may not write to it"
            )
    return found

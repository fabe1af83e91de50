"""A cluster's topics and rights, asked and changed one thing at a time; what is to change is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import confluent_kafka.admin
from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewPartitions, NewTopic

from pyevents.catalog import Topic
from pyevents.errors import BrokerUnreachable, ClusterRefused, ConfigurationInvalid
from pyevents.kafka.admin import is_mock
from pyevents.transport import Grant

__all__ = ["KafkaCluster"]

Answer = TypeVar("Answer")

# Its stubs do not export what its documentation names.
_kafka: Any = confluent_kafka.admin

# librdkafka calls the cluster as a resource BROKER, since it shares the number of Kafka's CLUSTER.
_RESOURCES = {
    "TOPIC": _kafka.ResourceType.TOPIC,
    "GROUP": _kafka.ResourceType.GROUP,
    "CLUSTER": _kafka.ResourceType.BROKER,
}
_NAMES = {kind: name for name, kind in _RESOURCES.items()}


class KafkaCluster:
    """What an administrator asks of a cluster; every call waits for the broker's word.

    Args:
        client: A configured admin client.
        servers: Named in errors.
        timeout: Seconds for each call.

    Every method raises `BrokerUnreachable` where no broker answers, and `ClusterRefused` where it says no.
    """

    def __init__(self, client: confluent_kafka.admin.AdminClient, servers: str, timeout: float = 15.0) -> None:
        self._client = client
        self._servers = servers
        self._timeout = timeout

    def topics(self) -> dict[str, Topic]:
        """Return every topic with its partitions, replicas and settings, by name; Kafka's own are left out.

        Raises:
            ConfigurationInvalid: It is the embedded broker, which cannot tell.
        """
        metadata = self._ask("topics", lambda: self._client.list_topics(timeout=self._timeout))
        if is_mock(metadata.cluster_id):
            problem = f"at {self._servers} is the embedded broker, which knows neither settings nor rights"
            raise ConfigurationInvalid("bootstrap_servers", problem, "`pyevents dev --real` starts one that does.")
        listed = metadata.topics
        names = [name for name in listed if not name.startswith("__")]
        if not names:
            return {}
        answers = self._client.describe_configs(
            [_kafka.ConfigResource(_kafka.ConfigResource.Type.TOPIC, name) for name in names]
        )
        settings = {resource.name: self._result(resource.name, answer) for resource, answer in answers.items()}
        return {
            name: Topic(
                name,
                len(listed[name].partitions),
                min(len(partition.replicas) for partition in listed[name].partitions.values()),
                {entry.name: entry.value for entry in settings[name].values() if entry.value is not None},
            )
            for name in names
            if listed[name].partitions
        }

    def create(self, *topics: Topic) -> None:
        """Create topics; those that are there stay as they are."""
        new = [NewTopic(one.name, one.partitions, one.replication, config=dict(one.config)) for one in topics]
        self._each(self._client.create_topics(new, operation_timeout=self._timeout), but="TOPIC_ALREADY_EXISTS")

    def add_partitions(self, topic: str, count: int) -> None:
        """Give a topic so many partitions in all."""
        self._each(self._client.create_partitions([NewPartitions(topic, count)]))

    def configure(self, topic: str, settings: Mapping[str, str]) -> None:
        """Set some settings of a topic, and leave the others."""
        entries = [
            _kafka.ConfigEntry(name, value, incremental_operation=_kafka.AlterConfigOpType.SET)
            for name, value in settings.items()
        ]
        resource = _kafka.ConfigResource(_kafka.ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        self._each(self._client.incremental_alter_configs([resource]))

    def delete(self, topic: str) -> None:
        """Delete a topic with all that is on it."""
        self._each(self._client.delete_topics([topic], operation_timeout=self._timeout))

    def grants(self) -> set[Grant]:
        """Return every right that allows something on topics, groups or the cluster, from any host."""
        any_right = _kafka.AclBindingFilter(
            _kafka.ResourceType.ANY,
            None,
            _kafka.ResourcePatternType.ANY,
            None,
            None,
            _kafka.AclOperation.ANY,
            _kafka.AclPermissionType.ALLOW,
        )
        found = self._result("rights", self._client.describe_acls(any_right))
        return {
            Grant(one.principal, _NAMES[one.restype], one.name, one.resource_pattern_type.name, one.operation.name)
            for one in found
            if one.restype in _NAMES and one.host == "*"
        }

    def grant(self, rights: Iterable[Grant]) -> None:
        """Give rights."""
        self._each(self._client.create_acls([_kafka.AclBinding(*_binding(right)) for right in rights]))

    def revoke(self, rights: Iterable[Grant]) -> None:
        """Take rights away."""
        self._each(self._client.delete_acls([_kafka.AclBindingFilter(*_binding(right)) for right in rights]))

    def _ask(self, what: str, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except KafkaException as error:
            raise self._refusal(what, error) from None

    def _each(self, answers: Mapping[Any, Future[Any]], but: str = "") -> None:
        for what, answer in answers.items():
            self._result(str(getattr(what, "name", what)), answer, but)

    def _result(self, what: str, answer: Future[Answer], but: str = "") -> Answer | Any:
        try:
            return answer.result(self._timeout)
        except TimeoutError:
            raise BrokerUnreachable(self._servers, f"no answer within {self._timeout:g} s") from None
        except KafkaException as error:
            if error.args[0].name() == but:
                return None
            raise self._refusal(what, error) from None

    def _refusal(self, what: str, error: KafkaException) -> Exception:
        fault = error.args[0]
        if fault.name().startswith("_"):  # librdkafka's own codes: nobody was reached
            return BrokerUnreachable(self._servers, fault.str().rstrip("."))
        return ClusterRefused(what, self._servers, fault.str().rstrip("."))


def _binding(right: Grant) -> tuple[Any, ...]:
    pattern, operation = _kafka.ResourcePatternType[right.pattern], _kafka.AclOperation[right.operation]
    allow = _kafka.AclPermissionType.ALLOW
    return _RESOURCES[right.resource], right.name, pattern, right.principal, "*", operation, allow

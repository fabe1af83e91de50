"""The way to a Kafka cluster, and the properties that its clients are made with."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import confluent_kafka
from confluent_kafka.admin import AdminClient

from pyevents.catalog import Topic
from pyevents.config import Properties, bootstrap_servers, client_properties
from pyevents.errors import ConfigurationInvalid
from pyevents.kafka.admin import topic_names, unusable
from pyevents.kafka.cluster import KafkaCluster
from pyevents.kafka.log import librdkafka_log
from pyevents.kafka.reader import KafkaReader
from pyevents.kafka.receiver import KafkaReceiver
from pyevents.kafka.retrying import INTERVAL
from pyevents.kafka.sender import KafkaSender
from pyevents.transport import LARGEST, Needs

__all__ = ["RECEIVER", "KafkaTransport"]

log = logging.getLogger("pyevents.kafka")

Client = TypeVar("Client")

_SENDER = {
    "enable.idempotence": True,
    "acks": "all",
    # What librdkafka gave up on after a time would be lost, or overtaken by what follows.
    "message.timeout.ms": 0,
    "enable.gapless.guarantee": True,
    # The one partitioner that Java, librdkafka and other clients agree on (KIP-480's default hash).
    "partitioner": "murmur2_random",
    "linger.ms": 5,
    # How long a topic may be unknown before it is called missing; 30 s would leave its events unexplained as long.
    "topic.metadata.propagation.max.ms": 10_000,
    # The producer bounds what it hands over, topic by topic; a common bound would let one topic block the others.
    "queue.buffering.max.messages": 10_000_000,
    "queue.buffering.max.kbytes": 2_147_483_647,
}

# The retries take 5 s; then librdkafka tells what the broker answers. Of a client with more in flight than one
# message, later ones would overtake the one that it gave up on, gapless or not (measured).
_SINGLY = {"batch.num.messages": 1, "linger.ms": 0, "message.send.max.retries": 8}

RECEIVER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "partition.assignment.strategy": "cooperative-sticky",
    # A member that was killed is replaced after this time; librdkafka's 45 s block its successor as long.
    "session.timeout.ms": 15_000,
    "queued.max.messages.kbytes": 32 * 1024,
    # How long fetching rests once that much is queued; in librdkafka's 1,000 ms any consumer has emptied it and waits.
    "fetch.queue.backoff.ms": 50,
}

# Files that hold the value, as containers are given secrets: `KAFKA_SASL_PASSWORD_FILE` is `sasl.password.file`.
_IN_FILES = ("sasl.password", "ssl.key.password")

_CLASSIC = frozenset({"partition.assignment.strategy", "session.timeout.ms"})


class KafkaTransport:
    """Makes the clients for one cluster.

    Args:
        servers: `host:port`, separated by commas.
        properties: Of librdkafka, by their own names; the environment's `KAFKA_…` fill in what is missing.

    Raises:
        ConfigurationInvalid: A property is unknown, has no such value, or is not the caller's to set.
    """

    def __init__(self, servers: str | None = None, properties: Properties | None = None) -> None:
        self.servers = bootstrap_servers(servers)
        self._given, self._environment = client_properties(properties)
        self._secrets: dict[str, str] = {}

    lasting = True

    @property
    def name(self) -> str:
        """Where it leads."""
        return self.servers

    @property
    def largest(self) -> int:
        """Bytes that a message may have; once a sender was made, the property is known to be a number."""
        return int({**self._environment, **self._given}.get("message.max.bytes", LARGEST))

    def sender(
        self, client_id: str, *, largest: int | None = None, singly: bool = False, watched: bool = False
    ) -> KafkaSender:
        """Return a new sender; it connects in the background."""
        own: dict[str, Any] = _SENDER | {"client.id": client_id} | (_SINGLY if singly else {})
        if watched:
            own["statistics.interval.ms"] = INTERVAL
        over = {"message.max.bytes": largest} if largest is not None and largest > self.largest else None
        return KafkaSender(lambda calls: self._make(confluent_kafka.Producer, own | calls, over))

    def receiver(self, group_id: str, *, client_id: str, auto_offset_reset: str) -> KafkaReceiver:
        """Return a new receiver; it joins the group on `subscribe`."""
        own = RECEIVER | {"group.id": group_id, "client.id": client_id, "auto.offset.reset": auto_offset_reset}
        given = {**self._environment, **self._given}
        if given.get("group.protocol") == "consumer":
            # KIP-848: the broker decides on these, and librdkafka refuses them.
            own = {name: value for name, value in own.items() if name not in _CLASSIC}
        return KafkaReceiver(self._make(confluent_kafka.Consumer, own))

    def unusable(self, topics: Needs, timeout: float) -> dict[str, str]:
        """Return the topics that do not exist or to which this client has not that right, with the reason in words.

        Raises:
            BrokerUnreachable: No broker answers within `timeout` seconds.
        """
        return unusable(self._make(AdminClient, {}), self.servers, topics, timeout)

    def reader(self, timeout: float = 15.0) -> KafkaReader:
        """Return a reader of what is on topics now, for operators; `timeout` is its seconds for every answer."""
        own = {
            "group.id": "pyevents-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # What it goes on to read waits until the broker has answered for what it was reading: 0.5 s by default.
            "fetch.wait.max.ms": 10,
        }
        client, admin = self._make(confluent_kafka.Consumer, own), self._make(AdminClient, {})
        return KafkaReader(client, admin, self.servers, timeout)

    def topics(self, timeout: float = 5.0) -> set[str]:
        """Return the names of the cluster's topics.

        Raises:
            BrokerUnreachable: No broker answers within `timeout` seconds.
        """
        return topic_names(self._make(AdminClient, {}), self.servers, timeout)

    def create_topics(self, topics: Iterable[Topic]) -> None:
        """Create the topics that the cluster lacks.

        Raises:
            BrokerUnreachable: The cluster does not answer.
            ClusterRefused: It will not create one.
        """
        self.cluster().create(*topics)

    def cluster(self) -> KafkaCluster:
        """Return what an administrator asks of this cluster."""
        return KafkaCluster(self._make(AdminClient, {}), self.servers)

    def _make(
        self, client: Callable[[dict[str, Any]], Client], own: Mapping[str, Any], over: Mapping[str, Any] | None = None
    ) -> Client:
        while True:
            conf: dict[str, Any] = {**own, **self._environment, **self._given, **(over or {})}
            conf["bootstrap.servers"] = self.servers
            conf.setdefault("logger", librdkafka_log)
            self._read_secrets(conf)
            try:
                return client(conf)
            except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
                self._blame(_text(error))

    def _read_secrets(self, conf: dict[str, Any]) -> None:
        """Put what a file holds in place of its name, anew for each client; while it is replaced, what it held."""
        for name in _IN_FILES:
            path = conf.pop(f"{name}.file", None)
            if path is None:
                continue
            try:
                self._secrets[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                if name not in self._secrets:
                    problem = getattr(error, "strerror", None) or "it is not UTF-8"
                    raise ConfigurationInvalid(
                        f"{name}.file", f"{path} cannot be read: {problem}", "Name a readable file."
                    ) from None
            conf[name] = self._secrets[name]

    def _blame(self, text: str) -> None:
        """Drop a property of the environment that librdkafka does not know; raise for everything else."""
        unknown = re.search(r'No such configuration property: "([^"]+)"', text)
        if unknown and unknown[1] in self._environment:
            del self._environment[unknown[1]]
            log.warning("%s is no property of the Kafka client and is left out", _variable(unknown[1]))
            return
        remedy = "See librdkafka's CONFIGURATION.md for names and values"
        if self._environment:
            named = ", ".join(sorted(map(_variable, self._environment)))
            remedy += f"; the environment has {named}"
        raise ConfigurationInvalid("properties", text, f"{remedy}.") from None


def _variable(name: str) -> str:
    return "KAFKA_" + name.upper().replace(".", "_")


def _text(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return str(first.str() if isinstance(first, confluent_kafka.KafkaError) else first)

"""librdkafka's mock cluster: a Kafka broker inside this process, on a loopback port that other processes can use.

It owns the way to the C functions, which the Python client does not offer: without them the broker cannot be
stopped, topics cannot be made with a number of partitions, and the first member of a group waits three seconds.
The functions are exported by the library that comes with the client, and marked experimental there
(`rdkafka_mock.h`); the tests of the embedded pair are the guard against their change.

What the mock does not do is listed in the design: no CreateTopics, 5 MiB a partition, idempotence unchecked.
Topics that nobody created come into being at their first use, with four partitions. Every rebalance but a
group's first one waits a second less than the members' session timeout (measured), whoever is there already.
"""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any

from confluent_kafka import cimpl

from pyevents.errors import Closed, ConfigurationInvalid

__all__ = ["MockCluster"]

_PRODUCER = 0
_EVERY_BROKER = -1
_TOPIC_EXISTS = 36

_pointer, _int, _int32, _text = ctypes.c_void_p, ctypes.c_int, ctypes.c_int32, ctypes.c_char_p

_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (_pointer, []),
    "rd_kafka_conf_set_log_cb": (None, [_pointer, _pointer]),
    "rd_kafka_new": (_pointer, [_int, _pointer, _text, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_pointer]),
    "rd_kafka_err2name": (_text, [_int]),
    "rd_kafka_mock_cluster_new": (_pointer, [_pointer, _int]),
    "rd_kafka_mock_cluster_destroy": (None, [_pointer]),
    "rd_kafka_mock_cluster_bootstraps": (_text, [_pointer]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_pointer, _int32]),
    "rd_kafka_mock_topic_create": (_int, [_pointer, _text, _int, _int]),
    "rd_kafka_mock_broker_set_down": (_int, [_pointer, _int32]),
    "rd_kafka_mock_broker_set_up": (_int, [_pointer, _int32]),
}
"""Name, type of the result and types of the arguments, from `rdkafka.h` and `rdkafka_mock.h`."""


class MockCluster:
    """One mock broker; it listens from construction until `close`.

    Raises:
        ConfigurationInvalid: The installed Kafka client has no mock cluster within reach.
    """

    def __init__(self) -> None:
        self._library = _load_library()
        self._topics: dict[str, int] = {}
        self._owner: int | None = self._new_owner()
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._owner, 1)
        # A member would wait 3 s for others before it gets its partitions (group.initial.rebalance.delay.ms).
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.bootstrap_servers: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic, unless it was created before with as many partitions.

        Raises:
            ConfigurationInvalid: It exists with another number of partitions, perhaps by somebody's first use,
                or the number is none.
        """
        if self._topics.get(name) == partitions:
            return
        if partitions < 1:
            raise ConfigurationInvalid(f"topic {name}", f"{partitions} partitions are none", "Take 1 or more.")
        code = self._library.rd_kafka_mock_topic_create(self._running(), name.encode(), partitions, 1)
        if code == _TOPIC_EXISTS:
            raise ConfigurationInvalid(
                f"topic {name}",
                f"it exists already, with another number of partitions than {partitions}",
                "Create it before its first use, or take another name.",
            )
        self._check(code, f"topic {name} of {partitions} partitions")
        self._topics[name] = partitions

    def broker_down(self) -> None:
        """Close every connection and refuse new ones, as a broker that is gone; what it holds is kept."""
        self._check(self._library.rd_kafka_mock_broker_set_down(self._running(), _EVERY_BROKER), "broker")

    def broker_up(self) -> None:
        """Accept connections again, on the same port."""
        self._check(self._library.rd_kafka_mock_broker_set_up(self._running(), _EVERY_BROKER), "broker")

    def close(self) -> None:
        """End the broker and forget what it holds; may be called twice."""
        owner, self._owner = self._owner, None
        if owner is not None:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(owner)

    def __enter__(self) -> MockCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> Any:
        if self._owner is None:
            raise Closed("mock cluster")
        return self._cluster

    def _new_owner(self) -> int:
        """Return a client that sends nothing: a mock cluster lives on one."""
        conf = self._library.rd_kafka_conf_new()
        # The log of both goes to stderr otherwise ("Mock cluster enabled", "Disconnected").
        self._library.rd_kafka_conf_set_log_cb(conf, None)
        problem = ctypes.create_string_buffer(512)
        owner: int | None = self._library.rd_kafka_new(_PRODUCER, conf, problem, len(problem))
        if owner is None:
            raise _unreachable(problem.value.decode(errors="replace"))
        return owner

    def _check(self, code: int, what: str) -> None:
        if code:
            name = self._library.rd_kafka_err2name(code).decode()
            raise ConfigurationInvalid(what, f"the mock cluster answers {name}", "Check the name and the number.")


def _load_library() -> ctypes.CDLL:
    """Load librdkafka with the functions above.

    It is reached through the client's extension module: a look-up in that also finds what the libraries export
    that it is linked to (dlsym(3), on Linux and macOS), wherever they lie and whatever they are called.
    """
    try:
        library = ctypes.CDLL(cimpl.__file__)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise _unreachable(str(error)) from None
    return library


def _unreachable(problem: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        "embedded broker",
        f"librdkafka's mock cluster cannot be reached in this installation of confluent-kafka ({problem})",
        "Install confluent-kafka from a wheel, on Linux or macOS, or use `pyevents dev --real`.",
    )

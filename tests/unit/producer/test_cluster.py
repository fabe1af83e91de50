"""Whoever answers at an address may be another cluster: when a producer asks, and what it makes of the answer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.producer.client import Client, Cluster, Verdict, judge
from pyevents.transport import Backpressure, Delivery, Fault, Record
from tests.suite.place import wait_until


class _Sender:
    """A client that sends at every `poll` what it has to whoever is there then."""

    trouble: Fault | None = None
    retrying: frozenset[str] = frozenset()

    def __init__(self, address: _Address) -> None:
        self._address = address
        self._queue: deque[tuple[Record, Callable[[Delivery], None], int]] = deque()
        self._met = [address.answers]
        self._lost = False
        self.losses = 0
        self.polled = 0

    @property
    def mixed(self) -> bool:
        return len(set(self._met)) > 1

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        self._queue.append((record, done, number))

    def poll(self, timeout: float) -> int:
        self._address.woken.wait(timeout)
        self.losses += self._lost
        self._lost = False
        self.polled += 1
        served = 0
        while self._queue and not self._address.slow:
            record, done, number = self._queue.popleft()
            served += 1
            if self._address.refusal is not None:
                done(Delivery(number, len(record.value or b""), -1, -1, self._address.refusal))
                continue
            cluster = self._address.clusters[self._address.answers]
            with cluster.changed:
                message = cluster.append(record)
            done(Delivery(number, len(record.value or b""), message.partition, message.offset, None))
        return served

    def cluster_id(self, timeout: float) -> str | None:
        return None if self._address.silent else self._address.answers

    def close(self, timeout: float) -> int:
        left = len(self._queue)
        self._queue.clear()
        self._address.senders.remove(self)
        return left

    def lose(self) -> None:
        self._lost = True
        self._met.append(self._address.answers)


class _Address(MemoryTransport):
    """An address that leads to one of two clusters."""

    def __init__(self) -> None:
        super().__init__(partitions=1)
        self.clusters = {"ours": MemoryTransport(partitions=1), "other": MemoryTransport(partitions=1)}
        self.answers = "ours"
        self.slow = self.silent = False
        self.refusal: Fault | None = None
        self.woken = threading.Event()
        self.senders: list[_Sender] = []

    def sender(self, client_id: str, **options: Any) -> Any:
        self.senders.append(_Sender(self))
        return self.senders[-1]

    def lead_to(self, cluster: str) -> None:
        self.answers = cluster
        for sender in self.senders:
            sender.lose()

    def at(self, cluster: str) -> list[int]:
        return [int(message.key or b"") for message in self.clusters[cluster].messages("patient-events")]


@pytest.fixture
def address() -> _Address:
    return _Address()


@pytest.fixture
def producer(address: _Address) -> Iterator[RobustKafkaProducer]:
    """It has sent number 0 to our cluster, and knows it."""
    with RobustKafkaProducer(
        service_name="s", transport=address, registry=MemoryRegistry(), auto_register=True, spool=None
    ) as made:
        publish(made, [1])
        assert made.flush(10) == 0
        wait_until(lambda: made._running and made._running.sending.cluster.id == "ours", "the cluster is known")
        yield made
        made.close(0)


def publish(producer: RobustKafkaProducer, numbers: list[int] | range) -> None:
    for number in numbers:
        producer.publish(PatientDeleted(patient_id=number))


def wait_elsewhere(producer: RobustKafkaProducer) -> None:
    wait_until(lambda: "other answers" in (producer.status().last_error or ""), "the other cluster is noticed")


@pytest.mark.parametrize(
    ("known", "found", "mixed", "verdict"),
    [
        (None, "a", False, Verdict.OURS),
        (None, "a", True, Verdict.OURS),
        ("a", "b", False, Verdict.OTHER),
        ("a", "b", True, Verdict.OTHER),
        ("a", "a", True, Verdict.MIXED),
        ("a", "a", False, Verdict.OURS),
    ],
)
def test_verdict_on_a_client(known: str | None, found: str, mixed: bool, verdict: Verdict) -> None:
    assert judge(known, found, mixed) is verdict


def test_client_takes_nothing_from_the_loss_of_a_connection_on_until_the_cluster_has_answered(
    address: _Address,
) -> None:
    cluster = Cluster()
    client = Client(address.sender("c"), cluster)
    record = Record("t", b"1", b"")
    client.send(record, lambda delivery: None)  # before the first contact there is no other cluster
    client.ask()
    assert client.learn() == (Verdict.OURS, "ours")
    cluster.id = "ours"
    assert not client.in_doubt
    address.lead_to("ours")
    client.poll(0)
    with pytest.raises(Backpressure):
        client.send(record, lambda delivery: None)
    client.ask()
    assert client.learn() == (Verdict.OURS, "ours")
    client.send(record, lambda delivery: None)


def test_answer_from_before_the_loss_of_a_connection_does_not_count(address: _Address) -> None:
    cluster = Cluster()
    cluster.id = "ours"
    client = Client(address.sender("c"), cluster)
    client.ask()
    address.lead_to("ours")
    assert client.learn() is None
    assert client.in_doubt


def test_idle_producer_gives_another_cluster_nothing(address: _Address, producer: RobustKafkaProducer) -> None:
    address.lead_to("other")
    publish(producer, range(2, 200))
    wait_elsewhere(producer)
    assert (address.at("other"), producer.status().pending) == ([], 198)
    assert "what waits is for ours" in producer.status().waiting["patient-events"]
    assert not producer.status().connected
    address.lead_to("ours")
    assert producer.flush(10) == 0
    assert address.at("ours") == list(range(1, 200))
    assert producer.status().connected


def test_what_another_cluster_confirmed_is_sent_again(address: _Address, producer: RobustKafkaProducer) -> None:
    (client,), address.slow = address.senders, True
    publish(producer, range(2, 12))
    wait_until(lambda: len(client._queue) == 10, "the client has them")
    address.lead_to("other")
    address.slow = False
    wait_elsewhere(producer)
    wait_until(lambda: client not in address.senders, "the client is closed")
    assert (address.at("other"), producer.status().sent) == (list(range(2, 12)), 1)
    address.lead_to("ours")
    assert producer.flush(10) == 0
    assert (address.at("ours"), producer.status().sent) == (list(range(1, 12)), 11)


def test_client_of_a_topic_in_trouble_gives_another_cluster_nothing(
    address: _Address, producer: RobustKafkaProducer
) -> None:
    address.refusal = Fault("TOPIC_AUTHORIZATION_FAILED", "")
    publish(producer, range(2, 12))
    wait_until(lambda: "ACL" in producer.status().waiting.get("patient-events", ""), "the topic waits")
    address.lead_to("other")
    address.refusal = None
    wait_until(lambda: len(address.senders) > 1 and address.senders[-1].polled > 20, "a client of its own was made")
    assert address.at("other") == []
    address.lead_to("ours")
    assert producer.flush(20) == 0
    assert address.at("ours") == list(range(1, 12))


def test_client_that_another_cluster_answered_in_between_is_replaced(
    address: _Address, producer: RobustKafkaProducer
) -> None:
    address.slow = address.silent = True
    publish(producer, [2])
    wait_until(lambda: len(address.senders[0]._queue) == 1, "the client has it")
    address.lead_to("other")
    address.slow = False
    wait_until(lambda: address.at("other") == [2], "the other cluster has it")
    address.lead_to("ours")
    address.silent = False
    assert producer.flush(10) == 0
    assert address.at("ours") == [1, 2]


def test_confirmed_before_the_cluster_is_known_again_counts_once_it_is(
    address: _Address, producer: RobustKafkaProducer
) -> None:
    address.silent = True
    address.slow = True
    publish(producer, [2])
    wait_until(lambda: len(address.senders[0]._queue) == 1, "the client has it")
    address.lead_to("ours")
    address.slow = False
    wait_until(lambda: address.at("ours") == [1, 2], "our cluster has it")
    assert producer.flush(0.3) == 1
    address.silent = False
    assert producer.flush(10) == 0
    assert address.at("ours") == [1, 2]


def test_connection_that_was_long_unused_is_asked_before_it_is_used(
    address: _Address, producer: RobustKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyevents.producer.asker._UNUSED", 0.0)
    client = producer._running.sending._client  # type: ignore[union-attr]
    wait_until(lambda: client.in_doubt, "it is in doubt")
    address.answers = "other"  # and no client hears of a lost connection
    publish(producer, [2])
    wait_elsewhere(producer)
    assert address.at("other") == []


def test_broker_that_answers_nothing_for_seconds_shows_in_the_status(
    address: _Address, producer: RobustKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyevents.producer.asker._QUIET", 0.1)
    assert producer.status().connected
    address.slow = address.silent = True
    publish(producer, [2])
    wait_until(lambda: not producer.status().connected, "it is not connected any more")
    address.slow = address.silent = False
    wait_until(lambda: producer.status().connected, "it is connected again")

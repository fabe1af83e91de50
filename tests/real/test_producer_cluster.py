"""Another cluster at the address of the one that the events are for: it gets nothing that waits, and nothing is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException

from pyevents.catalog import load
from pyevents.dev.real.kafka import RealKafka
from pyevents.kafka import KafkaTransport
from pyevents.transport import Delivery, Record
from tests.real.load import PATIENTS, THERAPISTS, Load
from tests.real.proxy import Proxy
from tests.suite.place import wait_until
from tests.torture.verdict import Seen, read_topics

TOPIC_AUTHORIZATION_FAILED = 29


class Address:
    """An address that leads to one of two clusters, whose brokers tell clients nothing but this address."""

    def __init__(self, proxy: Proxy, other: RealKafka) -> None:
        self.servers, self.ours, self.other = proxy.servers, proxy.kafka, other
        self.proxy = proxy
        proxy.lead_to(other)
        KafkaTransport(self.servers).create_topics(load().catalog.every_topic)
        wait_until(self._readable, "every partition has a leader")

    def read(self, run: Load) -> list[Seen]:
        """Return what that cluster has of the events of that run; the address has to lead there."""
        mine = {seen.event_id for seen in run.accepted}
        return [seen for seen in read_topics(self.servers, [PATIENTS, THERAPISTS]) if seen.event_id in mine]

    def _readable(self) -> bool:
        try:
            return read_topics(self.servers, [PATIENTS, THERAPISTS]) == []
        except KafkaException:
            return False


@pytest.fixture(scope="module")
def address(proxy: Proxy) -> Iterator[Address]:
    with RealKafka(properties={"advertised.listeners": f"PLAINTEXT://{proxy.servers}"}) as other:
        yield Address(proxy, other)


@pytest.fixture
def run(address: Address) -> Iterator[Load]:
    """A producer that has sent an event to our cluster, and publishes when it is told to."""
    address.proxy.lead_to(address.ours)
    run = Load(address.servers, f"service-{uuid4().hex[:8]}")
    run.publish(PATIENTS, 1, 1)
    assert run.producer.flush(30) == 0
    wait_until(lambda: run.producer.status().connected, "the cluster is known")
    yield run
    run.producer.close(1)


def publish_many(run: Load, numbers: range) -> None:
    for number in numbers:
        run.publish(PATIENTS, number % 5, number)
        run.publish(THERAPISTS, number % 5, number)


def wait_elsewhere(run: Load) -> None:
    """Wait until it is told that another cluster answers."""
    status = run.producer.status
    wait_until(lambda: "what waits is for" in (status().last_error or ""), "it is noticed that another cluster answers")


def test_what_an_idle_producer_publishes_after_the_switch_waits_for_its_cluster(
    address: Address, run: Load, caplog: pytest.LogCaptureFixture
) -> None:
    before = address.proxy.accepted
    address.proxy.lead_to(address.other)
    wait_until(lambda: address.proxy.accepted > before, "the client knows that its connection is lost")
    publish_many(run, range(2, 500))
    wait_elsewhere(run)
    publish_many(run, range(500, 1000))
    status = run.producer.status()
    assert (status.connected, status.pending) == (False, 2 * 998)
    assert status.waiting.keys() == {PATIENTS, THERAPISTS}
    assert all("nothing is sent" in reason for reason in status.waiting.values())
    assert address.read(run) == []
    address.proxy.lead_to(address.ours)
    verdict = run.verdict(address.servers)
    assert verdict.good and verdict.doubles == 0, verdict
    assert run.producer.status().waiting == {} and run.producer.status().connected
    said = [record for record in caplog.records if "nothing is sent" in record.getMessage()]
    assert [record.levelno for record in said] == [logging.ERROR]


def test_what_was_with_the_client_at_the_switch_is_sent_again_to_its_cluster(address: Address, run: Load) -> None:
    ended, threads = threading.Event(), [threading.Thread(target=lambda n=n: publish_until(n)) for n in range(3)]

    def publish_until(key: int) -> None:
        numbers = count(2)
        while not ended.wait(0.0001):
            run.publish((PATIENTS, THERAPISTS)[key % 2], 10 + key, next(numbers))

    for thread in threads:
        thread.start()
    run.wait_sent(2_000)
    confirmed = run.producer.status().sent
    address.proxy.lead_to(address.other)
    wait_elsewhere(run)
    sent = run.producer.status().sent
    goal = len(run.accepted) + 2_000
    wait_until(lambda: len(run.accepted) > goal, "publishing goes on")
    assert run.producer.status().sent == sent
    ended.set()
    for thread in threads:
        thread.join()
    leaked = address.read(run)
    address.proxy.lead_to(address.ours)
    verdict = run.verdict(address.servers)
    print(f"accepted {verdict.accepted}, confirmed {confirmed}, at the other cluster {len(leaked)}, {verdict}")
    assert verdict.good, verdict
    assert len(leaked) <= 2 * 10_000
    assert len(leaked) < len(run.accepted) - 2_000


def test_restart_of_the_broker_under_load_sends_nothing_twice(address: Address) -> None:
    address.proxy.lead_to(address.ours)
    with Load(address.servers, f"service-{uuid4().hex[:8]}", pause=0.0005) as run:
        for end in (address.ours.stop, address.ours.kill, lambda: address.proxy.lead_to(address.ours)):
            run.wait_sent(500)
            end()
            if not address.ours.running:
                address.ours.start()
            run.wait_sent(500)
        verdict = run.verdict(address.servers)
    print(verdict)
    assert verdict.good and verdict.doubles == 0, verdict


def test_topic_with_a_client_of_its_own_gives_another_cluster_nothing(address: Address, run: Load) -> None:
    address.proxy.refuse(run.producer.service_name.encode(), TOPIC_AUTHORIZATION_FAILED)
    for number in range(2, 50):
        run.publish(PATIENTS, number % 5, number)
    run.wait_waiting(PATIENTS, "ACL")
    outbounds = run.producer._running.sending.outbounds  # type: ignore[union-attr]
    wait_until(lambda: not any(outbound.with_client for outbound in outbounds()), "no client has anything")
    address.proxy.lead_to(address.other)
    address.proxy.relent()
    wait_elsewhere(run)
    tried = address.proxy.accepted
    wait_until(lambda: address.proxy.accepted >= tried + 4, "the topics' own clients are connected")
    assert address.read(run) == []
    address.proxy.lead_to(address.ours)
    verdict = run.verdict(address.servers)
    assert verdict.good, verdict


def test_sender_hears_of_a_lost_connection_and_that_another_cluster_answers(address: Address) -> None:
    address.proxy.lead_to(address.ours)
    sender = KafkaTransport(address.servers).sender("sender")
    reports: list[Delivery] = []
    sender.send(Record(PATIENTS, b"1", b""), reports.append)
    wait_until(lambda: sender.poll(0.01) >= 0 and reports, "it is connected")
    ours = sender.cluster_id(20)
    assert (sender.losses, sender.mixed) == (0, False)
    address.proxy.lead_to(address.ours)
    wait_until(lambda: sender.poll(0.01) >= 0 and sender.losses, "the loss is heard of")
    wait_until(lambda: sender.cluster_id(1) == ours, "the cluster answers again")
    sender.poll(0)
    assert not sender.mixed
    address.proxy.lead_to(address.other)
    wait_until(lambda: sender.cluster_id(1) not in (ours, None), "the other cluster answers")
    sender.poll(0)
    assert sender.mixed
    sender.close(0)

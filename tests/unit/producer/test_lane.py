"""A topic in trouble: when it is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyevents.label import Label
from pyevents.producer.client import Client, Cluster
from pyevents.producer.lane import Lane
from pyevents.producer.outbound import Outbound
from pyevents.retry import Backoff
from pyevents.spool.memory import MemorySpool
from pyevents.spool.record import Entry
from pyevents.transport import Delivery, Fault, Record

FAULT = Fault("TOPIC_AUTHORIZATION_FAILED", "")


class _Refusing:
    """A client that takes everything, and refuses it when it is asked to."""

    trouble = None
    retrying: frozenset[str] = frozenset()
    losses = 0
    mixed = False

    def __init__(self) -> None:
        self.taken: list[tuple[Callable[[Delivery], None], int]] = []

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        self.taken.append((done, number))

    def refuse(self) -> None:
        while self.taken:
            done, number = self.taken.pop()
            done(Delivery(number, 0, -1, -1, FAULT))

    def poll(self, timeout: float) -> int:
        return 0

    def cluster_id(self, timeout: float) -> None:
        return None

    def close(self, timeout: float) -> int:
        return 0


class _Topic:
    """A lane with a clock that a test turns on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.common, self.clients = _Refusing(), list[_Refusing]()
        stream = MemorySpool(limit=1 << 20).stream("t")
        self.lane = Lane(
            "t",
            lambda: Outbound(stream, lambda entry: entry.body),
            self._new_client,
            lambda client: None,
            lambda: self.now,
            Backoff(jitter=0),
        )

    def publish(self, count: int) -> None:
        own = self.lane.own()
        for _ in range(count):
            entry = Entry(Label("t", "patient.created", "1.0", "ab"), b"1", (), 1, b"{}")
            self.lane.hand_over(own, own.stream.append(entry), entry, self.common.send)

    def tried_at(self, until: float) -> list[float]:
        """Turn the clock on, let each try fail, and return when there was one."""
        tried = []
        while self.now < until:
            self.now += 0.5
            self.lane.advance(self.common.send, None)
            if self.clients and self.clients[-1].taken:
                tried.append(self.now)
                self.clients[-1].refuse()
                self.lane.settle()
        return tried

    def _new_client(self) -> Client:
        self.clients.append(_Refusing())
        return Client(self.clients[-1], Cluster())


@pytest.mark.parametrize("events", [1, 50])
def test_topic_is_tried_again_after_a_second_then_ever_more_seldom_however_many_events_were_refused(
    events: int,
) -> None:
    topic = _Topic()
    topic.publish(events)
    topic.common.refuse()
    topic.lane.settle()
    assert topic.lane.reason is not None and "TOPIC_AUTHORIZATION_FAILED" in topic.lane.reason
    assert topic.tried_at(until=125) == [1, 3, 7, 15, 31, 61, 91, 121]

"""The broker in memory where several threads are at it, and where nothing moves."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.transport import Delivery, Record
from tests.suite.place import wait_until


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_switches")
def test_two_threads_may_poll_one_sender() -> None:
    broker, ended, failed, answers = MemoryTransport(partitions=1), threading.Event(), [], list[Delivery]()
    sender = broker.sender("s")

    def poll() -> None:
        try:
            while not ended.is_set():
                sender.poll(0.01)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=poll, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 2001):
        sender.send(Record("t", b"1", b"%d" % number), answers.append)
    wait_until(lambda: len(answers) == 2000 or failed, "all are answered")
    ended.set()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert [message.value for message in broker.messages("t")] == [b"%d" % number for number in range(1, 2001)]


class _Counting(MemoryTransport):
    """Counts how often its senders are polled."""

    polls = 0

    def sender(self, client_id: str, **options: Any) -> Any:
        made = super().sender(client_id, **options)
        poll = made.poll

        def counted(timeout: float) -> int:
            self.polls += 1
            return poll(timeout)

        made.poll = counted  # type: ignore[method-assign]
        return made


def test_event_that_waits_for_the_broker_is_not_asked_after_all_the_time() -> None:
    broker = _Counting()
    broker.stop()
    with RobustKafkaProducer(
        service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True
    ) as producer:
        producer.publish(PatientDeleted(patient_id=1))
        before, began = broker.polls, time.monotonic()
        wait_until(lambda: broker.polls >= before + 50, "it is looked after")
        # However busy the machine is: fifty looks of 20 ms each, most of which nothing ends early.
        assert time.monotonic() - began > 0.5
        broker.start()
        assert producer.flush(10) == 0

"""A client that is of no use any more is replaced, and what it had is sent by the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.transport import Delivery, Fault, Record
from tests.suite.place import wait_until


class _Silent:
    """A client that takes everything, is in trouble from then on, and gives it back when it is closed."""

    retrying: frozenset[str] = frozenset()
    losses = 0
    mixed = False

    def __init__(self, trouble: Fault) -> None:
        self._trouble = trouble
        self.taken: list[Callable[[Delivery], None]] = []
        self.closed = False

    @property
    def trouble(self) -> Fault | None:
        return self._trouble if self.taken else None

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        self.taken.append(done)

    def poll(self, timeout: float) -> int:
        time.sleep(timeout)
        return 0

    def cluster_id(self, timeout: float) -> None:
        return None

    def close(self, timeout: float) -> int:
        for done in self.taken:
            done(Delivery(0, 0, -1, -1, Fault("_PURGE_QUEUE", "Local: Purged in queue")))
        self.closed = True
        return len(self.taken)


class _Recovering(MemoryTransport):
    """The first clients are silent for a reason; from then on the broker works."""

    def __init__(self, *troubles: Fault) -> None:
        super().__init__(partitions=1)
        self.silent = [_Silent(trouble) for trouble in troubles]
        self._next = iter(self.silent)

    def sender(self, client_id: str, **options: Any) -> Any:
        return next(self._next, None) or super().sender(client_id, **options)


@pytest.mark.parametrize(
    "trouble",
    [
        Fault("_SSL", "certificate expired"),
        Fault("_AUTHENTICATION", "password"),
        Fault("_FATAL", "out of order", fatal=True),
    ],
    ids=lambda fault: fault.code,
)
def test_events_go_on_in_order_with_a_new_client(trouble: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyevents.producer.keeper._REFUSED_FOR", 0.1)
    monkeypatch.setattr("pyevents.producer.keeper._CHECKPOINT", 0.05)
    broker = _Recovering(trouble)
    with RobustKafkaProducer(
        service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True
    ) as producer:
        for number in range(1, 21):
            producer.publish(PatientDeleted(patient_id=number))
        assert producer.flush(20) == 0, producer.status()
        assert [message.key for message in broker.messages("patient-events")] == [
            str(number).encode() for number in range(1, 21)
        ]
        wait_until(lambda: broker.silent[0].closed, "the client that failed is closed")
        # One more event is sent by the thread that hears of those which the old client gave back.
        producer.publish(PatientDeleted(patient_id=21))
        assert producer.flush(20) == 0, producer.status()
        assert producer.status().last_error and trouble.code in producer.status().last_error


def test_a_close_from_a_signal_handler_inside_publish_ends_and_a_later_one_closes() -> None:
    broker = MemoryTransport()
    producer = RobustKafkaProducer(service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True)
    broker.stop()
    producer.publish(PatientDeleted(patient_id=1))
    with producer._lock:  # as `publish` has it when the handler runs in its thread
        assert producer.close(20) == 1
    broker.start()
    assert producer.close(20) == 0
    assert len(broker.messages("patient-events")) == 1


class _Interrupted(MemoryTransport):
    """A broker whose clients a signal interrupts, once, behind a record's way in or before the word on one."""

    def __init__(self) -> None:
        super().__init__(partitions=1)
        self.interrupt = ""

    def sender(self, client_id: str, **options: Any) -> Any:
        sender: Any = super().sender(client_id, **options)
        send = sender.send

        def interrupted(record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
            def reported(delivery: Delivery) -> None:
                self._pass("report")
                done(delivery)

            send(record, reported, number)
            self._pass("send")

        sender.send = interrupted
        return sender

    def _pass(self, step: str) -> None:
        if step == self.interrupt and threading.current_thread() is threading.main_thread():
            self.interrupt = ""
            raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["send", "report"])
def test_no_event_is_stuck_when_a_signal_handler_raises_inside_publish(step: str) -> None:
    broker = _Interrupted()
    with RobustKafkaProducer(
        service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True
    ) as producer:
        published = 1
        producer.publish(PatientDeleted(patient_id=published))
        assert producer.flush(20) == 0, producer.status()
        broker.interrupt = step
        with pytest.raises(KeyboardInterrupt):
            while published < 100_000:
                published += 1
                producer.publish(PatientDeleted(patient_id=published))
        published += 1
        producer.publish(PatientDeleted(patient_id=published))
        assert producer.flush(20) == 0, producer.status()
        keys = dict.fromkeys(message.key for message in broker.messages("patient-events"))
        assert list(keys) == [str(number).encode() for number in range(1, published + 1)]
        assert producer._running is not None
        assert [outbound.with_client for outbound in producer._running.sending.outbounds()] == [0]

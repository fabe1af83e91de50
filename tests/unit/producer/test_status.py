from __future__ import annotations

import os
import time

import pytest

from pyevents import RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.transport import Fault
from tests.suite.place import wait_until
from tests.suite.refusing import RefusingTransport


def test_the_status_says_what_waits_how_much_and_for_how_long() -> None:
    with RobustKafkaProducer("127.0.0.1:1", "s") as producer:
        for number in range(3):
            producer.publish(PatientDeleted(patient_id=number + 1))
        status = producer.status()
        assert (status.connected, status.pending, status.sent, status.rejected) == (False, 3, 0, 0)
        assert status.pending_bytes > 3 * 200
        assert status.oldest is not None and 0 <= status.oldest < 60
        producer.close(0)
        assert producer.status().pending == 0


def test_the_status_says_why_no_broker_is_reached() -> None:
    with RobustKafkaProducer("nowhere.invalid:9092", "s") as producer:
        producer.publish(PatientDeleted(patient_id=1))
        began = time.time()
        wait_until(lambda: producer.status().last_error, "an error is told")
        status = producer.status()
        assert not status.connected
        assert "Failed to resolve 'nowhere.invalid:9092'" in (status.last_error or "")
        assert status.last_error_at is not None and began - 5 < status.last_error_at <= time.time()
        producer.close(0)


def test_a_delivered_event_shows_in_the_status() -> None:
    with RobustKafkaProducer(
        service_name="s", transport=MemoryTransport(), registry=MemoryRegistry(), auto_register=True
    ) as producer:
        producer.publish(PatientDeleted(patient_id=1))
        wait_until(lambda: producer.status().sent == 1, "it is sent")
        status = producer.status()
        assert (status.connected, status.pending, status.pending_bytes, status.oldest) == (True, 0, 0, None)
        assert (status.waiting, status.last_error) == ({}, None)


def test_topic_of_which_nothing_waits_is_not_told_as_waiting() -> None:
    broker = RefusingTransport(b'"patient_id":7', Fault("INVALID_MSG", ""), silent=True)
    with RobustKafkaProducer(
        service_name="s", transport=broker, registry=MemoryRegistry(), auto_register=True
    ) as producer:
        producer.publish(PatientDeleted(patient_id=7))
        wait_until(lambda: producer.status().rejected == 1, "it is set aside")
        assert producer.flush(10) == 0
        assert producer.status().waiting == {}
        assert producer.status().last_error == "patient-events: INVALID_MSG: the broker finds the record corrupt"


def test_asking_for_the_status_reads_no_file_more_than_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with RobustKafkaProducer("127.0.0.1:1", "s") as producer:
        producer.publish(PatientDeleted(patient_id=1))
        producer.status()
        opened: list[object] = []
        real = os.open
        monkeypatch.setattr(os, "open", lambda *args, **kwargs: opened.append(args[0]) or real(*args, **kwargs))
        began = time.monotonic()
        for _ in range(200):
            producer.status()
        spent = time.monotonic() - began
        monkeypatch.undo()
        assert len([path for path in opened if str(path).endswith(".segment")]) <= 1 + int(spent)
        producer.close(0)

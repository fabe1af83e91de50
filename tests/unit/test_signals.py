"""SIGTERM in the main thread: the event in hand is finished, and what was there before comes back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

Service = subprocess.Popen[str]

SERVICE = """
import os, signal, sys, threading
from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport

before = signal.getsignal(signal.SIGTERM)
transport, registry = MemoryTransport(), MemoryRegistry()
with RobustKafkaProducer(service_name="s", transport=transport, registry=registry, auto_register=True) as producer:
    for number in range(1, 4):
        producer.publish(PatientDeleted(patient_id=7))
consumer = KafkaConsumer(group_id="matching-service", transport=transport, registry=registry)

@consumer.on(PatientDeleted)
def forget(patient: PatientDeleted) -> None:
    print("begun", flush=True)
    sys.stdin.readline()
    print("done", flush=True)

handled = consumer.run()
print("handled", handled, "committed", sum(transport.committed("matching-service").values()))
print("restored", signal.getsignal(signal.SIGTERM) == before)
"""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that has its first event in hand, and waits for a line to finish it."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout and started.stdout.readline() == "begun\n"
        yield started
        started.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_finishes_the_event_in_hand_and_leaves(service: Service, number: signal.Signals) -> None:
    service.send_signal(number)
    lines = ["begun", *service.communicate("\n", timeout=30)[0].splitlines()]
    # The interpreter heeds a signal between two waits, so a further event may have begun by then; all are finished.
    handled = lines.count("done")
    assert handled >= 1
    assert lines == ["begun", "done"] * handled + [f"handled {handled} committed {handled}", "restored True"]
    assert service.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_the_process_at_once(service: Service, number: signal.Signals) -> None:
    service.send_signal(number)
    # The first lets the handler finish, which it never does; the second must reach a process that heeds the first.
    deadline = time.monotonic() + 30
    while service.poll() is None and time.monotonic() < deadline:
        service.send_signal(number)
        time.sleep(0.05)
    assert service.returncode == -number

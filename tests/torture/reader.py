"""The consumer under torture: handlers that fail, hang and raise, and write down what they have handled.

A file opened with O_APPEND outlives `kill -9`: what was written to it is handled, whatever becomes of the process.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
from typing import NamedTuple

from pyevents import EventSchema, KafkaConsumer, Reject, Retry
from pyevents.events import EmailSend, PatientUpdated

__all__ = ["GROUP", "TOPICS", "Reading", "fate_of"]

GROUP = "communication-service"
TOPICS = ("patient-events", "email-commands")
POLL_INTERVAL = 8.0
"""Seconds after which the broker gives a member up that does not poll (`max.poll.interval.ms`)."""


class Reading(NamedTuple):
    """What a reader is told at its start, as JSON."""

    servers: str
    registry: str
    record: str
    """The file of handled events: a line of topic, key, number and event id for each."""

    seed: int
    calm: bool
    """Handlers neither hang nor fail by chance; what always fails still does."""


def fate_of(event_id: str) -> str:
    """Return what becomes of an event wherever it is handled: `fails`, `rejected`, or `well`.

    The last sign of the id decides, as all parts of the torture have to agree on it without talking.
    """
    sign = int(event_id[-3:], 16)
    return "fails" if sign < 20 else "rejected" if sign < 30 else "well"


class Handlers:
    """Functions that handle events as badly as a service may."""

    def __init__(self, reading: Reading) -> None:
        self._calm = reading.calm
        self._chance = random.Random(f"{reading.seed} {os.getpid()}")
        self._record = os.open(reading.record, os.O_WRONLY | os.O_APPEND)

    def patient(self, patient: PatientUpdated, event: EventSchema) -> None:
        """Handle an event that is JSON."""
        self._handle(event, f"patient-events {patient.patient_id} {patient.zahlungsreferenz}")

    def email(self, email: EmailSend, event: EventSchema) -> None:
        """Handle an event that is Avro."""
        self._handle(event, f"email-commands {email.request_id} {email.betreff}")

    def _handle(self, event: EventSchema, name: str) -> None:
        fate, drawn = fate_of(event.event_id), self._chance.random()
        if fate == "rejected":
            raise Reject("never")
        if fate == "fails":
            raise ValueError("always")
        if not self._calm:
            if drawn < 0.0005:
                time.sleep(3600)  # hangs until the process ends
            if drawn < 0.002:
                time.sleep(self._chance.uniform(1, 1.5 * POLL_INTERVAL))
            if drawn < 0.03:
                raise self._chance.choice((OSError, KeyError, RuntimeError, StopIteration, TimeoutError))("by chance")
        time.sleep(0.002 * self._chance.random())
        os.write(self._record, f"{name} {event.event_id}\n".encode())


def main() -> None:
    """Handle events until SIGTERM."""
    logging.basicConfig(format=f"%(asctime)s {os.getpid()} %(levelname)s %(name)s %(message)s", level=logging.INFO)
    reading = Reading(**json.loads(sys.argv[1]))
    handlers = Handlers(reading)
    consumer = KafkaConsumer(
        TOPICS,
        GROUP,
        reading.servers,
        schema_registry_url=reading.registry,
        concurrency=8,
        retry=Retry(attempts=6, first=0.05, max=0.5),
        dead_letter_limit=None,
        drain_timeout=3,
        max_gap=2_000,
        properties={
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
            "max.poll.interval.ms": int(POLL_INTERVAL * 1000),
        },
    )
    consumer.on(PatientUpdated)(handlers.patient)
    consumer.on(EmailSend)(handlers.email)
    consumer.run()


if __name__ == "__main__":
    main()

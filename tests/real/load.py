"""A producer that publishes all the while, and the question what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from pyevents import RobustKafkaProducer
from pyevents.events import PatientUpdated, TherapistUpdated
from pyevents.memory import MemoryRegistry
from tests.suite.place import wait_until
from tests.torture.verdict import Seen, Verdict, header, judge, read_topics

__all__ = ["PATIENTS", "THERAPISTS", "Load"]

PATIENTS, THERAPISTS = "patient-events", "therapist-events"
_KEYS = 5


class Load:
    """Publishes to both topics from a thread of its own, in the order of each key; a context manager.

    Args:
        servers: Of the broker.
        service: A name that no other test has, so that none adopts what another left.
        pause: Seconds between two events of each topic.
        options: Of `RobustKafkaProducer`.
    """

    def __init__(self, servers: str, service: str, *, pause: float = 0.002, **options: Any) -> None:
        self.accepted: list[Seen] = []
        self.producer = RobustKafkaProducer(servers, service, registry=MemoryRegistry(), auto_register=True, **options)
        self._first_key = hash(service) % 10**9 + 1
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def publish(self, topic: str, key: int, number: int, place: str = "Halle", street: str = "") -> None:
        """Publish one event and write it down."""
        key += self._first_key
        kind, field = (PatientUpdated, "patient_id") if topic == PATIENTS else (TherapistUpdated, "therapist_id")
        made = kind(**{field: key}, ort=place, strasse=street)
        event_id = self.producer.publish(made, headers=header(number))
        self.accepted.append(Seen(f"{topic} {key}", number, event_id))

    def wait_sent(self, more: int = 200) -> None:
        """Wait until the broker has confirmed so many more."""
        goal = self.producer.status().sent + more
        wait_until(
            lambda: self.producer.status().sent >= goal, f"{more} more events are sent: {self.producer.status()}"
        )

    def wait_waiting(self, topic: str, word: str) -> None:
        """Wait until the topic waits, with a reason that holds that word."""
        waiting = self.producer.status
        try:
            wait_until(lambda: word in waiting().waiting.get(topic, ""), f"{topic} waits because of {word}", 90)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {waiting()}") from None

    def stop(self) -> None:
        """Publish no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def verdict(self, servers: str, without: Iterable[str] = (), timeout: float = 90.0) -> Verdict:
        """Stop, wait until everything is sent, and compare with what is on the topics.

        Args:
            servers: Where to read.
            without: Ids of events that are not to be missed.
            timeout: Seconds to wait for the last one.
        """
        self.stop()
        left = self.producer.flush(timeout)
        assert left == 0, f"{left} of {len(self.accepted)} events are left: {self.producer.status()}"
        keys = {seen.key for seen in self.accepted}
        missed = set(without)
        return judge(
            [seen for seen in self.accepted if seen.event_id not in missed],
            [seen for seen in read_topics(servers, [PATIENTS, THERAPISTS]) if seen.key in keys],
        )

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.producer.close(1)

    def _run(self) -> None:
        number = 0
        while not self._ended.wait(self._pause):
            number += 1
            for topic in (PATIENTS, THERAPISTS):
                self.publish(topic, number % _KEYS, number)

"""The process under torture: threads that publish keyed events, and tell each accepted one on standard output.

A pipe outlives `kill -9`: what was written to it is accepted, whoever reads it later. Each thread owns its keys. It
obeys lines on standard input: `fork <first key> <seconds>`, `quota <bytes, or 0 for none>`, `close`.
"""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from pyevents import RobustKafkaProducer
from pyevents.errors import Closed, SpoolError
from pyevents.events import PatientUpdated, TherapistUpdated
from tests.torture.verdict import header

__all__ = ["KEYS", "THREADS", "TOPICS", "Settings"]

THREADS = 3
KEYS = 4
"""Of each thread."""
TOPICS: dict[str, Callable[[int, str, str], Struct]] = {
    "patient-events": lambda key, name, street: PatientUpdated(patient_id=key, nachname=name, strasse=street),
    "therapist-events": lambda key, name, street: TherapistUpdated(therapist_id=key, nachname=name, strasse=street),
}


class Settings(NamedTuple):
    """What a writer is told at its start, as JSON."""

    servers: str
    registry: str
    spool: str
    service: str
    first_key: int
    """It owns `THREADS * KEYS` numbers from here on, in each topic."""
    numbers: dict[str, int]
    """Where a predecessor's count of each key ended."""
    seed: int
    rate: float
    """Events a second of each thread, roughly."""


class Writer:
    """Publishes until it is told to end, or ended."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._numbers = defaultdict(int, settings.numbers)
        self._ended = threading.Event()
        self._producer = RobustKafkaProducer(
            settings.servers,
            settings.service,
            schema_registry_url=settings.registry,
            spool_dir=settings.spool,
            spool_limit=1 << 24,
        )

    def run(self) -> None:
        """Publish and obey until standard input ends."""
        threads = [
            threading.Thread(target=self._publish, args=(self._settings.first_key + index * KEYS, index), daemon=True)
            for index in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for line in sys.stdin:
            command, *arguments = line.split()
            if command == "close":
                break
            getattr(self, f"_{command}")(*arguments)
        self._ended.set()
        for thread in threads:
            thread.join()
        self._producer.close(10)

    def _fork(self, first_key: str, seconds: str) -> None:
        if os.fork() == 0:
            self._ended = threading.Event()  # a thread of the parent may have held this one's lock
            threading.Timer(float(seconds), self._ended.set).start()
            self._publish(int(first_key), os.getpid())
            os._exit(0)  # as badly as a child can end: no atexit, no close

    def _quota(self, size: str) -> None:
        """Let no file of this process grow past that size, as a full disk would."""
        soft = int(size) or resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def _publish(self, first_key: int, salt: int) -> None:
        try:
            self._publish_bursts(first_key, salt)
        except BaseException:
            logging.getLogger("torture").exception("not foreseen")
            os._exit(70)

    def _publish_bursts(self, first_key: int, salt: int) -> None:
        chance = random.Random(f"{self._settings.seed} {first_key} {salt}")
        while not self._ended.is_set():
            burst = int(min(400, chance.expovariate(1 / 20))) + 1
            for _ in range(burst):
                topic = chance.choice(list(TOPICS))
                self._publish_one(topic, first_key + chance.randrange(KEYS), chance.choice((10, 100, 2000)))
            self._ended.wait(burst / self._settings.rate * chance.uniform(0.5, 1.5))

    def _publish_one(self, topic: str, key: int, size: int) -> None:
        name = f"{topic} {key}"
        number = self._numbers[name] + 1
        event = TOPICS[topic](key, "A" * min(size, 100), "B" * min(size, 255))
        while not self._ended.is_set():
            try:
                event_id = self._producer.publish(event, headers=header(number))
            except SpoolError:
                self._ended.wait(0.05)  # full; the same event again, so that no number is missing
                continue
            except Closed:
                return
            self._numbers[name] = number
            os.write(1, f"{name} {number} {event_id}\n".encode())
            return


def main() -> None:
    """Write until told to end."""
    logging.basicConfig(format=f"%(asctime)s {os.getpid()} %(levelname)s %(name)s %(message)s", level=logging.INFO)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    logging.getLogger("torture").info("begins at %.3f", time.time())
    Writer(Settings(**json.loads(sys.argv[1]))).run()


if __name__ == "__main__":
    main()

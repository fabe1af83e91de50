"""Keys in parallel: a handler that waits 10 ms against a loop, and other keys beside one that hangs.

One partition in memory, 10,000 keys, `concurrency=100`, so that nothing but the dispatcher and the workers is measured.
Ends with one line of JSON: how many times faster than the loop, for functions and for coroutines, and the 99th
percentile of the time from `publish` to the handler with a hanging key beside, as a ratio to that without.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport

KEYS = 10_000
IO = 0.010


class Place:
    """One partition with a producer."""

    def __init__(self) -> None:
        self.transport, self.registry = MemoryTransport(partitions=1), MemoryRegistry()
        self.producer = RobustKafkaProducer(
            service_name="bench", transport=self.transport, registry=self.registry, auto_register=True
        )

    def publish(self, keys: range) -> None:
        for key in keys:
            self.producer.publish(PatientDeleted(patient_id=key))
        assert self.producer.flush(60) == 0

    def consumer(self, **options: Any) -> KafkaConsumer:
        options = {"concurrency": 100, **options}
        return KafkaConsumer(group_id="matching-service", transport=self.transport, registry=self.registry, **options)


def loop_seconds() -> float:
    """Return the seconds that one event takes in a loop that waits for each."""
    began = time.perf_counter()
    for _ in range(100):
        time.sleep(IO)
    return (time.perf_counter() - began) / 100


def parallel_seconds(handler_of: Callable[[Callable[[], None]], Any]) -> float:
    """Return the seconds that one event takes with a handler that calls what it is given when it is done."""
    place = Place()
    place.publish(range(1, KEYS + 1))
    consumer, done, lock = place.consumer(), 0, threading.Lock()

    def count() -> None:
        nonlocal done
        with lock:
            done += 1
            if done == KEYS:
                consumer.close()

    consumer.on(PatientDeleted)(handler_of(count))
    began = time.perf_counter()
    consumer.run()
    return (time.perf_counter() - began) / KEYS


def function(count: Callable[[], None]) -> Any:
    def handle(patient: PatientDeleted) -> None:
        time.sleep(IO)
        count()

    return handle


def coroutine(count: Callable[[], None]) -> Any:
    async def handle(patient: PatientDeleted) -> None:
        await asyncio.sleep(IO)
        count()

    return handle


def p99(*, hanging: bool) -> float:
    """Return the 99th percentile of the seconds from `publish` to the handler, at 500 events a second."""
    place, freed, waits = Place(), threading.Event(), list[float]()
    consumer, begun = place.consumer(concurrency=8), dict[int, float]()

    @consumer.on(PatientDeleted)
    def handle(patient: PatientDeleted) -> None:
        if patient.patient_id == 1 and hanging:
            freed.wait()
        elif patient.patient_id != 1:
            waits.append(time.perf_counter() - begun[patient.patient_id])

    runner = threading.Thread(target=consumer.run, daemon=True)
    runner.start()
    place.publish(range(1, 2))
    for key in range(2, 2_002):
        begun[key] = time.perf_counter()
        place.producer.publish(PatientDeleted(patient_id=key))
        time.sleep(0.002)
    deadline = time.monotonic() + 30
    while len(waits) < 2_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    freed.set()
    consumer.close()
    return statistics.quantiles(waits, n=100)[98]


def main() -> None:
    loop = loop_seconds()
    alone, beside = p99(hanging=False), p99(hanging=True)
    figures = {
        "loop_ms": loop * 1e3,
        "functions_times": loop / parallel_seconds(function),
        "coroutines_times": loop / parallel_seconds(coroutine),
        "p99_ms": alone * 1e3,
        "p99_hanging_ms": beside * 1e3,
        "p99_ratio": beside / alone,
    }
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()

"""Every spoiled message ends in the dead letters, byte for byte, and every good one at its handler: on any transport."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pyevents import EventSchema, KafkaConsumer
from pyevents.catalog import dead_letter_topic, load
from pyevents.registry import Registry
from pyevents.transport import Message, Transport
from tests.suite.mutation import Corpus
from tests.suite.place import wait_until

__all__ = ["CONSUMER", "TOPIC", "consume_all"]

TOPIC, CONSUMER = "patient-events", "matching-service"


def consume_all(
    group: str,
    transport: Transport,
    registry: Registry,
    fed: Corpus,
    letters: Callable[[str], Sequence[Message]],
    seconds: float,
) -> None:
    """Run a consumer over what was fed to its topic, and hold it to its promise.

    Args:
        group: Of `CONSUMER`; it recognises no doubles, as spoiled messages share ids.
        transport: Of the broker.
        registry: That knows the contracts.
        fed: Already on `TOPIC`.
        letters: Returns what is on a dead-letter topic.
        seconds: Until all has to be done.
    """
    consumer = KafkaConsumer(
        [TOPIC],
        group,
        transport=transport,
        registry=registry,
        doubles=0,
        concurrency=2,
        dead_letter_limit=None,
        schema_patience=0,
    )
    handled: Counter[str] = Counter()
    lock = threading.Lock()

    def handle(event: EventSchema) -> None:
        with lock:
            handled[event.event_id] += 1

    consumer.on(*load().contracts)(handle)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            consumer.run()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def done() -> bool:
        status = consumer.status()
        return bool(problems) or status.handled + status.dead_letters + status.skipped == len(fed.records)

    try:
        wait_until(done, f"all of {len(fed.records):,} messages are done", seconds)
    finally:
        status = consumer.status()
        consumer.close()
        thread.join(30)
    assert not problems, problems
    sent = Counter((record.key, record.value, record.headers[0]) for record in fed.records)
    found = [
        (message.key, message.value, message.headers[0]) for message in letters(dead_letter_topic(TOPIC, CONSUMER))
    ]
    assert Counter(value for _, value, _ in found) == Counter(fed.refused), _first_difference(found, fed)
    assert sum(handled.values()) == status.handled == len(fed.events)
    assert status.skipped == fed.strangers
    assert not Counter(found) - sent, "a dead letter has another key, value or header than its message"


def _first_difference(found: Sequence[tuple[Any, ...]], fed: Corpus) -> str:
    extra = Counter(value for _, value, _ in found) - Counter(fed.refused)
    missing = Counter(fed.refused) - Counter(value for _, value, _ in found)
    return f"too many: {[*extra][:2]}; missing: {[*missing][:2]}"

"""What the consumers under torture read: keyed events, JSON and Avro, and bytes that are none, confirmed by the broker."""

from __future__ import annotations

import random
import threading
from collections import defaultdict

import confluent_kafka

from pyevents.catalog import load
from pyevents.codec import Encoder
from pyevents.codec.framing import frame
from pyevents.envelope import new_event_id
from pyevents.registry import HttpRegistry, Schema

__all__ = ["ID", "Feed"]

ID = "torture-id"
"""Header with the event id, so that bytes that are no event have one too."""

_KEYS = 40
_EMAIL = {"empfaenger_email": "a@example.org", "empfaenger_name": "A", "inhalt_text": "x"}


class Feed:
    """Publishes in a thread of its own until it is closed.

    Args:
        servers: Of the broker.
        registry: URL of the registry.
        seed: Of keys and kinds.
        rate: Events a second, roughly.
    """

    def __init__(self, servers: str, registry: str, seed: int, rate: float) -> None:
        self.sent: set[str] = set()
        self.confirmed: set[str] = set()
        self.numbers: dict[str, int] = {}
        """Event id to its number among those of its key."""

        self._chance = random.Random(f"{seed} feed")
        self._rate = rate
        self._count: dict[tuple[str, int], int] = defaultdict(int)
        self._encoder = Encoder(load(), "torture")
        self._ids = {name: _register(registry, name) for name in ("patient.updated", "email.send")}
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": servers,
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "enable.gapless.guarantee": True,
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "log_level": 0,
            }
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self, timeout: float = 120.0) -> None:
        """Publish no more, and wait until the broker has confirmed everything.

        Raises:
            TimeoutError: It has not.
        """
        self._ended.set()
        self._thread.join(30)
        if self._producer.flush(timeout):
            raise TimeoutError(f"{len(self._producer)} events are not confirmed within {timeout:g} s")

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            for _ in range(int(self._rate * 0.05) + 1):
                self._publish()
            self._producer.poll(0)

    def _publish(self) -> None:
        topic, key = self._chance.choice(("patient-events", "email-commands")), self._chance.randrange(1, _KEYS)
        self._count[topic, key] += 1
        number = self._count[topic, key]
        event_id = new_event_id()
        if self._chance.random() < 0.01:
            value = self._chance.randbytes(self._chance.randrange(1, 200))
        elif topic == "patient-events":
            value = self._event(
                topic, "patient.updated", event_id, {"patient_id": key, "zahlungsreferenz": str(number)}
            )
        else:
            payload = _EMAIL | {"request_id": str(key), "betreff": str(number)}
            value = self._event(topic, "email.send", event_id, payload)
        self.sent.add(event_id)
        self.numbers[event_id] = number
        self._producer.produce(topic, value, str(key), headers={ID: event_id}, on_delivery=self._delivered(event_id))

    def _event(self, topic: str, event_type: str, event_id: str, payload: dict[str, object]) -> bytes:
        encoded = self._encoder.encode_payload(topic, event_type, payload, None, None)
        return frame(self._ids[event_type], encoded.body.replace(encoded.event_id.encode(), event_id.encode(), 1))

    def _delivered(self, event_id: str) -> object:
        def report(error: object, message: object) -> None:
            if error is None:
                self.confirmed.add(event_id)

        return report


def _register(url: str, event_type: str) -> int:
    major, version = load().contract(event_type).find(None)
    return HttpRegistry(url).register(major.subject, Schema(version.format, version.schema))

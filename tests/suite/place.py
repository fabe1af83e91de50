"""Where the shared suite runs: a broker and a registry, with producers and consumers that are closed with the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self
from uuid import uuid4

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.registry import Registry
from pyevents.transport import Delivery, Message, Partition, Record, Transport

__all__ = ["Broker", "Place", "Running", "in_memory", "wait_until"]


def wait_until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait for a condition, with a deadline."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        pause.wait(0.01)


class Broker(Protocol):
    """A broker that can go away and come back."""

    def stop(self) -> None: ...

    def start(self) -> None: ...


class Place:
    """One kind of broker and registry; a context manager."""

    def __init__(self, transport: Callable[[], Transport], registry: Callable[[], Registry], broker: Broker) -> None:
        self.transport = transport
        self.registry = registry
        self.broker = broker
        self.made: list[Any] = []

    def producer(self, service: str = "patient-service", **options: Any) -> RobustKafkaProducer:
        options = {"auto_register": True, "registry": self.registry()} | options
        made = RobustKafkaProducer(service_name=service, transport=self.transport(), **options)
        self.made.append(made)
        return made

    def consumer(self, group: str | None = None, topics: list[str] | None = None, **options: Any) -> KafkaConsumer:
        options = {"registry": self.registry(), "transport": self.transport()} | options
        group = group or f"matching-service.{uuid4().hex[:8]}"
        made = KafkaConsumer(topics, group, **options)
        self.made.append(made)
        return made

    def send_raw(self, record: Record) -> None:
        """Put bytes on a topic, as a foreign service would."""
        sender = self.transport().sender("foreign")
        answers: list[Delivery] = []
        sender.send(record, answers.append)
        wait_until(lambda: sender.poll(0.05) or answers, "the broker takes a foreign record")
        sender.close(5)
        assert answers[0].fault is None, answers[0]

    def read(self, topic: str, wanted: Callable[[Message], bool], count: int = 1) -> list[Message]:
        """Return the first messages of a topic that are wanted, as a foreign service would read them."""
        receiver, found = self.transport().receiver(uuid4().hex, client_id="foreign", auto_offset_reset="earliest"), []
        receiver.subscribe([topic], _Anybody())
        try:
            wait_until(
                lambda: found.extend(filter(wanted, receiver.receive(100, 0.1))) or len(found) >= count,
                f"{count} messages are on {topic}",
            )
        finally:
            receiver.close()
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for made in reversed(self.made):
            made.close(5)


def in_memory(partitions: int = 3) -> Place:
    """Return a place with a broker and a registry in memory."""
    transport, registry = MemoryTransport(partitions), MemoryRegistry()
    return Place(lambda: transport, lambda: registry, transport)


class _Anybody:
    def assigned(self, partitions: Sequence[Partition]) -> None: ...

    def revoked(self, partitions: Sequence[Partition]) -> None: ...

    def lost(self, partitions: Sequence[Partition]) -> None: ...


class Running:
    """A consumer that runs in a thread of its own."""

    def __init__(self, target: Callable[..., int], *arguments: Any) -> None:
        self.handled: int | None = None
        self._thread = threading.Thread(target=self._run, args=(target, *arguments), daemon=True)
        self._thread.start()

    def _run(self, target: Callable[..., int], *arguments: Any) -> None:
        self.handled = target(*arguments)

    def join(self) -> int:
        self._thread.join(30)
        assert self.handled is not None, "the consumer did not end within 30 s"
        return self.handled

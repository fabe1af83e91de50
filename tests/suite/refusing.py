"""A broker in memory that never takes certain records, and clients that bear it as those of librdkafka do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyevents.errors import ConfigurationInvalid
from pyevents.memory import MemoryTransport
from pyevents.transport import Delivery, Fault, Record, Refused, Sender

__all__ = ["RefusingTransport"]

_PURGED = Fault("_PURGE_QUEUE", "Local: Purged in queue")
_GAP = Fault("_FATAL", "unable to satisfy gap-less guarantee", fatal=True)


class RefusingTransport(MemoryTransport):
    """A client that is given such a record keeps it, and what follows on its topic, until it gives up or is closed.

    Args:
        mark: In the values that are not taken.
        fault: What a client says of all that it kept when it gives up; that is its own end, too.
        silent: Only a client that sends singly gives up; others repeat, and are told to be `retrying`.
    """

    def __init__(self, mark: bytes, fault: Fault, *, silent: bool) -> None:
        super().__init__(partitions=1)
        self.mark, self.fault, self.silent = mark, fault, silent
        self.closed = 0
        """Clients that were closed."""
        self.unmade = 0
        """Clients that cannot be made from now on, before one can."""

    def sender(self, client_id: str, **options: Any) -> Any:
        """Return a new sender."""
        if self.unmade:
            self.unmade -= 1
            raise ConfigurationInvalid("properties", "the certificate cannot be read", "See whether it is there.")
        return _Sender(self, super().sender(client_id), options.get("singly", False))


_Sent = tuple[Record, Callable[[Delivery], None], int]


class _Sender:
    def __init__(self, broker: RefusingTransport, taken: Sender, singly: bool) -> None:
        self.trouble: Fault | None = None
        self.retrying: frozenset[str] = frozenset()
        self.losses, self.mixed = 0, False
        self._broker, self._taken = broker, taken
        self._silent = broker.silent and not singly
        self._kept: dict[str, list[_Sent]] = {}
        self._given: list[_Sent] = []
        self._on_the_way: list[_Sent] = []

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        if self.trouble:
            raise Refused(self.trouble)
        if record.topic in self._kept or self._broker.mark in (record.value or b""):
            self._kept.setdefault(record.topic, []).append((record, done, number))
        else:
            self._given.append((record, done, number))

    def poll(self, timeout: float) -> int:
        for sent in self._on_the_way:
            self._taken.send(*sent)
        self._on_the_way, self._given = self._given, []  # the answer comes with the second poll
        served = self._taken.poll(0.0 if self._on_the_way or (self._kept and not self._silent) else timeout)
        if self._kept and self._silent:
            self.retrying = frozenset(self._kept)
        elif self._kept:
            self.trouble = _GAP
            served += self._give_back(self._broker.fault)
        return served

    def cluster_id(self, timeout: float) -> str | None:
        return self._taken.cluster_id(timeout)

    def close(self, timeout: float) -> int:
        self._broker.closed += 1
        return self._taken.close(timeout) + self._give_back(_PURGED)

    def _give_back(self, fault: Fault) -> int:
        kept = [sent for topic in self._kept.values() for sent in topic] + self._on_the_way + self._given
        self._kept, self._on_the_way, self._given = {}, [], []
        for record, done, number in kept:
            done(Delivery(number, len(record.value or b""), -1, -1, fault))
        return len(kept)

"""Some rows of the outbox on their way: handed to a client, with the broker's word on each. One thread uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyevents.outbox.table import Row
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused, Sender

__all__ = ["Batch"]


class Batch:
    """Rows in the order of their ids.

    Args:
        sender: The client; whoever waits for the reports polls it.
        message_of: Returns a row's message, or None while its schema id is not known; its topic is left out then.
    """

    def __init__(self, sender: Sender, message_of: Callable[[Row], bytes | None]) -> None:
        self.sender = sender
        self.open = 0
        """Rows with the client that have no report yet."""
        self.faults: dict[int, tuple[Row, Fault]] = {}
        self.without_id: dict[str, Row] = {}
        """Topics that were left out, with the first row."""
        self._message_of = message_of
        self._confirmed: list[Row] = []
        self._barred: set[str] = set()

    @property
    def complete(self) -> bool:
        """Whether every row was handed over and confirmed."""
        return not (self.open or self.faults or self.without_id)

    def hand_over(self, rows: Iterable[Row]) -> None:
        """Give the rows to the client; a topic ends with the first row that cannot be given."""
        for row in rows:
            if row.topic not in self._barred:
                self._give(row)

    def confirmed(self) -> list[Row]:
        """Return the rows that were confirmed since the last call."""
        found, self._confirmed = self._confirmed, []
        return found

    def _give(self, row: Row) -> None:
        message = self._message_of(row)
        if message is None:
            self._barred.add(row.topic)
            self.without_id[row.topic] = row
            return
        record = Record(row.topic, row.key, message, row.headers, row.timestamp)
        while True:
            try:
                self.sender.send(record, lambda delivery: self._report(row, delivery))
            except Backpressure:
                self.sender.poll(0.1)
                continue
            except Refused as refused:
                self._barred.add(row.topic)
                self.faults[row.id] = row, refused.fault
            else:
                self.open += 1
            return

    def _report(self, row: Row, delivery: Delivery) -> None:
        self.open -= 1
        if delivery.fault is None:
            self._confirmed.append(row)
        else:
            self._barred.add(row.topic)
            self.faults[row.id] = row, delivery.fault

"""What a caller is told of one event in the end."""

from __future__ import annotations

from typing import NamedTuple

from pyevents.errors import Closed, PyEventsError

__all__ = ["LEFT", "Receipt", "Unconfirmed"]

LEFT = "the producer was closed before the broker's word; what its spool keeps, the next process sends"


class Receipt(NamedTuple):
    """The last word on one event: where the broker has it, or why this process will not see it there."""

    event_id: str
    topic: str
    partition: int
    """-1 where there is a problem."""
    offset: int
    problem: str | None
    """None: the broker has it."""


class Unconfirmed(Closed):
    """The producer was closed while somebody waited for the broker's word on an event that it had accepted.

    Args:
        event_id: Of the event.
        where: The spool that holds it: a folder, or `"memory"`.
    """

    def __init__(self, event_id: str, where: str) -> None:
        self.event_id = event_id
        fate = f"waits in {where}. The next process sends it: do not publish it again."
        if where == "memory":
            fate = "ends with this process, sent or not. Keep the spool on disk."
        PyEventsError.__init__(self, f"closed before the broker's word on {event_id}, which {fate}")

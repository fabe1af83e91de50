"""What a caller is told of one event in the end."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEFT", "Receipt"]

LEFT = "the producer was closed before; the event is in the spool, and the next process sends it"


class Receipt(NamedTuple):
    """The last word on one event: where the broker has it, or why this process will not see it there."""

    event_id: str
    topic: str
    partition: int
    """-1 where there is a problem."""
    offset: int
    problem: str | None
    """None: the broker has it."""

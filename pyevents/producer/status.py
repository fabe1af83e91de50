"""What a producer says of itself."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ProducerStatus"]


class ProducerStatus(NamedTuple):
    """Cheap enough to ask for with every request."""

    connected: bool
    """A broker answered, and none has been found away since."""

    pending: int
    """Events that the broker has not confirmed."""

    pending_bytes: int
    """Their size, as it was at most a second ago."""

    oldest: float | None
    """Seconds since the first of them was accepted, as it was at most a second ago; None if nothing waits."""

    sent: int
    """Events confirmed since the start."""

    retried: int
    """Times that an event was given to a client again."""

    rejected: int
    """Events that the broker never takes and that were set aside; `pyevents spool rejected ls` shows them."""

    waiting: dict[str, str]
    """Topics that wait, with the reason."""

    last_error: str | None
    """Of the broker, in words."""

    last_error_at: float | None
    """When that was, in seconds since 1970."""

    durability: str
    """What an accepted event survives: `os`, `fsync`, `interval:<ms>`; `container` and `memory` go with theirs."""

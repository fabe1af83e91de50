"""What a producer says of itself."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ProducerStatus"]


class ProducerStatus(NamedTuple):
    """Cheap enough to ask for with every request."""

    pending: int
    """Events that the broker has not confirmed."""

    pending_bytes: int
    sent: int
    """Events confirmed since the start."""

    waiting: dict[str, str]
    """Topics that wait, with the reason."""

    last_error: str | None

    durability: str
    """What an accepted event survives: `os`, `fsync`, `interval:<ms>`; `container` and `memory` go with theirs."""

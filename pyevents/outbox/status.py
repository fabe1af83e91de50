"""What a relay says of itself."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RelayStatus"]


class RelayStatus(NamedTuple):
    """What one relay has done, and what it waits for."""

    active: bool
    """It sends; otherwise it stands by for the one that does."""

    sent: int
    """Events confirmed by the broker and deleted, since the start."""

    refused: int
    """Events put aside since the start; they stay in the table with the reason."""

    waiting: dict[str, str]
    """Topics that wait, with the reason."""

    last_error: str | None

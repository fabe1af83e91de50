"""What all events of one version of one contract have in common: a value that codec and spool share."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Label"]


class Label(NamedTuple):
    """Whose event it is and by which schema it was written; made once for each version, not for each event."""

    topic: str
    event_type: str
    version: str
    fingerprint: str
    """SHA-256 of the message schema's text, 64 hexadecimal digits."""

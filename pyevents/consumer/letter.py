"""Dead letters: an event as it came, byte for byte, with headers that say why it was given up.

It owns the headers' names; `pyevents.deadletter` reads them. None of them holds payload, unless a consumer was told to
keep an error's message.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from pyevents.transport import Headers, Message, Record

__all__ = [
    "ATTEMPTS", "ERROR", "ERROR_AT", "ERROR_MESSAGE", "EVENT_ID", "EVENT_TYPE", "FIRST_FAILURE", "GROUP",
    "LAST_FAILURE", "OFFSET", "OWN", "PARTITION", "REPLAYS", "TIMESTAMP", "TOPIC", "Reason", "key_hash", "letter",
]  # fmt: skip

OWN = "pyevents-"
"""What the names of our headers begin with; those of a message that begin so are replaced in a letter."""

TOPIC = OWN + "topic"
PARTITION = OWN + "partition"
OFFSET = OWN + "offset"
TIMESTAMP = OWN + "timestamp"
"""Of the original message, milliseconds since 1970."""

EVENT_TYPE = OWN + "event-type"
EVENT_ID = OWN + "event-id"
GROUP = OWN + "group"
ERROR = OWN + "error"
"""Class of the error, with its module; `Undecodable/<rule>` where the bytes are at fault."""

ERROR_AT = OWN + "error-at"
"""Where in the handler, `file:line`."""

ERROR_MESSAGE = OWN + "error-message"
ATTEMPTS = OWN + "attempts"
FIRST_FAILURE = OWN + "first-failure"
LAST_FAILURE = OWN + "last-failure"
"""Both in milliseconds since 1970."""

REPLAYS = OWN + "replays"
"""How often the letter was replayed; set by the replay, kept when the event fails again."""

_ORIGIN = (TOPIC, PARTITION, OFFSET, TIMESTAMP)
_LONGEST = 1_000


class Reason(NamedTuple):
    """Why an event was given up."""

    group: str
    error: str
    error_at: str
    attempts: int
    first_failure: int
    last_failure: int
    event_type: str = ""
    event_id: str = ""
    message: str | None = None


def letter(message: Message, topic: str, reason: Reason) -> Record:
    """Return the dead letter of a message: its key, value and headers, and ours behind them.

    The origin of a message that was replayed is that of its first time.

    Args:
        message: As it was read.
        topic: The dead-letter topic.
        reason: Why.
    """
    kept = {name: value for name, value in message.headers if name in (*_ORIGIN, REPLAYS) and value is not None}
    ours: dict[str, str | int | None] = {
        TOPIC: message.topic,
        PARTITION: message.partition,
        OFFSET: message.offset,
        TIMESTAMP: message.timestamp,
        EVENT_TYPE: reason.event_type or None,
        EVENT_ID: reason.event_id or None,
        GROUP: reason.group,
        ERROR: reason.error,
        ERROR_AT: reason.error_at or None,
        ERROR_MESSAGE: reason.message,
        ATTEMPTS: reason.attempts,
        FIRST_FAILURE: reason.first_failure,
        LAST_FAILURE: reason.last_failure,
    }
    added = {name: _bytes(value) for name, value in ours.items() if value is not None} | kept
    theirs: Headers = tuple(header for header in message.headers if not header[0].startswith(OWN))
    return Record(topic, message.key, message.value, theirs + tuple(added.items()))


def key_hash(key: bytes | None) -> str:
    """Return a short hash of a key, by which people name it without saying it; `-` where there is no key."""
    return "-" if key is None else hashlib.sha256(key).hexdigest()[:12]


def _bytes(value: str | int) -> bytes:
    # Ill-formed ids and types come from strangers' bytes: whatever UTF-8 cannot say is replaced.
    return str(value)[:_LONGEST].encode("utf-8", "replace")

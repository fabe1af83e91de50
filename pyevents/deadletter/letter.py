"""A dead letter as an operator sees it, and the marks that say which ones are settled: pure, from headers and back.

A mark is a message on the dead-letter topic itself, without key and value, whose headers name letters and what was done
with them. So the memory of it is where the letters are, for every operator, and outlives whoever wrote it; a letter is
older than its mark, and so never outlives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct

from pyevents.consumer import letter
from pyevents.transport import Message, Record

__all__ = ["DeadLetter", "Settled", "is_mark", "letter_of", "mark_of", "settled_by"]

Settled = Literal["replayed", "discarded"]

_SETTLED = letter.OWN + "settled"
_SETTLED_AS = letter.OWN + "settled-as"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One dead letter; what its headers do not say is empty, -1 where it is a number."""

    message: Message
    """As it is on the dead-letter topic."""

    topic: str
    """Where the event came from, with partition and offset."""

    partition: int
    offset: int
    event_type: str
    event_id: str
    group: str
    error: str
    error_at: str
    error_message: str
    attempts: int
    first_failure: int
    """Milliseconds since 1970, as is `last_failure`."""

    last_failure: int
    replays: int
    settled: Settled | None = None

    @property
    def place(self) -> str:
        """Its own place, as `topic@offset`; with the partition where that is not 0."""
        partition = f"-{self.message.partition}" if self.message.partition else ""
        return f"{self.message.topic}{partition}@{self.message.offset}"

    @property
    def key_hash(self) -> str:
        """Names the key without saying it; `-` where there is none."""
        return letter.key_hash(self.message.key)

    @property
    def failed(self) -> datetime:
        """When it failed last, or was written where no header says it; in UTC."""
        when = self.last_failure if self.last_failure >= 0 else self.message.timestamp
        return datetime.fromtimestamp(when / 1000, UTC)

    def summary(self) -> dict[str, Any]:
        """Return what may be seen of it by everybody: no key, no payload."""
        return {
            "place": self.place,
            "offset": self.message.offset,
            "failed": self.failed.isoformat(timespec="milliseconds"),
            "event_type": self.event_type,
            "event_id": self.event_id,
            "error": self.error,
            "error_at": self.error_at,
            "error_message": self.error_message,
            "attempts": self.attempts,
            "replays": self.replays,
            "group": self.group,
            "key_hash": self.key_hash,
            "from": f"{self.topic}-{self.partition}@{self.offset}" if self.topic else "",
            "bytes": len(self.message.value or b""),
            "settled": self.settled,
        }


def letter_of(message: Message, settled: Settled | None = None) -> DeadLetter:
    """Return the dead letter that a message is."""
    found = {name: (value or b"").decode(errors="replace") for name, value in message.headers}

    def number(name: str, missing: int = -1) -> int:
        text = found.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else missing

    return DeadLetter(
        message=message,
        topic=found.get(letter.TOPIC, ""),
        partition=number(letter.PARTITION),
        offset=number(letter.OFFSET),
        event_type=found.get(letter.EVENT_TYPE, ""),
        event_id=found.get(letter.EVENT_ID, ""),
        group=found.get(letter.GROUP, ""),
        error=found.get(letter.ERROR, ""),
        error_at=found.get(letter.ERROR_AT, ""),
        error_message=found.get(letter.ERROR_MESSAGE, ""),
        attempts=number(letter.ATTEMPTS),
        first_failure=number(letter.FIRST_FAILURE),
        last_failure=number(letter.LAST_FAILURE),
        replays=number(letter.REPLAYS, 0),
        settled=settled,
    )


def mark_of(topic: str, letters: Iterable[DeadLetter], how: Settled) -> Record:
    """Return the mark that settles letters of one topic."""
    places = " ".join(f"{one.message.partition}:{one.message.offset}" for one in letters)
    return Record(topic, None, None, ((_SETTLED, places.encode()), (_SETTLED_AS, how.encode())))


def is_mark(message: Message) -> bool:
    """Say whether a message settles letters rather than being one."""
    return message.value is None and any(name == _SETTLED for name, _ in message.headers)


def settled_by(message: Message) -> Iterator[tuple[tuple[int, int], Settled]]:
    """Yield partition and offset of each letter that a mark settles, and how."""
    headers = dict(message.headers)
    how: Settled = "replayed" if headers.get(_SETTLED_AS) == b"replayed" else "discarded"
    for place in (headers.get(_SETTLED) or b"").decode(errors="replace").split():
        partition, _, offset = place.partition(":")
        if partition.isdecimal() and offset.isdecimal():
            yield (int(partition), int(offset)), how

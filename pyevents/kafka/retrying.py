"""What librdkafka repeats without a word: events that a broker answers for and does not take, by its statistics.

With retries without end it reports neither the answer `CORRUPT_MESSAGE` nor `NOT_ENOUGH_REPLICAS`. Only the number of
messages sent to the partition grows on, while the last one acknowledged stays the same (measured with librdkafka 2.16).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.json import Decoder

__all__ = ["INTERVAL", "Retrying"]

INTERVAL = 3_000
"""Milliseconds between two looks; longer than librdkafka's pause between two tries, `retry.backoff.max.ms`."""

_MANY = 6  # as many requests as idempotence lets be on their way unanswered, and one more


class _Partition(Struct):
    txmsgs: int = 0
    acked_msgid: int = 0


class _Topic(Struct):
    partitions: dict[str, _Partition] = {}


class _Statistics(Struct):
    topics: dict[str, _Topic] = {}


class _Seen(NamedTuple):
    acknowledged: int
    sent: int
    repeated: int = 0


class Retrying:
    """Remembers how far each partition was."""

    def __init__(self) -> None:
        self._decoder = Decoder(_Statistics)
        self._seen: dict[tuple[str, str], _Seen] = {}

    def look(self, statistics: str) -> frozenset[str]:
        """Return the topics of which a partition's events were sent so often, without one that was taken."""
        before, self._seen = self._seen, {}
        for name, topic in self._decoder.decode(statistics).topics.items():
            for number, now in topic.partitions.items():
                place = name, number
                last = before.get(place)
                if last is None or last.acknowledged != now.acked_msgid:
                    self._seen[place] = _Seen(now.acked_msgid, now.txmsgs)
                else:
                    self._seen[place] = _Seen(now.acked_msgid, now.txmsgs, last.repeated + (now.txmsgs > last.sent))
        return frozenset(name for (name, _), seen in self._seen.items() if seen.repeated >= _MANY)

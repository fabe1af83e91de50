"""The question of a torture run: is every accepted event there, and in its place? Pure, but for reading the topics."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, Message, TopicPartition

from pyevents.envelope import EventSchema

__all__ = ["Seen", "Verdict", "header", "judge", "read_messages", "read_topics"]

_HEADER = "torture"


class Seen(NamedTuple):
    """One event, as it was accepted or as it was found on its topic."""

    key: str
    """Topic and key."""
    number: int
    """Counts the events of a key."""
    event_id: str


class Verdict(NamedTuple):
    """What came of the accepted events."""

    accepted: int
    """Events whose acceptance was recorded outside of the process that published them."""
    delivered: int
    """Different events on the topics; some were accepted and their process killed before it could say so."""
    lost: int
    doubles: int
    swapped: int
    """Events whose first appearance comes after that of a later one of their key."""
    last_wrong: int
    """Keys whose last event, doubles dropped by id, is older than the last that was accepted."""
    examples: list[str]
    """Some of what is wrong."""

    @property
    def good(self) -> bool:
        """Nothing lost, nothing swapped."""
        return not (self.lost or self.swapped or self.last_wrong)


def judge(accepted: Iterable[Seen], delivered: Iterable[Seen]) -> Verdict:
    """Compare what was accepted with what is on the topics, in the order of each partition."""
    wanted: dict[str, Seen] = {seen.event_id: seen for seen in accepted}
    newest: dict[str, int] = defaultdict(int)
    for seen in wanted.values():
        newest[seen.key] = max(newest[seen.key], seen.number)
    found: set[str] = set()
    last: dict[str, int] = defaultdict(int)
    doubles, swapped, examples = 0, 0, list[str]()
    for seen in delivered:
        if seen.event_id in found:
            doubles += 1
            continue
        found.add(seen.event_id)
        if seen.number < last[seen.key]:
            swapped += 1
            examples.append(f"swapped: {seen.key} number {seen.number} came after {last[seen.key]}")
        else:
            last[seen.key] = seen.number
    lost = [seen for event_id, seen in wanted.items() if event_id not in found]
    examples += [f"lost: {seen.key} number {seen.number}, {seen.event_id}" for seen in lost]
    wrong = [key for key, number in newest.items() if last[key] < number]
    examples += [f"last: {key} ends with {last[key]}, accepted was {newest[key]}" for key in wrong]
    return Verdict(len(wanted), len(found), len(lost), doubles, swapped, len(wrong), examples[:20])


def header(number: int) -> dict[str, str]:
    """Return the header that tells which event of its key this is."""
    return {_HEADER: str(number)}


def read_topics(servers: str, topics: Sequence[str], timeout: float = 120.0) -> list[Seen]:
    """Return every event of a torture on the topics, in the order of each partition.

    Raises:
        TimeoutError: The ends were not reached.
    """
    found = [_seen(message) for message in _messages(servers, topics, timeout)]
    return [seen for seen in found if seen is not None]


def read_messages(
    servers: str, topics: Sequence[str], timeout: float = 120.0
) -> Iterator[tuple[EventSchema, dict[str, bytes]]]:
    """Yield every event on the topics with its headers, in the order of each partition.

    Raises:
        TimeoutError: The ends were not reached.
    """
    for message in _messages(servers, topics, timeout):
        yield EventSchema.from_json((message.value() or b"")[5:]), dict(message.headers() or ())


def _messages(servers: str, topics: Sequence[str], timeout: float) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "torture-verdict", "enable.auto.commit": False})
    try:
        ends = {}
        for topic in topics:
            for number in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
                place = TopicPartition(topic, number)
                low, high = consumer.get_watermark_offsets(place, timeout=30)
                if high > low:
                    ends[topic, number] = high
        consumer.assign([TopicPartition(topic, number, 0) for topic, number in ends])
        found, deadline = list[Message](), time.monotonic() + timeout
        while ends:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not read to the end within {timeout:g} s: {ends}")
            for message in consumer.consume(1000, 1.0):
                if message.error():
                    continue
                place = message.topic(), message.partition()
                found.append(message)
                if message.offset() + 1 >= ends.get(place, 1 << 62):
                    del ends[place]
        return found
    finally:
        consumer.close()


def _seen(message: Message) -> Seen | None:
    """What an event of ours says; None for other bytes, so that a garbled event counts as lost."""
    try:
        event_id = json.loads((message.value() or b"")[5:])["eventId"]
    except (ValueError, KeyError, TypeError):
        return None
    number = int(dict(message.headers() or ()).get(_HEADER, b"0"))
    return Seen(f"{message.topic()} {(message.key() or b'').decode()}", number, event_id)

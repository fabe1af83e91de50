"""Sending dead letters to their consumer once more, through the retry topic that it alone listens to.

In batches: sent, confirmed, then marked as replayed. A crash between the two sends a batch again, and loses nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from pyevents.codec import Decoder, Skipped
from pyevents.consumer import letter as header
from pyevents.deadletter.letter import DeadLetter
from pyevents.deadletter.topic import DeadLetterTopic
from pyevents.errors import SchemaUnknown, Undecodable
from pyevents.transport import Record

__all__ = ["MOST_REPLAYS", "Replay", "Step", "retry_record", "verdict_on"]

MOST_REPLAYS = 3
"""Replays of one event until it counts as a loop."""

_BATCH = 100
_KEPT = (header.TOPIC, header.PARTITION, header.OFFSET, header.TIMESTAMP, header.GROUP)


class Step(NamedTuple):
    """What becomes of one letter, and why where it is not sent."""

    letter: DeadLetter
    action: Literal["send", "refused", "looped"]
    reason: str = ""


def verdict_on(letter: DeadLetter, problem: str, most: int) -> Step:
    """Say what becomes of a letter: one that is no event would only come back, and one that came back often is a loop.

    | the contract's reader | replays so far | verdict |
    |---|---|---|
    | refuses it | any | refused |
    | takes it | `most` or more | looped |
    | takes it | fewer | send |

    Args:
        letter: To be replayed.
        problem: Why a reader refuses it; empty where it is valid.
        most: Replays until it counts as a loop.
    """
    if problem:
        return Step(letter, "refused", problem)
    if letter.replays >= most:
        return Step(letter, "looped", f"replayed {letter.replays} times already, and failed again")
    return Step(letter, "send")


def retry_record(letter: DeadLetter, topic: str) -> Record:
    """Return what is sent: key, value and foreign headers byte for byte, the origin, and one more in the count."""
    message = letter.message
    kept = tuple((name, value) for name, value in message.headers if not name.startswith(header.OWN) or name in _KEPT)
    count = ((header.REPLAYS, str(letter.replays + 1).encode()),)
    return Record(topic, message.key, message.value, kept + count)


class Replay:
    """Replays letters of one dead-letter topic.

    Args:
        source: The dead-letter topic.
        retry: The retry topic of its consumer.
        decoder: Validates again; takes every type of the catalog.
        most: Replays of one event until it counts as a loop.
    """

    def __init__(self, source: DeadLetterTopic, retry: str, decoder: Decoder, most: int = MOST_REPLAYS) -> None:
        self._source = source
        self._retry = retry
        self._decoder = decoder
        self._most = most

    def run(self, letters: Iterable[DeadLetter], *, dry: bool = False) -> Iterator[Step]:
        """Replay letters, and yield what became of each once it is certain.

        Args:
            letters: Of the source, in the order in which they are to be sent.
            dry: Only say what would be done.

        Raises:
            RegistryUnreachable: Avro cannot be validated now.
            BrokerUnreachable: The broker does not confirm; what was yielded is done.
            ClusterRefused: It does not take one; likewise.
        """
        for batch in _batches(letters):
            steps = [verdict_on(letter, self._problem(letter), self._most) for letter in batch]
            chosen = [step.letter for step in steps if step.action == "send"]
            if chosen and not dry:
                self._source.send([retry_record(letter, self._retry) for letter in chosen])
                self._source.settle(chosen, "replayed")
            yield from steps

    def _problem(self, letter: DeadLetter) -> str:
        try:
            found = self._decoder.decode(letter.message.value)
        except (Undecodable, SchemaUnknown) as error:
            return str(error)
        return f"no contract here has the event type {found.event_type!r}" if isinstance(found, Skipped) else ""


def _batches(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    rest = iter(letters)
    while batch := list(itertools.islice(rest, _BATCH)):
        yield batch

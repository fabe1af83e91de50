"""One dead-letter topic: its letters as they are now, and the marks that settle them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from pyevents.catalog import HEADER_ROOM, Loaded, Topic, dead_letter_topic, retry_topic
from pyevents.deadletter.letter import DeadLetter, Settled, is_mark, letter_of, mark_of, settled_by
from pyevents.errors import BrokerUnreachable, ClusterRefused
from pyevents.kafka import KafkaTransport
from pyevents.outcome import REPEATED, in_words
from pyevents.transport import Backpressure, Delivery, Partition, Record

__all__ = ["DeadLetterTopic", "dead_letter_topics"]

_AT_ONCE = 500


def dead_letter_topics(loaded: Loaded) -> dict[str, str]:
    """Return the retry topic of every dead-letter topic that follows from the contracts."""
    return {
        dead_letter_topic(contract.topic, consumer): retry_topic(contract.topic, consumer)
        for contract in loaded.catalog.contracts
        for consumer in contract.consumers
    }


class DeadLetterTopic:
    """What lay on a dead-letter topic when it was opened; later letters are left alone.

    Args:
        transport: Of the cluster.
        topic: As the catalog describes it.
        timeout: Seconds until the broker has to have confirmed what is sent.

    Raises:
        ConfigurationInvalid: The cluster does not have the topic.
        BrokerUnreachable: It does not answer.
    """

    def __init__(self, transport: KafkaTransport, topic: Topic, timeout: float = 30.0) -> None:
        self.name = topic.name
        self._timeout = timeout
        self._servers = transport.name
        self._reader = transport.reader()
        self._bounds = self._reader.bounds(topic.name)
        largest = int(topic.config.get("max.message.bytes", HEADER_ROOM))
        self._sender = transport.sender("pyevents-deadletter", largest=largest, watched=True)
        self._settled: dict[tuple[int, int], Settled] = {
            place: how
            for message in self._reader.read(self._bounds)
            if is_mark(message)
            for place, how in settled_by(message)
        }

    def letters(self) -> Iterator[DeadLetter]:
        """Yield every letter, partition by partition; the oldest first."""
        for message in self._reader.read(self._bounds):
            if not is_mark(message):
                yield letter_of(message, self._settled.get((message.partition, message.offset)))

    def require(self, topic: str) -> None:
        """Ask for another topic of the cluster.

        Raises:
            ConfigurationInvalid: It is not there.
        """
        self._reader.bounds(topic)

    def send(self, records: Sequence[Record]) -> None:
        """Send records and wait until the broker has all of them.

        Raises:
            BrokerUnreachable: It did not answer in time; some may be there.
            ClusterRefused: It does not take one; others may be there.
        """
        answers: list[Delivery] = []
        for record in records:
            try:
                self._sender.send(record, answers.append)
            except Backpressure:
                self._sender.poll(0.5)
                self._sender.send(record, answers.append)
        deadline = time.monotonic() + self._timeout
        while len(answers) < len(records):
            if self._sender.retrying:
                raise self._refused(REPEATED)
            if time.monotonic() > deadline:
                raise BrokerUnreachable(self._servers, f"nothing was confirmed within {self._timeout:g} s")
            self._sender.poll(0.2)
        for answer in answers:
            if answer.fault:
                raise self._refused(in_words(answer.fault))

    def settle(self, letters: Sequence[DeadLetter], how: Settled) -> None:
        """Write down that these letters need nobody any more, and wait until that is safe."""
        batches = [letters[at : at + _AT_ONCE] for at in range(0, len(letters), _AT_ONCE)]
        self.send([mark_of(self.name, batch, how) for batch in batches])
        self._settled.update(dict.fromkeys(((one.message.partition, one.message.offset) for one in letters), how))

    def purge(self) -> str:
        """Delete settled letters from the broker, as far as nothing unsettled lies before them.

        Returns:
            Why the broker did not; empty where it did.
        """
        ends = {partition: high for partition, (low, high) in self._bounds.items() if low < high}
        for one in self.letters():
            if one.settled is None:
                partition = Partition(self.name, one.message.partition)
                ends[partition] = min(ends[partition], one.message.offset)
        return self._reader.delete_before(ends)

    def _refused(self, reason: str) -> ClusterRefused:
        return ClusterRefused(f"a message for {self.name} or its retry topic", self._servers, reason)

    def close(self) -> None:
        """Let the broker go."""
        self._sender.close(5)
        self._reader.close()

    def __enter__(self) -> DeadLetterTopic:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""The seam to the world: what a producer and a consumer ask of a transport, as protocols and values.

It holds no transport itself: `kafka` and `memory` are the two that there are, and one suite of tests runs
against both. Nothing above this seam has heard of librdkafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from pyevents.errors import EventRefused, PyEventsError

__all__ = [
    "LARGEST",
    "Backpressure",
    "Delivery",
    "Fault",
    "Grant",
    "Headers",
    "Message",
    "Needs",
    "Partition",
    "Rebalance",
    "Receiver",
    "Record",
    "Refused",
    "Sender",
    "Transport",
    "header_pairs",
]

LARGEST = 1_000_000
"""Bytes: the `message.max.bytes` of a client that was told nothing else."""

Headers = tuple[tuple[str, bytes | None], ...]


def header_pairs(headers: Mapping[str, str | bytes]) -> tuple[tuple[str, bytes], ...]:
    """Return a caller's headers as they go to the broker: text as UTF-8.

    Raises:
        EventRefused: A name is no text, or a value neither text nor bytes.
    """
    return tuple((name, _octets(name, value)) for name, value in headers.items())


def _octets(name: str, value: str | bytes) -> bytes:
    if isinstance(name, str):
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, bytes | bytearray | memoryview):  # of a number n, `bytes` would make n zeros
            return bytes(value)
    found = f"{type(name).__name__} to {type(value).__name__}"
    raise EventRefused(f"headers go from text to text or bytes, and {name!r} goes from {found}. Convert it with str().")


Needs = Mapping[str, Literal["READ", "WRITE"]]
"""By topic, what a client has to be allowed to do with it."""


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


class Grant(NamedTuple):
    """One right at a broker, by the names of Kafka's ACLs; every one allows, from any host."""

    principal: str
    resource: str
    """`TOPIC`, `GROUP` or `CLUSTER`."""

    name: str
    pattern: str
    """`LITERAL` or `PREFIXED`."""

    operation: str

    def __str__(self) -> str:
        name = f"{self.name}*" if self.pattern == "PREFIXED" else self.name
        return f"{self.principal} {self.operation} {self.resource.lower()} {name}"


class Record(Struct, frozen=True, gc=False):
    """What goes to the broker."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = 0
    """Milliseconds since 1970 in UTC; 0 lets the client set it."""


class Message(Struct, frozen=True, gc=False):
    """What came from the broker; a struct without collection, since a busy consumer makes 100,000 a second."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


class Fault(NamedTuple):
    """Why the broker or the client did not do what was asked, in the client's own code."""

    code: str
    """The Kafka protocol's name of the error, for example `TOPIC_AUTHORIZATION_FAILED`."""

    text: str
    fatal: bool = False
    """The client is of no use any more and has to be replaced."""


class Delivery(Struct, gc=False):
    """The broker's word on one record: an offset, or a fault.

    A struct without collection, since up to ten thousand of a topic are alive at a time.
    """

    number: int
    """What `send` was given with the record."""

    size: int
    """Bytes of the record's value."""

    partition: int
    offset: int
    fault: Fault | None


class Backpressure(PyEventsError):
    """The client's own queue is full; serve its reports with `poll` and try again."""

    def __init__(self) -> None:
        super().__init__("the client's queue is full")


class Refused(PyEventsError):
    """The client will not take a record."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(f"{fault.code}: {fault.text}")


class Sender(Protocol):
    """The sending side of a transport; `send` may be called while another thread is in `poll`."""

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        """Take one record; `done` is called from `poll` once its fate is known.

        Args:
            record: What goes to the broker.
            done: Must not block.
            number: The caller's own, by which it knows the record again.

        Raises:
            Backpressure: The queue is full.
            Refused: The client will not take it.
        """

    def poll(self, timeout: float) -> int:
        """Serve delivery reports for at most `timeout` seconds; return how many."""

    @property
    def trouble(self) -> Fault | None:
        """Why no broker takes anything from this client at the moment, or, if fatal, never will; None if one does."""

    @property
    def retrying(self) -> frozenset[str]:
        """Topics with events that a broker answers for and does not take, however often the client sends them."""

    @property
    def losses(self) -> int:
        """Grows with every connection that is lost, before `poll` gives a report of the one that followed."""

    @property
    def mixed(self) -> bool:
        """Whether two clusters have answered it."""

    def cluster_id(self, timeout: float) -> str | None:
        """Return the cluster's own id; None if nobody says it within `timeout` seconds. An answer ends a `trouble`."""

    def close(self, timeout: float) -> int:
        """Send what can be sent in `timeout` seconds; return how many records are left without a report."""


class Rebalance(Protocol):
    """What a receiver tells of its partitions; called from within `receive`."""

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """These partitions came."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """These go once this returns; offsets committed in here still count."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These are gone already; somebody else may have them."""


class Receiver(Protocol):
    """The receiving side of a transport; used by one thread."""

    def subscribe(self, topics: Sequence[str], rebalance: Rebalance) -> None:
        """Join the group for these topics."""

    def receive(self, limit: int, timeout: float) -> list[Message]:
        """Return up to `limit` messages, waiting at most `timeout` seconds for the first."""

    def commit(self, offsets: Iterable[tuple[Partition, int]], *, wait: bool) -> None:
        """Commit the next offset to read for each partition; `wait` for the broker's word or not."""

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Give out no messages of these partitions until they are resumed."""

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Give out messages of these partitions again."""

    def high(self, partition: Partition) -> int | None:
        """Return the offset after the newest message, as far as it is known without asking."""

    def close(self) -> None:
        """Leave the group."""


class Transport(Protocol):
    """A way to a cluster, from which senders and receivers are made."""

    @property
    def name(self) -> str:
        """Where it leads, in words fit for an error message."""

    @property
    def largest(self) -> int:
        """Bytes that a message may have, batch and all: the client's `message.max.bytes`."""

    @property
    def lasting(self) -> bool:
        """Whether it is there after this process; the events that wait for it then are, too."""

    def sender(
        self, client_id: str, *, largest: int | None = None, singly: bool = False, watched: bool = False
    ) -> Sender:
        """Return a new sender; connects in the background.

        Args:
            client_id: Its name at the broker.
            largest: Bytes of the largest record that it has to admit; the client's own limit where it is None.
            singly: Send one record at a time, so that a refusal means that record, and give up on it after a while.
            watched: Say which topics are `retrying`; such a sender has to be polled all the while.
        """

    def receiver(self, group_id: str, *, client_id: str, auto_offset_reset: str) -> Receiver:
        """Return a new receiver of that consumer group; joins it on `subscribe`."""

    def unusable(self, topics: Needs, timeout: float) -> dict[str, str]:
        """Return the topics that do not exist or to which this client has not that right, with the reason in words.

        Raises:
            BrokerUnreachable: No broker answers within `timeout` seconds.
        """

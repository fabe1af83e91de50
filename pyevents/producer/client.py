"""One client of a producer, and whether it talks to the cluster that the events are for.

An address may lead to another cluster tomorrow; what tells clusters apart is the id that they were formatted with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from pyevents.transport import Backpressure, Delivery, Fault, Record, Sender

__all__ = ["Client", "Cluster", "Verdict", "judge"]

_PATIENCE = 1.0
_MOST_PATIENCE = 16.0  # the answer names all topics, of which a cluster may have thousands


class Cluster:
    """The cluster that the events of this process are for: whichever answered first."""

    def __init__(self) -> None:
        self.id: str | None = None
        """Its own id, once known."""
        self.other: str | None = None
        """The id of the one that answers in its place."""

    @property
    def problem(self) -> str | None:
        """That another cluster answers, as a sentence; None while none does."""
        if self.other is None:
            return None
        return (
            f"the cluster {self.other} answers, but what waits is for {self.id}: nothing is sent. Lead the address "
            f"back to {self.id}; or, if {self.other} takes its place for good, start the service anew: "
            f"what waits on disk stays there"
        )


class Verdict(Enum):
    """What an answer means for the client that got it."""

    OURS = "ours"
    """Its reports count, and it is given what waits."""

    OTHER = "other"
    """None of its reports counts; a new client asks again later."""

    MIXED = "mixed"
    """Nobody can tell which cluster its reports are from; a new client asks at once."""


def judge(known: str | None, found: str, mixed: bool) -> Verdict:
    """Say what becomes of a client that a cluster has answered.

    | cluster of the events | who answers | two have answered this client | verdict |
    |-----------------------|-------------|-------------------------------|---------|
    | not known yet         | whoever     | either                        | OURS    |
    | known                 | another     | either                        | OTHER   |
    | known                 | the same    | yes                           | MIXED   |
    | known                 | the same    | no                            | OURS    |

    A mixed client may also have its producer id from the other cluster; in ours it may be somebody else's, whose
    sequence numbers would make the broker take new events for doubles.
    """
    if known is None:
        return Verdict.OURS
    if found != known:
        return Verdict.OTHER
    return Verdict.MIXED if mixed else Verdict.OURS


class Client:
    """A sender that is in doubt when it is new, and from the loss of a connection on, until a cluster has answered it.

    While it is, it takes nothing and its reports do not count. What librdkafka has already goes to whoever is there.

    Args:
        sender: Of the transport.
        cluster: That the events are for.
        not_before: When to ask, by the monotonic clock, unless it loses a connection earlier.
    """

    def __init__(self, sender: Sender, cluster: Cluster, not_before: float = 0.0) -> None:
        self.send: Callable[[Record, Callable[[Delivery], None], int], None] = sender.send
        self.asked = False
        """Whether an answer is still to come, or to be learned."""
        self.in_vain = not_before > 0
        """Whether there was none when the right cluster was asked last."""
        self._sender = sender
        self._cluster = cluster
        self._not_before = not_before
        self._patience = _PATIENCE
        self._answer: tuple[int, str | None] | None = None
        self._sure_at = -1
        self._heed()

    @property
    def trouble(self) -> Fault | None:
        """Why no broker takes anything from it, or None."""
        return self._sender.trouble

    @property
    def retrying(self) -> frozenset[str]:
        """Topics with events that a broker does not take, however often it sends them."""
        return self._sender.retrying

    @property
    def sure(self) -> bool:
        """Whether it was answered since it last lost a connection."""
        return self._sure_at == self._sender.losses

    @property
    def in_doubt(self) -> bool:
        """Whether another cluster may be there; before the first contact there is no other."""
        return not self.sure and self._cluster.id is not None

    def due(self, now: float) -> bool:
        """Whether it may be asked."""
        return not self.asked and (now >= self._not_before or self._sender.losses > 0)

    def poll(self, timeout: float) -> int:
        """Serve its reports, and take nothing more if it has lost a connection."""
        served = self._sender.poll(timeout)
        self._heed()
        return served

    def doubt(self) -> None:
        """Take nothing more before there is an answer."""
        self._sure_at = -1
        self._heed()

    def ask(self, pause: float = 0.0) -> None:
        """Wait for an answer, and *pause* seconds more where there is none; the only call for another thread."""
        losses = self._sender.losses
        found = self._sender.cluster_id(self._patience)
        if found is None:
            self._patience = min(_MOST_PATIENCE, self._patience * 2)
            time.sleep(pause)
        self._answer = losses, found

    def learn(self) -> tuple[Verdict, str] | None:
        """Return what the answer means and who gave it; None while there is none that counts."""
        if self._answer is None:
            return None
        (losses, found), self._answer, self.asked = self._answer, None, False
        self.poll(0)  # what became of the connection up to the answer
        self.in_vain = found is None
        if found is None:
            return None
        verdict = judge(self._cluster.id, found, self._sender.mixed)
        if verdict is Verdict.OURS:
            self._sure_at = losses
            if not self.sure:
                return None
            self.send = self._sender.send
            self._heed()
        return verdict, found

    def close(self, timeout: float) -> int:
        """Send what can be sent; return how many records are left without a report."""
        return self._sender.close(timeout)

    def _heed(self) -> None:
        if self.in_doubt:
            self.send = _take_nothing


def _take_nothing(record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
    raise Backpressure

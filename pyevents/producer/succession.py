"""The clients of one producer, one after the other: when one follows, and what is said of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pyevents.errors import ConfigurationInvalid
from pyevents.outcome import in_words
from pyevents.producer.client import Client, Cluster, Verdict
from pyevents.retry import Backoff
from pyevents.transport import Fault, Transport

__all__ = ["Succession"]

log = logging.getLogger("pyevents.producer")

_ELSEWHERE = 10.0


class Succession:
    """Makes the client that all topics share, and those that take its place.

    Args:
        transport: Where clients come from.
        client_id: Their name at the broker.
        cluster: That the events are for.
        note: Is told what went wrong, in words.
    """

    def __init__(self, transport: Transport, client_id: str, cluster: Cluster, note: Callable[[str], None]) -> None:
        self._transport = transport
        self._client_id = client_id
        self._cluster = cluster
        self._note = note
        self._replaced = 0
        self._sent_before = 0
        self._not_before = 0.0
        self._backoff = Backoff()

    def first(self, not_before: float = 0.0) -> Client:
        """Return a client; what is wrong with its settings is said as it is.

        Args:
            not_before: When to ask it which cluster answers, by the monotonic clock.

        Raises:
            ConfigurationInvalid: There cannot be one.
        """
        return Client(self._transport.sender(self._client_id, watched=True), self._cluster, not_before)

    def after_failure(self, trouble: Fault | None, sent: int) -> Client | None:
        """Return the client that goes on where one failed; None while it is too early, or there can be none.

        Args:
            trouble: That it had; None where it repeats events in vain, or a signal interrupted it.
            sent: Events that were delivered so far; a client that delivered none is followed later and later.
        """
        if time.monotonic() < self._not_before:
            return None
        self._replaced = self._replaced + 1 if sent == self._sent_before else 1
        self._sent_before = sent
        if self._replaced > 1:
            self._not_before = time.monotonic() + self._backoff.delay(self._replaced - 1)
        successor = self._next()
        if successor is not None:
            if trouble is not None:
                self._note(in_words(trouble))
            reason = in_words(trouble) if trouble is not None else "it repeats events in vain, or was interrupted"
            log.error("a new Kafka client goes on from the first unconfirmed event; the old one failed: %s", reason)
        return successor

    def after_answer(self, verdict: Verdict, found: str) -> Client | None:
        """Return the client that follows one which another cluster answers, or has answered; None if there can be none.

        Args:
            verdict: `OTHER` or `MIXED`.
            found: The id of the cluster that answered.
        """
        if verdict is Verdict.MIXED:
            return self._next()
        if found != self._cluster.other:
            self._cluster.other = found
            self._note(str(self._cluster.problem))
            log.error("%s", self._cluster.problem)
        return self._next(time.monotonic() + _ELSEWHERE)

    def _next(self, not_before: float = 0.0) -> Client | None:
        try:
            return self.first(not_before)
        except ConfigurationInvalid as error:  # a certificate whose file is being replaced, say
            self._note(str(error))
            log.error("no new Kafka client can be made: %s", error)
            return None

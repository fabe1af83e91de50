"""One topic's way out: the streams that a predecessor left come first, then this process's own.

A topic in trouble is taken off the common client and gets one of its own, which sends a single event at a time: so it
neither fills nor breaks the client of the others, and a refusal is known to mean this one event.
Its owner holds the producer's lock around every call.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator

from pyevents.errors import ConfigurationInvalid, SpoolError
from pyevents.outcome import REPEATED, Outcome, after_fault, in_words
from pyevents.producer.client import Client, Verdict
from pyevents.producer.outbound import Outbound, Send, Unsendable
from pyevents.retry import Backoff
from pyevents.spool.errors import OtherCluster
from pyevents.spool.record import Entry
from pyevents.transport import Fault

__all__ = ["Lane"]

log = logging.getLogger("pyevents.producer")


class Lane:
    """The streams of one topic, in the order in which they are sent.

    Args:
        topic: Its name.
        open_own: Makes this process's own stream, at the first event and again after it was taken away.
        new_client: Makes a client that sends one event at a time.
        discard: Takes a client that is not needed any more; closing it may take a while.
        clock: Seconds, monotonic.
        backoff: Between two tries.
    """

    def __init__(
        self,
        topic: str,
        open_own: Callable[[], Outbound],
        new_client: Callable[[], Client],
        discard: Callable[[Client], None],
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
    ) -> None:
        self.topic = topic
        self.reason: str | None = None
        """Why it waits, in words; None while it flows."""
        self.client: Client | None = None
        """Its own client, while it has one."""
        self.rejected = 0
        self._open_own = open_own
        self._new_client = new_client
        self._discard = discard
        self._clock = clock
        self._backoff = backoff
        self._own: Outbound | None = None
        self._adopted: deque[Outbound] = deque()
        self._held = False
        self._failures = 0
        self._not_before = 0.0

    def __iter__(self) -> Iterator[Outbound]:
        yield from self._adopted
        if self._own is not None:
            yield self._own

    def own(self) -> Outbound:
        """Return this process's own stream."""
        if self._own is None or self._own.stream.closed:
            self._own = self._open_own()
        return self._own

    def adopt(self, outbound: Outbound) -> None:
        """Send what a predecessor left before anything of our own that has not gone yet."""
        self._adopted.append(outbound)

    def hand_over(self, outbound: Outbound, position: int, entry: Entry, send: Send) -> bool:
        """Give an own event that was just appended to the common client, if nothing is before it."""
        if self._held or self._adopted or self._failures:
            return False
        given = outbound.hand_over(position, entry, send)
        if isinstance(given, Fault):
            self._fail(outbound, position, given)
            return False
        return given

    def advance(self, send: Send | None, cluster_id: str | None) -> bool:
        """Give a client some of what waits, as far as it takes it; left streams only to the cluster they are for.

        Args:
            send: The common client's, if that takes anything.
            cluster_id: That answers.

        Returns:
            Whether it would take more.
        """
        if self._clock() < self._not_before:
            return False
        if not self._held:
            return send is not None and self._flow(send, cluster_id)
        with_client = any(outbound.with_client for outbound in self)
        if self.client is None and not with_client:
            try:
                self.client = self._new_client()
            except ConfigurationInvalid as error:  # a certificate whose file is being replaced, say
                self._wait(str(error))
                return False
        if self.client is None:
            return False  # the common client still has to report on what it got
        trouble, learned = self.client.trouble, self.client.learn()
        if learned is not None and learned[0] is not Verdict.OURS:
            self._wait(f"the cluster {learned[1]} answered the topic's own client")
            self._drop_client()
        elif trouble is None or not trouble.fatal:
            self._flow(self.client.send, cluster_id, 1)
        elif not with_client:  # else the report comes, and says more
            self._wait(in_words(trouble))
            self._drop_client()
        return False

    def settle(self) -> tuple[int, Fault | None]:
        """Take the clients' words on events, and draw the consequences.

        Returns:
            How many events were delivered, and the last of the faults.
        """
        delivered, last = 0, None
        for outbound in self:
            for delivery in outbound.settle():
                if delivery.fault is not None:
                    last = delivery.fault
                    self._fail(outbound, delivery.number, last)
                else:
                    delivered += 1
                    if self.reason is not None:
                        self._pass(outbound, delivery.number)
        return delivered, last

    def suspect_all(self) -> None:
        """Send each event alone that the common client has, since it repeats some of them without end.

        The owner replaces that client: it cannot give back what it has of one topic.
        """
        if not self._held:
            self._held = True
            for outbound in self:
                outbound.suspect = max(outbound.suspect, outbound.next - 1)
            self._say(REPEATED)

    def restart(self) -> None:
        """The common client is a new one: what the old one had goes again."""
        if self.client is None:
            for outbound in self:
                outbound.restart()

    def close(self) -> None:
        """Give the own client back."""
        if self.client is not None:
            self._drop_client()

    def _flow(self, send: Send, cluster_id: str | None, events: int | None = None) -> bool:
        while self._adopted:
            first = self._adopted[0]
            try:
                if cluster_id is None:
                    return False
                first.stream.confirm_cluster(cluster_id)
                more = self._send(first, send, events)
                if first.waiting or first.with_client:
                    return more
            except (OtherCluster, Unsendable) as error:
                log.error("%s is left as it is: %s", first.stream.name, error)
            first.stream.close()
            self._adopted.popleft()
        return self._own is not None and self._send(self._own, send, events)

    def _send(self, outbound: Outbound, send: Send, events: int | None) -> bool:
        before = outbound.next
        try:
            fault = outbound.advance(send) if events is None else outbound.advance(send, events)
        except Unsendable:
            raise
        except SpoolError as error:
            self._wait(str(error))
            return False
        if fault is not None:
            self._fail(outbound, outbound.next, fault)
        return outbound.behind and outbound.next > before

    def _pass(self, outbound: Outbound, position: int) -> None:
        self._failures = 0
        if self._held and self.client is None:
            return  # the common client had it before the topic was taken off
        if position >= outbound.suspect:
            log.info("%s goes on", self.topic, extra={"topic": self.topic})
            self.reason, self._held = None, False
            if self.client is not None:
                self._drop_client()

    def _fail(self, outbound: Outbound, position: int, fault: Fault) -> None:
        outcome = after_fault(fault)
        if outcome is Outcome.REPLACE and self.client is None:
            return  # the owner of the common client sees it too
        if self.client is None:
            if outcome is Outcome.REJECT:
                # The whole batch is refused for one event of it; each of them is sent alone until this one has passed.
                outbound.suspect = max(outbound.suspect, position)
                self._say(in_words(fault))
            else:
                self._wait(in_words(fault))
            self._held = self._held or outcome is not Outcome.RESEND
            return
        if outcome is not Outcome.REJECT or not self._set_aside(outbound, position, in_words(fault)):
            self._wait(in_words(fault))
        self._drop_client()

    def _set_aside(self, outbound: Outbound, position: int, reason: str) -> bool:
        try:
            outbound.set_aside(position, reason)
        except SpoolError as error:
            self._wait(f"{reason}; {error}")
            return False
        self.rejected += 1
        log.error(
            "%s: event %d of %s is set aside, the broker never takes it: %s. `pyevents spool rejected ls` shows it",
            self.topic,
            position,
            outbound.stream.name,
            reason,
            extra={"topic": self.topic, "stream": outbound.stream.name, "position": position, "reason": reason},
        )
        return True

    def _wait(self, reason: str) -> None:
        now = self._clock()
        if now >= self._not_before:  # else it is another event of the try that failed just now
            self._failures += 1
            self._not_before = now + self._backoff.delay(self._failures)
        self._say(reason)

    def _say(self, reason: str) -> None:
        if reason != self.reason:
            log.warning("%s waits: %s", self.topic, reason, extra={"topic": self.topic, "reason": reason})
        self.reason = reason

    def _drop_client(self) -> None:
        assert self.client is not None
        self._discard(self.client)
        self.client = None
        for outbound in self:
            outbound.restart()

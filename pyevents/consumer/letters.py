"""Writing dead letters: a client of their own, tried until the broker has confirmed each."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Container
from contextlib import suppress
from typing import Literal, NamedTuple

from pyevents.consumer.group import Reading
from pyevents.errors import BrokerUnreachable, ConfigurationInvalid
from pyevents.outcome import REPEATED, Outcome, after_fault, in_words
from pyevents.retry import Backoff
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused, Sender, Transport

__all__ = ["Letters", "usable"]

log = logging.getLogger("pyevents.consumer")

_BACKOFF = Backoff(first=0.5, longest=15)
_SECONDS_TO_LOOK = 5.0
_AGAIN = 1.0


def usable(transport: Transport, read: Reading, group: str) -> bool:
    """Look whether the topics for dead letters and retries can be used; return whether anybody could tell.

    Raises:
        ConfigurationInvalid: One does not exist, or this service has no right to it.
    """
    wanted: dict[str, Literal["READ", "WRITE"]] = dict.fromkeys(sorted(set(read.letters.values())), "WRITE")
    wanted |= dict.fromkeys(sorted(read.replays), "READ")
    if not wanted:
        return True
    try:
        bad = transport.unusable(wanted, _SECONDS_TO_LOOK)
    except BrokerUnreachable as error:
        log.warning("%s The topics for dead letters are looked at later.", error)
        return False
    for topic, problem in bad.items():
        raise ConfigurationInvalid(
            f"topic {topic}",
            f"{problem}; {group} needs it for events that it cannot handle",
            "Name the consumer in the contracts of that topic if it is not, make the topics of the contracts with "
            "`pyevents topics apply` or docker/kafka/create-topics.sh, and give this service its rights; "
            'or run with on_error="stop" or "skip".',
        )
    return True


class _Letter(NamedTuple):
    record: Record
    confirmed: Callable[[], None]


class Letters:
    """Sends records until the broker confirms them; the client and its thread come with the first one.

    Records that the broker refuses, and those that the client repeats in vain, go on by another client that sends one
    at a time, so that they hold up no other. Only records of different keys are here at one time: they have no order.

    Args:
        transport: Where the client comes from.
        client_id: Its name at the broker.
        largest: Bytes of the largest record that it has to admit.
        singly: Send one record at a time.
    """

    def __init__(self, transport: Transport, client_id: str, largest: int, *, singly: bool = False) -> None:
        self._make: Callable[[], Sender] = lambda: transport.sender(
            client_id, largest=largest, singly=singly, watched=not singly
        )
        self._singly = singly
        self._alone = None if singly else Letters(transport, f"{client_id}-alone", largest, singly=True)
        self._waiting: deque[_Letter] = deque()
        self._failed: list[_Letter] = []
        self._problem: str | None = None
        self._open = 0
        self._awake = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, record: Record, confirmed: Callable[[], None]) -> None:
        """Take a record; `confirmed` is called from another thread once the broker has it."""
        with self._lock:
            self._waiting.append(_Letter(record, confirmed))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="pyevents-letters", daemon=True)
                self._thread.start()
        self._awake.set()

    def close(self) -> None:
        """Send no more; what is not confirmed by now was not confirmed."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._awake.set()
        if thread is not None:
            thread.join(5)
        if self._alone is not None:
            self._alone.close()

    def _run(self) -> None:
        sender, attempt, again = self._client(), 0, math.inf
        while not self._closed:
            with suppress(Backpressure):
                while self._waiting and not (self._singly and self._open):
                    self._hand_over(sender)
            sender.poll(0.01 if self._open else 0.0)
            if sender.retrying or (sender.trouble and sender.trouble.fatal):
                sender.close(0)  # what it still has comes back as failed
                sender = self._client()
            now = time.monotonic()
            if self._failed and again == math.inf:
                attempt += 1
                again = now + _BACKOFF.delay(attempt)
            elif now >= again:
                self._waiting.extend(self._failed)
                self._failed.clear()
                again = math.inf
            elif not (self._open or self._waiting):
                attempt = attempt if self._failed else 0
                self._awake.wait(min(_AGAIN, again - now))
                self._awake.clear()
        sender.close(0)

    def _client(self) -> Sender:
        while True:
            try:
                return self._make()
            except ConfigurationInvalid as error:  # a certificate whose file is being replaced, say
                if self._closed:
                    raise
                self._say(f"no client for dead letters can be made ({error})")
                self._awake.wait(_AGAIN)
                self._awake.clear()

    def _hand_over(self, sender: Sender) -> None:
        letter = self._waiting[0]

        def done(delivery: Delivery) -> None:
            self._open -= 1
            if delivery.fault is None:
                self._problem = None
                letter.confirmed()
            else:
                self._fail(letter, delivery.fault, sender.retrying)

        self._open += 1
        try:
            sender.send(letter.record, done)
        except Backpressure:
            self._open -= 1
            raise
        except Refused as error:
            self._open -= 1
            self._fail(letter, error.fault, sender.retrying)
        self._waiting.popleft()

    def _fail(self, letter: _Letter, fault: Fault, retrying: Container[str]) -> None:
        topic = letter.record.topic
        suspect = topic in retrying or after_fault(fault) is Outcome.REJECT
        problem = REPEATED if topic in retrying else in_words(fault)
        if not self._closed and (suspect or not retrying):  # else it was purged, at the end or for another's sake
            self._say(f"a dead letter for {topic} was not taken ({problem})")
        if suspect and self._alone is not None:
            self._alone.send(*letter)
        else:
            self._failed.append(letter)

    def _say(self, problem: str) -> None:
        if problem != self._problem:
            log.error("%s; it is tried again", problem)
        self._problem = problem

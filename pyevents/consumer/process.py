"""From work to calls of handlers, and from their outcomes to what the dispatcher is told.

It calls no handler itself: it yields the calls, and whoever runs them (a thread, an event loop) sends the outcome back.
So functions and coroutines go the same way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from threading import Condition
from typing import Any, NamedTuple

import msgspec

from pyevents.codec import Decoder, Event, Skipped
from pyevents.consumer.dispatcher import HELD, Dispatcher
from pyevents.consumer.failure import after_failure, place_of
from pyevents.consumer.handlers import Exhausted, Handler
from pyevents.consumer.lane import Failure, Lane, Work
from pyevents.consumer.letter import GROUP, Reason, letter
from pyevents.consumer.letters import Letters
from pyevents.consumer.limit import Meter
from pyevents.consumer.status import Counts, Tally
from pyevents.consumer.wording import name_of, said_of, stopped_at
from pyevents.envelope import PROBE
from pyevents.errors import RegistryError, SchemaUnknown
from pyevents.retry import Retry
from pyevents.transport import Message

__all__ = ["Around", "Process", "Rules", "Step"]

log = logging.getLogger("pyevents.consumer")

Around = Callable[[Handler, Sequence[Message], str], Handler]
"""Takes a handler, the messages that it is called for and the group; returns a handler."""

_TURN = 0.05
"""Seconds after which a worker gives back what it has not begun, so that offsets and others get on."""

_QUIET = 5.0
_YEAR = 365 * 24 * 3600.0


Step = tuple[Handler, Any]
"""One call, `handler.call(argument)`; a bare tuple, since there is one for each event."""


class Rules(NamedTuple):
    """What a consumer was told to do."""

    group: str
    retry: Retry
    on_error: Exhausted
    schema_patience: float
    """Seconds for which the registry has to deny a schema id until that is believed."""

    keep_message: bool
    """Whether dead letters bear the error's message."""

    letter_topics: Mapping[str, str]
    """The dead-letter topic by topic that is read, retry topics among them."""

    replays: frozenset[str]
    """The retry topics."""

    on_new_major: Exhausted
    around: Around | None = None
    """Puts something around each call of a handler."""


class Process:
    """Takes work apart.

    Args:
        decoder: Of the consumer's event types.
        handlers: By event type.
        rules: What to do with what fails.
        dispatcher: Is told what is done; under `lock`.
        lock: Guards the dispatcher and the counts.
        letters: Sends dead letters.
        meter: Says when there are too many.
        stop: Ends the consumer with an error.
    """

    def __init__(
        self,
        decoder: Decoder,
        handlers: Mapping[str, Handler],
        rules: Rules,
        dispatcher: Dispatcher,
        lock: Condition,
        letters: Letters,
        meter: Meter,
        stop: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = Counts()
        self.decoder = decoder
        self.wake: Callable[[], None] = lock.notify
        """Tells the workers, with the lock held, that there may be work."""
        self._handlers = handlers
        self._rules = rules
        self._dispatcher = dispatcher
        self._lock = lock
        self._letters = letters
        self._meter = meter
        self._stop = stop
        self._clock = clock
        self._denied: dict[str, float] = {}
        self._quiet_until = 0.0

    def steps(self, work: Work) -> Generator[Step, None, None]:
        """Yield the calls that this work needs, one after the other; throw into it what a call raised."""
        if work.lane.track.gather is not None:
            return self._gathered(work)
        return self._single(work)

    def _single(self, work: Work) -> Generator[Step, None, None]:
        messages, doubles, failures = work.messages, work.lane.track.doubles, work.lane.failures
        known, remember = doubles.known, doubles.add
        decode, handlers, clock, around = self.decoder.decode, self._handlers, self._clock, self._rules.around
        replayed = work.lane.track.partition.topic in self._rules.replays
        tally, handled = Tally(), 0
        end, index = clock() + _TURN, 0
        for index, message in enumerate(messages):
            if work.stopped or (index and clock() > end):
                break
            if replayed and _is_anothers(message, self._rules.group):
                tally.skipped += 1
                continue
            event = handler = None
            try:
                event = decode(message.value)
                if event.__class__ is Skipped:
                    tally.skipped += 1
                    continue
                raw = event.raw  # type: ignore[union-attr]  # it is an Event
                if raw.producer == PROBE:
                    tally.skipped += 1
                    continue
                event_id = raw.event_id
                if event_id in known:
                    tally.doubles += 1
                    continue
                handler = handlers[raw.event_type]
                called = around(handler, (message,), self._rules.group) if around else handler
                yield called, msgspec.structs.replace(event, replayed=True) if replayed else event
            except GeneratorExit:  # the worker is gone, with the process or the loop
                raise
            except BaseException as error:  # whatever a handler raises must neither end the consumer nor lose the event
                tally.handled = handled
                self._failed(work, messages[index:], (message,), event, handler, error, tally)
                return
            remember(event_id)
            handled += 1
            if failures:
                failures.pop(message.offset, None)
        else:
            index += 1
        tally.handled = handled
        self._finish(work, messages[index:], tally)

    def _gathered(self, work: Work) -> Generator[Step, None, None]:
        """As `_single`, with batches: an event waits for the others unless one of its key has to come before."""
        messages, doubles, around = work.messages, work.lane.track.doubles, self._rules.around
        replayed = work.lane.track.partition.topic in self._rules.replays
        tally, done = Tally(), set[int]()
        batches: dict[int, tuple[Handler, list[Message], list[Event]]] = {}
        due: list[tuple[Handler, list[Message], list[Event]]] = []
        for message in (*messages, None):
            event = handler = None
            if message is None:
                due, batches = list(batches.values()), {}
            elif work.stopped:
                break
            elif replayed and _is_anothers(message, self._rules.group):
                tally.skipped += 1
                done.add(message.offset)
            else:
                try:
                    event = self.decoder.decode(message.value)
                except Exception as error:
                    self._failed(work, _left(messages, done), (message,), None, None, error, tally)
                    return
                if isinstance(event, Skipped) or event.raw.producer == PROBE:
                    tally.skipped += 1
                    done.add(message.offset)
                    continue
                if event.raw.event_id in doubles.known:
                    tally.doubles += 1
                    done.add(message.offset)
                    continue
                event = msgspec.structs.replace(event, replayed=True) if replayed else event
                handler = self._handlers[event.raw.event_type]
                others = [key for key, batch in batches.items() if key != id(handler) and _holds(batch[1], message)]
                due = [batches.pop(key) for key in others]
                if handler.gather is None:
                    due.append((handler, [message], [event]))
                else:
                    batch = batches.setdefault(id(handler), (handler, [], []))
                    batch[1].append(message)
                    batch[2].append(event)
                    if len(batch[1]) >= handler.gather.size:
                        due.append(batches.pop(id(handler)))
            for handler, members, events in due:
                try:
                    called = around(handler, members, self._rules.group) if around else handler
                    yield called, events if handler.gather else events[0]
                except GeneratorExit:
                    raise
                except BaseException as error:
                    self._failed(work, _left(messages, done), members, events[0], handler, error, tally)
                    return
                for member, one in zip(members, events, strict=True):
                    doubles.add(one.raw.event_id)
                    work.lane.failures.pop(member.offset, None)
                done.update(member.offset for member in members)
                tally.handled += len(events)
            due = []
        self._finish(work, _left(messages, done), tally)

    def _finish(
        self, work: Work, kept: Sequence[Message], tally: Tally, until: float = 0.0, *, alone: bool = False
    ) -> None:
        now = self._clock()
        with self._lock:
            tally.add_to(self.counts)
            self._meter.handled(tally.handled, now)
            self._dispatcher.finish(work, now, kept, until, alone=alone)

    def _failed(
        self,
        work: Work,
        kept: Sequence[Message],
        members: Sequence[Message],
        event: Event | Skipped | None,
        handler: Handler | None,
        error: BaseException,
        tally: Tally,
    ) -> None:
        """Decide about an event, or about the members of a batch, and tell everybody."""
        message, rules, now = members[0], self._rules, self._clock()
        tally.failures += 1
        failure = self._count(work.lane, message)
        retry, on_error = (handler.retry, handler.on_error) if handler else (rules.retry, rules.on_error)
        verdict = after_failure(
            error,
            failure.attempts,
            retry,
            on_error,
            on_new_major=rules.on_new_major,
            denied_for=self._denied_for(error, now),
            patience=rules.schema_patience,
        )
        said = said_of(message, event, error, handler)
        if verdict.action == "again":
            again = (failure.attempts, verdict.wait)
            if not isinstance(error, RegistryError) or self._may_tell(now):
                log.warning("%s failed (attempt %d), next try in %.1f s: %s", said[0], *again, said[1])
            self._finish(work, kept, tally, now + verdict.wait)
            return
        del work.lane.failures[message.offset]
        if len(members) > 1:
            log.warning("a batch of %d failed for good and is handled one by one; %s: %s", len(members), *said)
            self._finish(work, kept, tally, alone=True)
        elif verdict.action == "pass":
            tally.passed += 1
            log.error("%s failed and is passed over: %s", *said)
            self._finish(work, [one for one in kept if one is not message], tally)
        elif verdict.action == "stop" or not self._admits(now):
            self._finish(work, kept, tally, now + _YEAR)
            self._stop(stopped_at(message, said, verdict.action == "stop"))
        else:
            log.error("%s is given up after %d attempts: %s", said[0], failure.attempts, said[1])
            self._finish(work, kept, tally, HELD)
            self._bury(work.lane, message, self._reason(failure, event, handler, error))

    def _bury(self, lane: Lane, message: Message, reason: Reason) -> None:
        def confirmed() -> None:
            with self._lock:
                if self._dispatcher.settle(lane, message, self._clock()):
                    lane.track.dead += 1
                    self.counts.dead += 1
                    self.wake()

        self._letters.send(letter(message, self._rules.letter_topics[message.topic], reason), confirmed)

    def _reason(
        self, failure: Failure, event: Event | Skipped | None, handler: Handler | None, error: BaseException
    ) -> Reason:
        raw = event.raw if isinstance(event, Event) else None
        return Reason(
            group=self._rules.group,
            error=name_of(error),
            error_at=place_of(error, handler.function) if handler else "",
            attempts=failure.attempts,
            first_failure=int(failure.first * 1000),
            last_failure=int(time.time() * 1000),
            event_type=raw.event_type if raw else getattr(error, "event_type", ""),
            event_id=raw.event_id if raw else getattr(error, "event_id", ""),
            message=str(error) if self._rules.keep_message else None,
        )

    def _count(self, lane: Lane, message: Message) -> Failure:
        before = lane.failures.get(message.offset)
        failure = Failure(before.attempts + 1, before.first) if before else Failure(1, time.time())
        lane.failures[message.offset] = failure
        return failure

    def _denied_for(self, error: BaseException, now: float) -> float:
        if not isinstance(error, SchemaUnknown):
            return 0.0
        if len(self._denied) > 10_000:  # ids out of damaged bytes are without end
            self._denied.clear()
        return now - self._denied.setdefault(error.what, now)

    def _may_tell(self, now: float) -> bool:
        """Return whether to log that the registry holds up an event: every key waits then, and one line is enough."""
        if now < self._quiet_until:
            return False
        self._quiet_until = now + _QUIET
        return True

    def _admits(self, now: float) -> bool:
        with self._lock:
            return self._meter.admits(now)


def _is_anothers(message: Message, group: str) -> bool:
    """Say whether a replayed message is for another group of the same consumer, which handled it well."""
    return any(name == GROUP and value != group.encode() for name, value in message.headers)


def _left(messages: Sequence[Message], done: set[int]) -> list[Message]:
    return [message for message in messages if message.offset not in done]


def _holds(members: Sequence[Message], message: Message) -> bool:
    return any(member.key == message.key for member in members)

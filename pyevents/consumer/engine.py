"""The loop of a consumer: one thread polls always, workers handle, offsets follow what is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from pyevents.codec import Decoder
from pyevents.consumer.dispatcher import Dispatcher
from pyevents.consumer.handlers import Handler
from pyevents.consumer.health import Health, health
from pyevents.consumer.lane import Track
from pyevents.consumer.letter import key_hash
from pyevents.consumer.letters import Letters
from pyevents.consumer.limit import DeadLetterLimit, Meter
from pyevents.consumer.process import Process, Rules
from pyevents.consumer.status import ConsumerStatus, PartitionStatus
from pyevents.consumer.workers import Loop, Threads, Workers, stack_of
from pyevents.transport import Partition, Receiver

__all__ = ["Engine"]

log = logging.getLogger("pyevents.consumer")

_EVERY = 1.0
_LIMIT = 500
_FEW = 200


class Engine:
    """Runs handlers over what a receiver gives, until it is told to stop.

    Args:
        receiver: Used by the thread that calls `run` alone.
        decoder: Of the consumer's event types.
        handlers: By event type.
        rules: What to do with what fails.
        dispatcher: Fresh.
        letters: Sends dead letters.
        limit: Of dead letters.
        concurrency: Handlers at the same time.
        budget: Seconds for what is in hand, when partitions go and at the end.
        slow: Seconds after which a handler is reported with its stack.
    """

    def __init__(
        self,
        receiver: Receiver,
        decoder: Decoder,
        handlers: Mapping[str, Handler],
        rules: Rules,
        dispatcher: Dispatcher,
        letters: Letters,
        limit: DeadLetterLimit | None,
        *,
        concurrency: int,
        budget: float,
        slow: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.error: Exception | None = None
        self._receiver = receiver
        self._dispatcher = dispatcher
        self._letters = letters
        self._budget = budget
        self._slow = slow
        self._clock = clock
        self._lock = threading.Condition(threading.Lock())
        self._process = Process(
            decoder, handlers, rules, dispatcher, self._lock, letters, Meter(limit), self.fail, clock
        )
        kind = Loop if any(handler.is_async for handler in handlers.values()) else Threads
        self._workers: Workers = kind(concurrency, self._process, dispatcher, self._lock, clock, self.fail)
        self._process.wake = self._workers.wake
        self._stopping = False  # no Event: a signal that comes while one is waited for would wait for it for ever
        self._ending = False
        self._highs: dict[Partition, int] = {}
        self._turned = clock()
        self._told: set[int] = set()

    def stop(self) -> None:
        """End `run` after what is in hand; may be called from any thread and from a signal handler."""
        self._stopping = True

    def fail(self, error: Exception) -> None:
        """End `run` with an error, after what is in hand."""
        self.error = self.error or error
        self._stopping = True

    def run(self, topics: Sequence[str], timeout: float, on_assigned: Callable[[], object] | None = None) -> int:
        """Join the group, handle events until stopped, commit, leave.

        Args:
            topics: To subscribe to.
            timeout: Longest wait in one poll, in seconds.
            on_assigned: Called once, when the first partitions have come.

        Returns:
            How many events were handled.
        """
        self._receiver.subscribe(topics, self)
        self._workers.start()
        housekeeping = self._clock() + _EVERY
        try:
            while not self._stopping:
                self._turn(timeout)
                if on_assigned and self._dispatcher.tracks:
                    on_assigned()
                    on_assigned = None
                if self._turned > housekeeping:
                    housekeeping = self._turned + _EVERY
                    self._keep_house()
        finally:
            self._end()
        if self.error is not None:
            raise self.error
        return self._process.counts.handled

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Partitions came."""
        with self._lock:
            self._dispatcher.assign(partitions)
        log.info("assigned: %s", ", ".join(map(str, partitions)))

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Partitions go: what is in hand may finish within the budget, and counts."""
        self._drain(partitions)
        with self._lock:
            self._dispatcher.drop(partitions)
        log.info("revoked: %s", ", ".join(map(str, partitions)))

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Partitions are gone; somebody else handles their events again, so nothing is committed."""
        with self._lock:
            self._dispatcher.close(partitions)
            self._dispatcher.drop(partitions)
        log.warning("lost, to be handled again by others: %s", ", ".join(map(str, partitions)))

    def status(self) -> ConsumerStatus:
        """Return what was done and where each partition stands."""
        counts = self._process.counts
        with self._lock:
            now = self._clock()
            partitions = {place: self._status_of(track, now) for place, track in self._dispatcher.tracks.items()}
        return ConsumerStatus(
            counts.handled, counts.skipped, counts.passed, counts.failures, counts.doubles, counts.dead, partitions
        )

    def healthy(self, patience: float) -> Health:
        """Say whether it gets on."""
        if self._stopping:
            return Health(False, str(self.error) if self.error else "it was stopped")
        now = self._clock()
        with self._lock:
            still = {place: now - track.moved for place, track in self._dispatcher.tracks.items() if track.watermark}
        return health(self.status().partitions, still, now - self._turned, patience)

    def _turn(self, timeout: float) -> None:
        now = self._turned = self._clock()
        with self._lock:
            room, due = self._dispatcher.room(now), self._dispatcher.next_due()
            resumable = self._dispatcher.resumable()
            if due <= now:
                self._workers.wake()
        if resumable:
            self._receiver.resume(resumable)
        if room < _FEW:
            # Enough waits; one message now and then is read all the same, since polling keeps the membership.
            time.sleep(0.005)
            messages = self._receiver.receive(1, 0.0)
        else:
            messages = self._receiver.receive(min(room, _LIMIT), max(0.0, min(timeout, 0.1, due - now)))
        if messages:
            with self._lock:
                full = self._dispatcher.put(messages, self._clock())
                self._workers.wake()
            if full:
                self._receiver.pause(full)
                log.warning("%s", self._explain(full))

    def _keep_house(self) -> None:
        with self._lock:
            offsets = self._dispatcher.committable()
            partitions = list(self._dispatcher.tracks)
            slow = [work for work in self._dispatcher.running if work.since < self._turned - self._slow]
        self._receiver.commit(offsets, wait=False)
        for partition in partitions:
            high = self._receiver.high(partition)
            if high is not None:
                self._highs[partition] = high
        for work in slow:
            if id(work) not in self._told:
                log.warning(
                    "a handler has had an event of %s in hand for over %.0f s; it is at\n%s",
                    work.lane.track.partition,
                    self._slow,
                    stack_of(work.worker),
                )
        self._told = {id(work) for work in slow}

    def _drain(self, partitions: Sequence[Partition]) -> None:
        """Let what is in hand finish, within the budget, and commit."""
        with self._lock:
            self._dispatcher.close(partitions)
        end = self._clock() + (0 if self._ending else self._budget)
        pause = threading.Event()
        while self._clock() < end:
            with self._lock:
                if not self._dispatcher.busy(partitions):
                    break
            pause.wait(0.005)
        with self._lock:
            offsets = self._dispatcher.committable(partitions)
        self._receiver.commit(offsets, wait=True)

    def _end(self) -> None:
        self._stopping = True
        self._drain(list(self._dispatcher.tracks))
        self._ending = True
        self._workers.stop()
        self._letters.close()
        self._receiver.close()

    def _status_of(self, track: Track, now: float) -> PartitionStatus:
        mark = track.watermark
        mine = [work for work in self._dispatcher.running if work.lane.track is track]
        high = self._highs.get(track.partition)
        return PartitionStatus(
            position=mark.next if mark else None,
            committed=track.committed,
            lag=max(0, high - mark.value) if mark and high is not None else None,
            in_flight=sum(len(work.messages) for work in mine),
            oldest=max((now - work.since for work in mine), default=0.0),
            waiting_keys=sum(lane.state.blocks for lane in track.lanes.values()),
            dead_letters=track.dead,
            paused=track.paused,
            blocked_by=self._blocker(track) if track.paused else None,
        )

    def _blocker(self, track: Track) -> str | None:
        """Return the hash of the key of the first unfinished event."""
        first = track.watermark.value if track.watermark else None
        for work in self._dispatcher.running:
            if work.lane.track is track:
                for message in work.messages:
                    if message.offset == first:
                        return key_hash(message.key)
        for lane in track.lanes.values():
            for message in lane.waiting:
                if message.offset == first:
                    return key_hash(message.key)
        return None

    def _explain(self, full: Sequence[Partition]) -> str:
        with self._lock:
            tracks = [self._dispatcher.tracks[partition] for partition in full]
            return "; ".join(
                f"{track.partition} pauses: {track.gap} messages, {track.held} bytes were read beyond its first "
                f"unfinished event, whose key has the hash {self._blocker(track)}"
                for track in tracks
            )

"""The loop of a consumer: one thread polls always, a worker handles, offsets follow what is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Literal

from pyevents.codec import Decoder, Event, Skipped
from pyevents.consumer.handlers import Call
from pyevents.consumer.lane import Lane
from pyevents.consumer.status import Counts
from pyevents.errors import RegistryError
from pyevents.retry import Backoff
from pyevents.transport import Message, Partition, Receiver

__all__ = ["Engine"]

log = logging.getLogger("pyevents.consumer")

_COMMIT_EVERY = 1.0
_BUDGET = 10.0


class Engine:
    """Runs handlers over what a receiver gives, until it is told to stop.

    Args:
        receiver: Used by the thread that calls `run` alone.
        decoder: Used by the worker alone.
        handler_of: Returns the call for an event type.
        on_error: `"retry"` keeps a failing event in its place, `"skip"` passes it.
        backoff: Between two attempts at one event.
    """

    def __init__(
        self,
        receiver: Receiver,
        decoder: Decoder,
        handler_of: Callable[[str], Call],
        on_error: Literal["retry", "skip"],
        backoff: Backoff,
    ) -> None:
        self.counts = Counts()
        self.lanes: dict[Partition, Lane] = {}
        self._receiver = receiver
        self._decoder = decoder
        self._handler_of = handler_of
        self._on_error = on_error
        self._backoff = backoff
        self._stop = threading.Event()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pyevents-handler")

    def stop(self) -> None:
        """End `run` after the event in hand; may be called from any thread and from a signal handler."""
        self._stop.set()

    def run(self, topics: Sequence[str], timeout: float) -> int:
        """Join the group, handle events until stopped, commit, leave.

        Args:
            topics: To subscribe to.
            timeout: Longest wait in one poll, in seconds.

        Returns:
            How many events were handled.
        """
        self._receiver.subscribe(topics, self)
        commit_at = time.monotonic() + _COMMIT_EVERY
        try:
            while not self._stop.is_set():
                self._poll(timeout)
                if time.monotonic() > commit_at:
                    self._commit(list(self.lanes.values()), wait=False)
                    commit_at = time.monotonic() + _COMMIT_EVERY
        finally:
            self._end()
        return self.counts.handled

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Partitions came."""
        for partition in partitions:
            self.lanes[partition] = Lane(partition, self._backoff, time.monotonic)

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Partitions go: what is in hand may finish, and counts."""
        gone = [self.lanes.pop(partition) for partition in partitions if partition in self.lanes]
        deadline = time.monotonic() + _BUDGET
        for lane in gone:
            lane.close(max(0.0, deadline - time.monotonic()))
        self._commit(gone, wait=True)

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Partitions are gone; somebody else handles their events again."""
        for partition in partitions:
            lane = self.lanes.pop(partition, None)
            if lane:
                lane.close(0)

    def _poll(self, timeout: float) -> None:
        # While an event waits for its next attempt the poll must be short, or the attempt comes late.
        waiting = any(lane.failing for lane in self.lanes.values())
        messages = self._receiver.receive(500, min(timeout, 0.05 if waiting else 0.1))
        for partition, found in groupby(messages, key=lambda message: Partition(message.topic, message.partition)):
            lane = self.lanes.get(partition)
            if lane:
                lane.put(list(found))
        for lane in self.lanes.values():
            self._regulate(lane)
            if lane.claim():
                self._worker.submit(self._work, lane)

    def _regulate(self, lane: Lane) -> None:
        if lane.full and not lane.paused:
            lane.paused = True
            self._receiver.pause([lane.partition])
        elif lane.paused and lane.has_room:
            lane.paused = False
            self._receiver.resume([lane.partition])

    def _work(self, lane: Lane) -> None:
        while (message := lane.first()) is not None and not self._stop.is_set():
            if not self._handle(lane, message):
                return
        if message is not None:
            lane.failed("stopped")

    def _handle(self, lane: Lane, message: Message) -> bool:
        """Handle the first message of a lane; return whether the lane goes on."""
        event: Event | Skipped | None = None
        try:
            event = self._decoder.decode(message.value)
            if isinstance(event, Skipped):
                self.counts.skipped += 1
            else:
                self._handler_of(event.schema.event_type)(event)
                self.counts.handled += 1
        except Exception as error:  # whatever a handler raises must neither end the consumer nor lose the event
            return self._failed(lane, message, event, error)
        lane.succeeded()
        return True

    def _failed(self, lane: Lane, message: Message, event: Event | Skipped | None, error: Exception) -> bool:
        self.counts.failures += 1
        known = event.schema if isinstance(event, Event) else None
        what = f"event {known.event_id} of type {known.event_type}" if known else "a message"
        place = f"{message.topic}-{message.partition}@{message.offset}"
        reason = _reason(error, known is None)
        # An event that the registry's absence holds up is not at fault; it waits whatever the policy.
        if self._on_error == "skip" and not isinstance(error, RegistryError):
            self.counts.passed += 1
            log.error("%s at %s failed and is passed over: %s", what, place, reason)
            lane.succeeded()
            return True
        attempts = lane.attempts + 1
        wait = lane.failed(type(error).__name__)
        log.error("%s at %s failed (attempt %d), next try in %.1f s: %s", what, place, attempts, wait, reason)
        return False

    def _commit(self, lanes: Sequence[Lane], *, wait: bool) -> None:
        moved = [(lane.partition, lane.to_commit()) for lane in lanes]
        offsets = [(partition, offset) for partition, offset in moved if offset is not None]
        if offsets:
            self._receiver.commit(offsets, wait=wait)

    def _end(self) -> None:
        self._stop.set()
        deadline = time.monotonic() + _BUDGET
        lanes = list(self.lanes.values())
        for lane in lanes:
            lane.close(max(0.0, deadline - time.monotonic()))
        self._commit(lanes, wait=True)
        self._receiver.close()
        self._worker.shutdown(wait=False)


def _reason(error: Exception, ours: bool) -> str:
    """Name an error: our own say what happened without the payload, a handler's text may quote it."""
    if ours:
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"

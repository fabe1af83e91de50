"""Which event may be handled when: order per key, bounded reading, and offsets that pass nothing unfinished.

Pure state, without threads, clock and I/O: whoever owns it calls it under one lock and tells it the time. A model
test compares it with the rules.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from pyevents.consumer.doubles import Doubles
from pyevents.consumer.lane import Gather, Lane, State, Track, Work, size_of
from pyevents.transport import Message, Partition
from pyevents.watermark import Watermark

__all__ = ["HELD", "Dispatcher"]

HELD = math.inf
"""As the time of the next attempt: not before `settle`."""

_CHUNK = 100
_BACKLOG = 2_000
_BACKLOG_BYTES = 16 * 1024 * 1024
_LONG = 0.5
_place = attrgetter("topic", "partition")


class Dispatcher:
    """The events that a member of a group has read and not finished.

    Args:
        concurrency: Workers at most; with 1 a lane is a partition, with more it is a key of a partition, and the
            events without a key are one lane of their partition.
        max_gap: Offsets that a partition may be read beyond its first unfinished event.
        max_buffer: Bytes that a partition may hold in unfinished events.
        gather: Topics whose events are handled in batches; their lanes are partitions.
        doubles: Ids of handled events to remember for each partition.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        max_gap: int = 50_000,
        max_buffer: int = 32 * 1024 * 1024,
        gather: Mapping[str, Gather] | None = None,
        doubles: int = 10_000,
    ) -> None:
        self.tracks: dict[Partition, Track] = {}
        self.running: set[Work] = set()
        self._concurrency = concurrency
        self._max_gap = max_gap
        self._max_buffer = max_buffer
        self._gather = gather or {}
        self._doubles = doubles
        self._ready: deque[Lane] = deque()
        self._due: list[tuple[float, int, Lane]] = []
        self._ticket = itertools.count()
        self._ghosts: set[tuple[Partition, bytes | None]] = set()
        self._waiting = 0
        self._blocked = 0

    def assign(self, partitions: Iterable[Partition]) -> None:
        """Partitions came."""
        for partition in partitions:
            gather = self._gather.get(partition.topic)
            by_key = self._concurrency > 1 and gather is None
            self.tracks[partition] = Track(partition, gather, by_key=by_key, doubles=Doubles(self._doubles))

    def close(self, partitions: Iterable[Partition]) -> None:
        """Give out no further work of these partitions; what somebody has in hand should end soon."""
        for partition in partitions:
            if track := self.tracks.get(partition):
                track.closing = True
        for work in self.running:
            if work.lane.track.closing:
                work.stopped = True

    def busy(self, partitions: Iterable[Partition]) -> bool:
        """Return whether somebody has work of these partitions in hand, or a dead letter of theirs is on its way."""
        tracks = [self.tracks[partition] for partition in partitions if partition in self.tracks]
        held = any(lane.state is State.HELD for track in tracks for lane in track.lanes.values())
        return held or any(work.lane.track in tracks for work in self.running)

    def drop(self, partitions: Iterable[Partition]) -> None:
        """Forget partitions; work of theirs that is still in hand does not count any more."""
        for partition in partitions:
            track = self.tracks.pop(partition, None)
            for lane in track.lanes.values() if track else ():
                self._waiting -= len(lane.waiting)
                if lane.state.blocks:
                    self._blocked -= len(lane.waiting)
                if lane.state is State.RUNNING:
                    self._ghosts.add((partition, lane.key))
                lane.state = State.IDLE

    def put(self, messages: Iterable[Message], now: float) -> list[Partition]:
        """Take messages that were read, in order; return the partitions of which no more may be read.

        Those of partitions that are not assigned any more are dropped.
        """
        full = []
        for place, run in itertools.groupby(messages, _place):
            track = self.tracks.get(Partition(*place))
            if track is None or track.closing:
                continue
            self._put(track, list(run), now)
            if not track.paused and (track.gap >= self._max_gap or track.held >= self._max_buffer):
                track.paused = True
                full.append(track.partition)
        return full

    def resumable(self) -> list[Partition]:
        """Return the partitions that were full and have room again; from now on they count as being read."""
        found = []
        for track in self.tracks.values():
            if track.paused and track.gap <= self._max_gap // 2 and track.held <= self._max_buffer // 2:
                track.paused = False
                found.append(track.partition)
        return found

    def take(self, now: float) -> Work | None:
        """Return work for one more worker, or None: there is none, or enough have something in hand."""
        while self._due and self._due[0][0] <= now:
            due, _, lane = heapq.heappop(self._due)
            if lane.due == due and lane.state in (State.DELAYED, State.GATHERING):
                self._enter(lane, State.READY)
        if len(self.running) >= self._concurrency:
            return None
        while self._ready:
            lane = self._ready.popleft()
            if lane.state is not State.READY:
                continue
            if lane.track.closing:
                lane.state = State.IDLE
                continue
            return self._give(lane, now)
        return None

    def finish(
        self, work: Work, now: float, kept: Sequence[Message] = (), until: float = 0.0, *, alone: bool = False
    ) -> None:
        """End work.

        Args:
            work: What `take` returned.
            now: Seconds, monotonic.
            kept: Its messages that are not done, in order; they are the lane's first again.
            until: When the lane may go on; `HELD` waits for `settle`.
            alone: Give each of those kept out by itself, not in a batch again.
        """
        self.running.discard(work)
        lane = work.lane
        track = lane.track
        if self.tracks.get(track.partition) is not track:
            self._leave(track.partition, lane.key)
            return
        self._done(track, _without(work.messages, kept), now)
        lane.solo = len(kept) if alone else max(0, lane.solo - len(work.messages) + len(kept))
        lane.waiting.extendleft(reversed(kept))
        self._waiting += len(kept)
        lane.state = State.IDLE
        if until > now and lane.waiting:
            self._delay(lane, State.HELD if until == HELD else State.DELAYED, until)
        else:
            self._rest(lane, now)

    def settle(self, lane: Lane, message: Message, now: float) -> bool:
        """The event for which a lane was held is done; return whether that still counts."""
        if lane.state is not State.HELD or message not in lane.waiting:
            return False
        self._enter(lane, State.IDLE)
        lane.waiting.remove(message)
        self._waiting -= 1
        if lane.solo:
            lane.solo -= 1
        self._done(lane.track, [message], now)
        self._rest(lane, now)
        return True

    def committable(self, partitions: Iterable[Partition] | None = None) -> list[tuple[Partition, int]]:
        """Return the offsets that moved since they were last asked for here: the first unfinished of each partition."""
        found = []
        for partition in list(self.tracks if partitions is None else partitions):
            track = self.tracks.get(partition)
            if track is not None and track.watermark is not None and track.watermark.value != track.committed:
                track.committed = track.watermark.value
                found.append((partition, track.committed))
        return found

    def room(self, now: float) -> int:
        """Return how many messages more are worth reading now; what waits behind a slow or failed event counts not."""
        slow = sum(len(work.lane.waiting) for work in self.running if work.since < now - _LONG)
        backlog = self._waiting - self._blocked - slow
        held = sum(track.held for track in self.tracks.values())
        if held > _BACKLOG_BYTES and self._waiting and backlog * held > self._waiting * _BACKLOG_BYTES:
            return 0
        return max(0, _BACKLOG - backlog)

    @property
    def waiting(self) -> int:
        """Messages that nobody has in hand."""
        return self._waiting

    @property
    def ready(self) -> int:
        """Lanes that wait for a worker, at most."""
        return len(self._ready)

    def next_due(self) -> float:
        """Return when a lane may go on at the earliest; infinity where none waits."""
        return self._due[0][0] if self._due else math.inf

    def _put(self, track: Track, run: list[Message], now: float) -> None:
        offsets = [message.offset for message in run]
        if track.watermark is None:
            track.watermark = Watermark(offsets[0])
            track.committed = offsets[0]
        if not track.watermark.open:
            track.moved = now
        track.watermark.start_all(offsets)
        track.held += size_of(run)
        self._waiting += len(run)
        if track.by_key:
            for message in run:
                self._append(self._lane(track, message.key), (message,), now)
        else:
            self._append(self._lane(track, None), run, now)

    def _lane(self, track: Track, key: bytes | None) -> Lane:
        lane = track.lanes.get(key)
        if lane is None:
            lane = track.lanes[key] = Lane(track, key)
            if (track.partition, key) in self._ghosts:
                lane.state = State.BLOCKED
        return lane

    def _append(self, lane: Lane, messages: Sequence[Message], now: float) -> None:
        lane.waiting.extend(messages)
        if lane.state is State.IDLE or lane.state is State.GATHERING:
            self._rest(lane, now)
        elif lane.state.blocks:
            self._blocked += len(messages)

    def _rest(self, lane: Lane, now: float) -> None:
        """Say what a lane does that nobody has in hand and that has nothing to wait for."""
        track = lane.track
        if not lane.waiting:
            del track.lanes[lane.key]
        elif track.gather is None or lane.solo or len(lane.waiting) >= track.gather.size:
            self._enter(lane, State.READY)
        elif lane.state is State.IDLE:
            self._delay(lane, State.GATHERING, now + track.gather.wait)

    def _delay(self, lane: Lane, state: State, until: float) -> None:
        self._enter(lane, state)
        lane.due = until
        if until != HELD:
            heapq.heappush(self._due, (until, next(self._ticket), lane))

    def _enter(self, lane: Lane, state: State) -> None:
        if lane.state is not State.IDLE or state is not State.READY:  # what nearly always happens changes no count
            self._blocked += (state.blocks - lane.state.blocks) * len(lane.waiting)
        lane.state = state
        if state is State.READY:
            self._ready.append(lane)

    def _give(self, lane: Lane, now: float) -> Work:
        limit = 1 if lane.solo else lane.track.gather.size if lane.track.gather else _CHUNK
        waiting = lane.waiting
        if len(waiting) <= limit:
            messages = list(waiting)
            waiting.clear()
        else:
            messages = [waiting.popleft() for _ in range(limit)]
        self._waiting -= len(messages)
        lane.state = State.RUNNING
        work = Work(lane, messages, now)
        self.running.add(work)
        return work

    def _done(self, track: Track, messages: Sequence[Message], now: float) -> None:
        if messages and track.watermark is not None:
            track.watermark.finish_all([message.offset for message in messages])
            track.held -= size_of(messages)
            track.moved = now

    def _leave(self, partition: Partition, key: bytes | None) -> None:
        """Somebody gave back work of an earlier assignment: the key is free for the present one."""
        self._ghosts.discard((partition, key))
        track = self.tracks.get(partition)
        lane = track.lanes.get(key) if track else None
        if lane is not None and lane.state is State.BLOCKED:
            self._enter(lane, State.IDLE)
            self._rest(lane, 0.0)


def _without(messages: Sequence[Message], kept: Sequence[Message]) -> Sequence[Message]:
    if not kept:
        return messages
    offsets = {message.offset for message in kept}
    return [message for message in messages if message.offset not in offsets]

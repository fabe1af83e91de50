"""The dispatcher against its rules, over random histories of assignments, failures and crashes."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyevents.consumer.dispatcher import HELD, Dispatcher
from pyevents.consumer.lane import Gather, Lane, State, Work
from pyevents.transport import Message, Partition
from tests.suite.search import examples

PARTITIONS = [Partition("t", 0), Partition("t", 1)]
KEYS = [None, b"a", b"b", b"c"]
MAX_GAP, MAX_BUFFER, VALUE = 12, 150, b"0123456789"
BATCH = 5


class Group(RuleBasedStateMachine):
    """One member of a group; the other members are whoever has a partition that this one has not."""

    @initialize(concurrency=st.sampled_from([1, 3]), gather=st.booleans())
    def start(self, concurrency: int, gather: bool) -> None:
        self.concurrency = concurrency
        self.gather = {"t": Gather(3, 1.0)} if gather else {}
        self.now = 0.0
        self.logs: dict[Partition, list[bytes | None]] = {partition: [] for partition in PARTITIONS}
        self.committed = dict.fromkeys(PARTITIONS, 0)
        self.handled: dict[Partition, set[int]] = {partition: set() for partition in PARTITIONS}
        self._fresh()

    def _fresh(self) -> None:
        self.dispatcher = Dispatcher(
            self.concurrency, max_gap=MAX_GAP, max_buffer=MAX_BUFFER, gather=self.gather, doubles=0
        )
        self.positions: dict[Partition, int] = {}
        self.paused: set[Partition] = set()
        self.in_hand: list[Work] = []
        self.letters: list[tuple[Lane, Message]] = []

    def _key(self, message: Message) -> bytes | None:
        return None if self.concurrency == 1 or self.gather else message.key

    def _handle(self, messages: Any) -> None:
        for message in messages:
            partition = Partition(message.topic, message.partition)
            log, handled = self.logs[partition], self.handled[partition]
            if message.offset not in handled:
                earlier = [o for o in range(message.offset) if log[o] == message.key and o not in handled]
                assert not earlier, f"{partition}@{message.offset} was first handled before {earlier} of its key"
            handled.add(message.offset)

    @rule(partition=st.sampled_from(PARTITIONS))
    def assign(self, partition: Partition) -> None:
        if partition not in self.positions:
            self.dispatcher.assign([partition])
            self.positions[partition] = self.committed[partition]

    @rule(
        partition=st.sampled_from(PARTITIONS),
        keys=st.lists(st.sampled_from(KEYS), max_size=BATCH),
        count=st.integers(1, BATCH),
    )
    def publish_and_read(self, partition: Partition, keys: list[bytes | None], count: int) -> None:
        self.logs[partition].extend(keys)
        self.assign(partition)
        self.read(partition, count)

    def read(self, partition: Partition, count: int) -> None:
        if partition in self.paused:
            return
        start = self.positions[partition]
        found = [
            Message(partition.topic, partition.number, offset, key, VALUE, (), 0)
            for offset, key in list(enumerate(self.logs[partition]))[start : start + count]
        ]
        self.positions[partition] = start + len(found)
        self.paused.update(self.dispatcher.put(found, self.now))

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(times=st.integers(1, 3))
    def take(self, times: int) -> None:
        for _ in range(times):
            work = self.dispatcher.take(self.now)
            if work is None:
                return
            keys = {(work.lane.track.partition, self._key(message)) for message in work.messages}
            taken = {(one.lane.track.partition, self._key(m)) for one in self.in_hand for m in one.messages}
            assert len(keys) == 1 and not keys & taken, f"{keys} is handled twice at the same time"
            offsets = [message.offset for message in work.messages]
            assert offsets == sorted(offsets)
            self.in_hand.append(work)
            assert len(self.in_hand) <= self.concurrency

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        work = self._pick(data)
        self._handle(work.messages)
        self.dispatcher.finish(work, self.now)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), delay=st.sampled_from([0.0, 1.0, 30.0]), alone=st.booleans())
    def fail(self, data: st.DataObject, delay: float, alone: bool) -> None:
        work = self._pick(data)
        index = data.draw(st.integers(0, len(work.messages) - 1))
        self._handle(work.messages[:index])
        self.dispatcher.finish(work, self.now, work.messages[index:], self.now + delay, alone=alone)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        work = self._pick(data)
        index = data.draw(st.integers(0, len(work.messages) - 1))
        self._handle(work.messages[:index])
        self.dispatcher.finish(work, self.now, work.messages[index:], HELD)
        self.letters.append((work.lane, work.messages[index]))

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        lane, message = self.letters.pop(data.draw(st.integers(0, len(self.letters) - 1)))
        if self.dispatcher.settle(lane, message, self.now):
            self._handle([message])

    @rule(partition=st.sampled_from(PARTITIONS), drained=st.booleans())
    def revoke(self, partition: Partition, drained: bool) -> None:
        if partition not in self.positions:
            return
        self.dispatcher.close([partition])
        for work in [one for one in self.in_hand if one.lane.track.partition == partition and drained]:
            assert work.stopped
            self.in_hand.remove(work)
            self._handle(work.messages[:1])
            self.dispatcher.finish(work, self.now, work.messages[1:])
        if drained:
            assert not any(work.lane.track is self.dispatcher.tracks[partition] for work in self.dispatcher.running)
        self._commit([partition])
        self._forget(partition)

    @rule(partition=st.sampled_from(PARTITIONS))
    def lose(self, partition: Partition) -> None:
        if partition in self.positions:
            self.dispatcher.close([partition])
            self._forget(partition)

    @rule()
    def commit(self) -> None:
        self._commit(None)

    @rule()
    def crash(self) -> None:
        self._fresh()

    @rule()
    def resume(self) -> None:
        self.paused.difference_update(self.dispatcher.resumable())

    @invariant()
    def nothing_is_read_without_bound(self) -> None:
        for track in self.dispatcher.tracks.values() if hasattr(self, "dispatcher") else ():
            assert track.gap < MAX_GAP + BATCH
            assert track.held < MAX_BUFFER + BATCH * (len(VALUE) + 1)

    @invariant()
    def what_waits_is_counted(self) -> None:
        if hasattr(self, "dispatcher"):
            lanes = [lane for track in self.dispatcher.tracks.values() for lane in track.lanes.values()]
            assert self.dispatcher.waiting == sum(len(lane.waiting) for lane in lanes)
            blocked = sum(len(lane.waiting) for lane in lanes if lane.state.blocks)
            assert self.dispatcher.room(self.now) >= 2_000 - self.dispatcher.waiting + blocked
            assert not any(lane.state is State.IDLE for lane in lanes if not lane.track.closing)

    def teardown(self) -> None:
        """Whatever happened, everything is handled once nothing goes wrong any more, and committed."""
        if not hasattr(self, "dispatcher"):
            return
        for partition in PARTITIONS:
            self.assign(partition)
        for _ in range(2_000):
            self.now += 40
            for work in list(self.in_hand):
                self.in_hand.remove(work)
                self._handle(work.messages)
                self.dispatcher.finish(work, self.now)
            for lane, message in self.letters:
                if self.dispatcher.settle(lane, message, self.now):
                    self._handle([message])
            self.letters.clear()
            for partition in PARTITIONS:
                self.read(partition, BATCH)
            self.resume()
            self.take(3)
            self._commit(None)
            if all(self.committed[partition] == len(self.logs[partition]) for partition in PARTITIONS):
                return
        raise AssertionError(f"not everything was handled: {self.committed}, {self.handled}")

    def _pick(self, data: st.DataObject) -> Work:
        return self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))

    def _commit(self, partitions: list[Partition] | None) -> None:
        for partition, offset in self.dispatcher.committable(partitions):
            missing = set(range(offset)) - self.handled[partition]
            assert not missing, f"the offset {offset} of {partition} passes {sorted(missing)}"
            self.committed[partition] = max(offset, self.committed[partition])

    def _forget(self, partition: Partition) -> None:
        self.dispatcher.drop([partition])
        del self.positions[partition]
        self.paused.discard(partition)


TestDispatcher = Group.TestCase
TestDispatcher.settings = settings(
    max_examples=examples(200),
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

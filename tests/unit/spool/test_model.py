"""A spool against a list: random lives of a service, with crashes, heirs, a full disk and damaged files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyevents.errors import SpoolFull
from pyevents.label import Label
from pyevents.spool import lock
from pyevents.spool.disk import DiskStream
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry, encode
from tests.suite.search import examples


class Life:
    """One stream as it should be: what was accepted, what was acknowledged, and the object at hand."""

    def __init__(self, stream: DiskStream) -> None:
        self.stream = stream
        self.name = stream.name
        self.accepted: list[tuple[int, Entry]] = []
        self.watermark = 0

    def waiting(self) -> list[tuple[int, Entry]]:
        return [pair for pair in self.accepted if pair[0] > self.watermark]


class SpoolAgainstAList(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.count = 0
        self.orphans: list[Life] = []
        self.adopted: list[Life] = []
        self._start()

    def _start(self) -> None:
        self.spool = DiskSpool(self.folder, "s", "c", limit=1 << 20, reserve=0)
        self.own = Life(self.spool.stream("t"))

    def _lives(self) -> list[Life]:
        return [*self.adopted, self.own]

    @rule(size=st.sampled_from([0, 10, 500, 5_000, 60_000]), times=st.integers(1, 12))
    def append(self, size: int, times: int) -> None:
        for _ in range(times):
            self.count += 1
            headers = (("n", str(self.count).encode()),) * (self.count % 3)
            body = str(self.count).encode().ljust(size, b"x")
            entry = Entry(Label("t", "patient.created", "1.0", "cd" * 32), None, headers, self.count, body)
            try:
                position = self.own.stream.append(entry)
            except SpoolFull:
                assert self.spool.taken + size > (1 << 20) - (1 << 17)
                return
            assert position == self.own.stream.last
            self.own.accepted.append((position, entry))

    @rule(share=st.floats(0, 1), which=st.integers(0, 9))
    def acknowledge(self, share: float, which: int) -> None:
        life = self._lives()[which % len(self._lives())]
        waiting = life.waiting()
        if waiting:
            life.watermark = waiting[int(share * (len(waiting) - 1))][0]
            life.stream.acknowledge(life.watermark)

    @rule()
    def checkpoint(self) -> None:
        self.spool.checkpoint()

    @rule(which=st.integers(0, 9), limit=st.integers(1, 30), limit_bytes=st.sampled_from([1, 5_000, 1 << 20]))
    def read(self, which: int, limit: int, limit_bytes: int) -> None:
        life = self._lives()[which % len(self._lives())]
        found: list[tuple[int, Entry]] = []
        position = life.watermark + 1
        while part := life.stream.read(position, limit, limit_bytes):
            assert len(part) <= limit
            found += part
            position = part[-1][0] + 1
        assert found == life.waiting()

    @rule()
    def crash(self) -> None:
        self.spool.after_fork_in_child()
        lock._forget()
        self.orphans += self._lives()
        self.adopted = []
        self._start()

    @rule()
    def end_in_order(self) -> None:
        self.spool.close()
        self.orphans += [life for life in self._lives() if life.waiting()]
        self.adopted = []
        self._start()

    @precondition(lambda self: self.orphans)
    @rule(where=st.floats(0, 1), kind=st.sampled_from(["flip", "zero", "cut"]), which=st.integers(0, 9))
    def damage(self, where: float, kind: str, which: int) -> None:
        life = self.orphans[which % len(self.orphans)]
        path = Path(self.spool.where) / life.name
        segments = sorted(path.glob("*.segment")) if path.exists() else []
        if not segments:
            return
        segment = segments[which % len(segments)]
        data = bytearray(segment.read_bytes())
        if not data:
            return
        at = int(where * (len(data) - 1))
        if kind == "flip":
            data[at] ^= 0x55
        elif kind == "zero":
            data[at : at + 200] = bytes(len(data[at : at + 200]))
        else:
            del data[at:]
        segment.write_bytes(data)
        left = [other.read_bytes() for other in segments]
        life.accepted = [pair for pair in life.waiting() if any(encode(*pair) in content for content in left)]

    @rule()
    def adopt(self) -> None:
        offered = self.spool.orphans()
        by_name = {life.name: life for life in self.orphans}
        assert offered == sorted(offered, key=lambda name: name.rpartition("~")[2])
        assert all(not life.waiting() for name, life in by_name.items() if name not in offered)
        for name in offered:
            life = by_name[name]
            stream = self.spool.adopt(name)
            assert stream is not None
            life.stream = stream
            lagging = stream.watermark
            assert lagging <= life.watermark or not life.waiting()
            again = stream.read(lagging + 1, 10_000, 1 << 24)
            assert [pair for pair in again if pair[0] > life.watermark] == life.waiting()
            stream.acknowledge(life.watermark)
            self.adopted.append(life)
        self.orphans = []

    @rule()
    def drain(self) -> None:
        for life in self.adopted:
            if life.waiting():
                life.watermark = life.waiting()[-1][0]
            life.stream.acknowledge(life.watermark)
            while life.stream.pending.events:
                assert life.stream.read(life.stream.watermark + 1) == []
            life.stream.close()
            assert not (Path(self.spool.where) / life.name).exists()
        self.adopted = []

    @invariant()
    def counts_are_right(self) -> None:
        for life in self._lives():
            assert life.stream.pending.events >= len(life.waiting())
            oldest = life.stream.oldest
            assert oldest == (life.waiting()[0][1].timestamp if life.waiting() else None)
        assert self.spool.taken >= sum(life.stream.pending.size for life in self._lives())

    def teardown(self) -> None:
        self.spool.close()
        assert self.spool.taken == 0
        shutil.rmtree(self.folder)


TestSpoolAgainstAList = SpoolAgainstAList.TestCase
TestSpoolAgainstAList.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)

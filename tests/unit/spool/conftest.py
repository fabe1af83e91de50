"""Spools to test, events to put into them, and processes that end as processes end."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyevents.label import Label
from pyevents.spool import lock
from pyevents.spool.durability import Durability
from pyevents.spool.folder import DiskSpool, cluster_of
from pyevents.spool.memory import MemorySpool
from pyevents.spool.record import Entry
from pyevents.spool.stream import Spool

CLUSTER = cluster_of("kafka:9092")
LIMIT = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def event() -> Callable[..., Entry]:
    def make(number: int, size: int = 40, topic: str = "patient-events") -> Entry:
        body = f"event {number} ".encode().ljust(size, b".")
        headers = (("traceparent", b"00-abc"),) if number % 2 else ()
        key = None if number % 3 == 0 else str(number).encode()
        return Entry(Label(topic, "patient.created", "1.0", "ab" * 32), key, headers, 1_700_000_000_000 + number, body)

    return make


@pytest.fixture
def open_spool(folder: Path) -> Iterator[Callable[..., DiskSpool]]:
    """Open further spools on the same folder, as processes beside or after each other do."""
    opened: list[DiskSpool] = []

    def make(service: str = "patient-service", *, durability: str = "os", limit: int = LIMIT) -> DiskSpool:
        parsed = Durability.parse(durability)
        opened.append(DiskSpool(folder, service, CLUSTER, limit=limit, reserve=0, durability=parsed))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture(params=["disk", "memory"])
def spool(request: pytest.FixtureRequest) -> Iterator[Spool]:
    """Each kind of spool; what is asserted of it holds for both."""
    if request.param == "disk":
        yield request.getfixturevalue("open_spool")()
    else:
        memory = MemorySpool(limit=LIMIT)
        yield memory
        memory.close()


@pytest.fixture
def end_abruptly() -> Callable[[DiskSpool], None]:
    """Do what `kill -9` does to a spool of this process: its descriptors close, and nothing else happens."""

    def end(spool: DiskSpool) -> None:
        spool.after_fork_in_child()
        lock._forget()

    return end


@pytest.fixture
def process() -> Callable[[Callable[[], None]], object]:
    """Run a function in a forked process that then waits; the block ends it with `kill -9`."""

    @contextmanager
    def run(work: Callable[[], None]) -> Iterator[int]:
        ready, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                work()
                os.write(said, b"+")
                signal.pause()
            except BaseException:
                os.write(said, traceback.format_exc().encode()[-60_000:])
            finally:
                os._exit(1)
        os.close(said)
        try:
            word = os.read(ready, 60_000)
            assert word == b"+", f"the process failed before it was ready: {word.decode()}"
            yield pid
        finally:
            os.close(ready)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    return run

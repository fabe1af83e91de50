from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyevents.errors import Closed
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry
from pyevents.spool.stream import Spool

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Process = Callable[[Callable[[], None]], Any]


def test_a_forked_child_has_streams_of_its_own_and_the_parent_keeps_its(
    spool: Spool, event: Event, process: Process
) -> None:
    stream = spool.stream("patient-events")
    stream.append(event(1))

    def child() -> None:
        spool.after_fork_in_child()
        with pytest.raises(Closed):
            stream.append(event(2))
        assert stream.read(1) == [] or spool.where == "memory"
        own = spool.stream("patient-events")
        assert own.append(event(3)) == 1
        assert [entry for _, entry in own.read(1)] == [event(3)]
        assert spool.orphans() == []

    with process(child):
        assert stream.append(event(4)) == 2
        assert [entry for _, entry in stream.read(1)] == [event(1), event(4)]


def test_the_childs_closing_does_not_release_the_parents_stream(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))

    def child() -> None:
        spool.after_fork_in_child()
        spool.close()

    def stranger() -> None:
        spool.after_fork_in_child()
        assert spool.orphans() == []

    with process(child):
        pass
    with process(stranger):
        pass


def test_the_childs_own_stream_is_adopted_by_the_parent_after_kill(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))

    def child() -> None:
        spool.after_fork_in_child()
        spool.stream("patient-events").append(event(2))

    with process(child):
        assert spool.orphans() == []
    (name,) = spool.orphans()
    stream = spool.adopt(name)
    assert stream is not None
    assert [entry for _, entry in stream.read(1)] == [event(2)]


def test_a_fork_while_other_threads_publish_leaves_no_lock_behind(open_spool: OpenSpool, event: Event) -> None:
    spool = open_spool(limit=64 << 20)
    stream = spool.stream("patient-events")
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            stream.append(event(1))
            stream.acknowledge(stream.last)
            assert stream.pending is not None

    threads = [threading.Thread(target=publish) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                try:
                    spool.after_fork_in_child()
                    fresh = spool.stream("patient-events")
                    fresh.append(event(2))
                    fresh.acknowledge(1)
                    spool.close()
                    os._exit(0)
                finally:
                    os._exit(1)
            assert os.waitpid(pid, 0)[1] == 0
    finally:
        done.set()
        for thread in threads:
            thread.join()

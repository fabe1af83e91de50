from __future__ import annotations

import os
import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents.errors import Closed, SpoolFull
from pyevents.spool.errors import NewerFormat, OtherCluster, StreamTaken
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry
from pyevents.spool.segment import _header

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Process = Callable[[Callable[[], None]], Any]


def events_of(spool: DiskSpool, name: str) -> list[Entry]:
    stream = spool.adopt(name)
    assert stream is not None
    return [entry for _, entry in stream.read(stream.watermark + 1)]


def test_events_accepted_before_kill_are_adopted_after_it(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    def accept() -> None:
        stream = open_spool().stream("patient-events")
        for number in range(500):
            stream.append(event(number))
        stream.acknowledge(300)
        stream.checkpoint()

    heir = open_spool()
    with process(accept):
        assert heir.orphans() == [], "its owner lives"
    (name,) = heir.orphans()
    stream = heir.adopt(name)
    assert stream is not None
    assert (stream.topic, stream.watermark, stream.pending.events) == ("patient-events", 300, 200)
    assert [entry for _, entry in stream.read(301)] == [event(number) for number in range(300, 500)]


def test_the_stream_of_a_killed_owner_is_adopted_while_its_forked_child_lives(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    alive, kept_by_child = os.pipe()

    def accept_and_fork() -> None:
        spool = open_spool()
        spool.stream("patient-events").append(event(1))
        if os.fork() == 0:  # inherits every descriptor and leaves them as they are
            os.write(kept_by_child, str(os.getpid()).encode().ljust(10))
            signal.pause()

    heir = open_spool()
    with process(accept_and_fork):
        child = int(os.read(alive, 10))
    try:
        os.kill(child, 0)
        (name,) = heir.orphans()
        assert events_of(heir, name) == [event(1)]
    finally:
        os.kill(child, signal.SIGKILL)


def test_an_adopted_stream_can_be_read_again_from_any_position(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    dead = open_spool(limit=64 << 20)
    for number in range(1, 301):
        dead.stream("patient-events").append(event(number, size=3000))
    end_abruptly(dead)
    heir = open_spool()
    stream = heir.adopt(heir.orphans()[0])
    assert stream is not None
    for _ in range(2):
        for start in (*range(1, 301), *range(300, 0, -1)):
            assert stream.read(start, 1) == [(start, event(start, size=3000))]
        assert len(stream.read(1)) == 300


def test_an_orphan_has_one_heir(open_spool: OpenSpool, event: Event, process: Process) -> None:
    with process(lambda: void(open_spool().stream("patient-events").append(event(1)))):
        pass
    first, second = open_spool(), open_spool()
    (name,) = first.orphans()
    assert first.adopt(name) is not None
    assert second.orphans() == []
    assert second.adopt(name) is None

    def try_it() -> None:
        other = open_spool()
        assert other.orphans() == []
        assert other.adopt(name) is None

    with process(try_it):
        pass


def test_a_drained_orphan_is_removed(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    end_abruptly(spool)
    heir = open_spool()
    (name,) = heir.orphans()
    stream = heir.adopt(name)
    assert stream is not None
    with pytest.raises(Closed):
        stream.append(event(2))
    stream.acknowledge(1)
    stream.close()
    assert os.listdir(heir.where) == []


def test_orphans_come_oldest_first_so_that_an_heir_of_an_heir_keeps_the_order(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    for number in range(5):
        spool = open_spool()
        spool.stream("patient-events").append(event(number))
        end_abruptly(spool)
    heir = open_spool()
    assert [events_of(heir, name) for name in heir.orphans()] == [[event(number)] for number in range(5)]


def test_streams_of_the_default_service_name_are_not_to_be_adopted(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    spool = open_spool("unknown-service")
    spool.stream("patient-events").append(event(1))
    end_abruptly(spool)
    other = open_spool("unknown-service")
    assert (len(other.orphans()), other.adopts, open_spool().adopts) == (1, False, True)


def test_other_services_streams_are_not_offered(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    spool = open_spool("matching-service")
    spool.stream("patient-events").append(event(1))
    end_abruptly(spool)
    assert open_spool("patient-service").orphans() == []


def test_a_stream_that_is_closed_with_events_waits_for_an_heir_and_an_empty_one_goes(
    open_spool: OpenSpool, event: Event
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    spool.stream("email-commands").append(event(2))
    spool.stream("email-commands").acknowledge(1)
    spool.close()
    heir = open_spool()
    (name,) = heir.orphans()
    assert events_of(heir, name) == [event(1)]


def test_the_cluster_id_is_inherited(open_spool: OpenSpool, event: Event) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    spool.stream("patient-events").confirm_cluster("cluster-a")
    spool.close()
    heir = open_spool()
    stream = heir.adopt(heir.orphans()[0])
    assert stream is not None
    with pytest.raises(OtherCluster, match="cluster-a"):
        stream.confirm_cluster("cluster-b")


def test_a_newer_format_is_refused_once_and_left_as_it_is(open_spool: OpenSpool, event: Event) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    spool.close()
    heir = open_spool()
    (name,) = heir.orphans()
    (segment,) = (Path(heir.where) / name).glob("*.segment")
    segment.write_bytes(_header(2) + segment.read_bytes()[16:])
    before = segment.read_bytes()
    with pytest.raises(NewerFormat, match="format 2"):
        heir.adopt(name)
    assert segment.read_bytes() == before
    assert heir.orphans() == []
    assert open_spool().orphans() == [name]


def test_an_empty_folder_that_a_process_left_behind_is_cleared_away(open_spool: OpenSpool) -> None:
    heir = open_spool()
    name = "patient-events~018bcfe568000123abcd"
    (Path(heir.where) / name).mkdir(mode=0o700)
    assert heir.orphans() == [name]
    stream = heir.adopt(name)
    assert stream is not None
    assert stream.pending.events == 0
    stream.close()
    assert os.listdir(heir.where) == []


def test_an_owner_whose_lock_was_lost_notices_and_begins_a_new_stream(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    spool = open_spool()
    stream = spool.stream("patient-events")
    stream.append(event(1))
    (Path(spool.where) / stream.name / "lock").read_bytes()  # closing any descriptor drops a POSIX lock

    def adopt() -> None:
        heir = open_spool()
        assert events_of(heir, heir.orphans()[0]) == [event(1)]

    with process(adopt):
        with pytest.raises(StreamTaken):
            stream.checkpoint()
        with pytest.raises(Closed):
            stream.append(event(2))
        assert spool.stream("patient-events").append(event(2)) == 1


def test_a_lost_lock_that_nobody_took_is_taken_again(open_spool: OpenSpool, event: Event, process: Process) -> None:
    spool = open_spool()
    stream = spool.stream("patient-events")
    stream.append(event(1))
    (Path(spool.where) / stream.name / "lock").read_bytes()
    spool.checkpoint()

    def look() -> None:
        assert open_spool().orphans() == []

    with process(look):
        pass


def test_a_stream_whose_folder_somebody_removed_is_given_up(open_spool: OpenSpool, event: Event) -> None:
    spool = open_spool()
    stream = spool.stream("patient-events")
    stream.append(event(1))
    for path in (Path(spool.where) / stream.name).iterdir():
        path.unlink()
    spool.checkpoint()
    with pytest.raises(Closed):
        stream.append(event(2))
    assert spool.stream("patient-events").append(event(2)) == 1


@pytest.mark.parametrize("size", [10, 70_000])
def test_an_append_that_a_signal_interrupts_hides_no_later_event(
    open_spool: OpenSpool,
    event: Event,
    end_abruptly: Callable[[DiskSpool], None],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    spool = open_spool()
    stream = spool.stream("patient-events")
    stream.append(event(1))
    real = os.pwrite

    def interrupted(*arguments: Any) -> int:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "pwrite", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stream.append(event(2))
    monkeypatch.setattr(os, "pwrite", real)
    stream.append(event(3, size=size))  # the larger one begins a new segment
    stream.append(event(4))
    expected = [event(1), event(3, size=size), event(4)]
    assert [entry for _, entry in stream.read(1)] == expected
    end_abruptly(spool)
    heir = open_spool()
    assert events_of(heir, heir.orphans()[0]) == expected


def test_memory_does_not_grow_with_what_waits(open_spool: OpenSpool, event: Event) -> None:
    stream = open_spool(limit=64 << 20).stream("patient-events")
    entry = event(1, size=3000)
    stream.append(entry)
    tracemalloc.start()
    try:
        for _ in range(10_000):
            stream.append(entry)
        position, read = 1, 0
        while part := stream.read(position):
            read += len(part)
            position = part[-1][0] + 1
            del part
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read == 10_001
    assert peak < 5_000_000, "30 MB wait; one batch of 1 MB and its buffers may be in memory"


def void(_: object) -> None: ...


def test_what_a_predecessor_left_does_not_take_the_room_of_new_events(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    for _ in range(2):
        predecessor = open_spool()
        stream = predecessor.stream("patient-events")
        with pytest.raises(SpoolFull):
            while True:
                stream.append(event(1, size=10_000))
        end_abruptly(predecessor)
    heir = open_spool()
    assert [heir.adopt(name) is not None for name in heir.orphans()] == [True, True]
    assert heir.taken > heir.limit
    own = heir.stream("patient-events")
    assert [own.append(event(number)) for number in range(1, 100)] == list(range(1, 100))

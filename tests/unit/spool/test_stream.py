"""What holds for a stream on disk and in memory alike."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pyevents.errors import Closed, SpoolFull
from pyevents.spool.errors import OtherCluster
from pyevents.spool.record import Entry
from pyevents.spool.stream import Pending, Spool, Stream

Event = Callable[..., Entry]


def read_all(stream: Stream, position: int = 1, **limits: int) -> list[tuple[int, Entry]]:
    found: list[tuple[int, Entry]] = []
    while part := stream.read(position, **limits):
        found += part
        position = part[-1][0] + 1
    return found


def test_events_are_read_back_in_order_under_ascending_positions(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    positions = [stream.append(event(number)) for number in range(1, 300)]
    assert positions == list(range(1, 300))
    assert read_all(stream, limit=7) == [(number, event(number)) for number in range(1, 300)]
    assert read_all(stream, 200, limit_bytes=1000) == [(number, event(number)) for number in range(200, 300)]


def test_an_event_larger_than_the_limit_of_bytes_is_read_all_the_same(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    large = event(1, size=300_000)
    stream.append(large)
    stream.append(event(2))
    assert stream.read(1, limit_bytes=1)[0] == (1, large)
    assert [at for at, _ in read_all(stream, limit_bytes=1)] == [1, 2]


def test_what_is_acknowledged_no_longer_waits(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    assert stream.pending == Pending(0, 0)
    assert stream.oldest is None
    for number in range(1, 11):
        stream.append(event(number))
    before = stream.pending
    stream.acknowledge(4)
    stream.acknowledge(2)
    assert stream.watermark == 4
    assert stream.pending.events == 6
    assert 0 < stream.pending.size < before.size
    assert stream.oldest == event(5).timestamp
    stream.acknowledge(10)
    stream.checkpoint()
    assert stream.pending == Pending(0, 0)
    assert stream.oldest is None
    assert stream.read(1) == []


def test_events_can_be_read_again_from_any_position(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    for number in range(1, 301):
        stream.append(event(number, size=3000))
    for start in (*range(1, 301), *range(300, 0, -1)):
        assert stream.read(start, 1) == [(start, event(start, size=3000))]


def test_reading_nothing_says_nothing_of_what_waits(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    stream.append(event(1))
    assert stream.read(1, 0) == stream.read(1, limit_bytes=0) == []
    assert stream.pending.events == 1


def test_acknowledging_beyond_the_last_event_says_nothing_of_later_ones(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    stream.append(event(1))
    stream.acknowledge(1000)
    assert stream.watermark == 1
    stream.append(event(2))
    assert stream.pending.events == 1


def test_reading_behind_the_last_event_gives_nothing(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    stream.append(event(1))
    assert stream.read(2) == []
    assert stream.append(event(2)) == 2
    assert stream.read(2) == [(2, event(2))]


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_full_spool_says_so_and_takes_events_again_after_acknowledgements(
    spool: Spool, event: Event, checkpoint: bool
) -> None:
    stream = spool.stream("patient-events")
    last = 0
    with pytest.raises(SpoolFull) as refusal:
        while True:
            last = stream.append(event(1, size=10_000))
    assert refusal.value.limit == spool.limit
    assert spool.limit * 0.9 < spool.taken <= spool.limit
    assert [at for at, _ in read_all(stream)] == list(range(1, last + 1))
    stream.acknowledge(last)
    if checkpoint:
        stream.checkpoint()
    large = event(2, size=300_000)
    assert stream.append(large) == last + 1
    assert stream.read(last + 1) == [(last + 1, large)]


def test_the_limit_is_shared_by_the_streams_of_a_spool(spool: Spool, event: Event) -> None:
    first, second = spool.stream("patient-events"), spool.stream("email-commands")
    second.append(event(1, topic="email-commands"))
    with pytest.raises(SpoolFull):
        for _ in range(200):
            first.append(event(1, size=10_000))
    with pytest.raises(SpoolFull):
        second.append(event(2, size=300_000, topic="email-commands"))
    assert read_all(second) == [(1, event(1, topic="email-commands"))]


@pytest.mark.parametrize("waiting", [1, 2, 3])
def test_topics_that_wait_leave_room_for_one_that_flows(spool: Spool, event: Event, waiting: int) -> None:
    for number in range(waiting):
        full = spool.stream(f"waiting-{number}")
        with pytest.raises(SpoolFull):
            while True:
                full.append(event(1, size=1_000))
    flows = spool.stream("patient-events")
    for number in range(1, 1_000):
        assert flows.append(event(number, size=1_000)) == number
        flows.acknowledge(number)
        if number % 10 == 0:
            flows.checkpoint()


def test_many_threads_append_without_a_gap_a_double_or_a_swap(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    given: dict[int, list[int]] = {}

    def publish(thread: int) -> None:
        given[thread] = [stream.append(event(thread * 1000 + number)) for number in range(300)]

    threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = dict(read_all(stream))
    assert sorted(there) == list(range(1, 1801))
    for publisher, positions in given.items():
        assert positions == sorted(positions)
        assert [there[at] for at in positions] == [event(publisher * 1000 + number) for number in range(300)]


def test_a_reader_beside_writers_sees_a_growing_prefix(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")

    def publish() -> None:
        for number in range(1, 2001):
            stream.append(event(number))

    writer = threading.Thread(target=publish)
    writer.start()
    seen: list[int] = []
    while len(seen) < 2000:
        for at, entry in stream.read(len(seen) + 1, 50):
            assert entry == event(at)
            seen.append(at)
        stream.acknowledge(len(seen) - 100)
        assert writer.is_alive() or stream.last == 2000
    writer.join()
    assert seen == list(range(1, 2001))


def test_a_closed_stream_takes_nothing_and_the_spool_gives_a_new_one(spool: Spool, event: Event) -> None:
    stream = spool.stream("patient-events")
    stream.close()
    with pytest.raises(Closed):
        stream.append(event(1))
    assert stream.read(1) == []
    assert spool.stream("patient-events").append(event(1)) == 1
    spool.close()
    with pytest.raises(Closed):
        spool.stream("patient-events")


def test_events_accepted_for_one_cluster_are_not_for_another(spool: Spool) -> None:
    stream = spool.stream("patient-events")
    stream.confirm_cluster("cluster-a")
    stream.confirm_cluster("cluster-a")
    with pytest.raises(OtherCluster, match="cluster-b"):
        stream.confirm_cluster("cluster-b")
    assert stream.cluster_id == "cluster-a"


def test_a_topic_has_one_stream(spool: Spool) -> None:
    assert spool.stream("patient-events") is spool.stream("patient-events")
    assert spool.stream("patient-events") is not spool.stream("email-commands")

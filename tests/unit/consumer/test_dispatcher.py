"""Single rules of the dispatcher, told as stories; the model test has the rest."""

from __future__ import annotations

from pyevents.consumer.dispatcher import Dispatcher
from pyevents.consumer.lane import Gather
from pyevents.transport import Message, Partition

PARTITION = Partition("t", 0)


def message(offset: int, key: bytes | None = b"k") -> Message:
    return Message("t", 0, offset, key, b"value", (), 0)


def dispatcher(concurrency: int = 4, **options: object) -> Dispatcher:
    made = Dispatcher(concurrency, **options)  # type: ignore[arg-type]
    made.assign([PARTITION])
    return made


def test_key_in_hand_is_not_given_out_again_when_its_partition_was_lost_and_came_back() -> None:
    keys = dispatcher()
    keys.put([message(0)], 0)
    old = keys.take(0)
    assert old is not None
    keys.close([PARTITION])
    keys.drop([PARTITION])
    keys.assign([PARTITION])
    keys.put([message(0), message(1, b"other")], 0)
    other = keys.take(0)
    assert other is not None and [one.key for one in other.messages] == [b"other"]
    assert keys.take(0) is None, "somebody still has the key in hand"
    keys.finish(old, 0)
    again = keys.take(0)
    assert again is not None and again.messages[0].offset == 0, "what the former assignment did does not count"


def test_failed_key_waits_its_time_while_others_go_on() -> None:
    keys = dispatcher()
    keys.put([message(0), message(1, b"other")], 0)
    failed, other = keys.take(0), keys.take(0)
    assert failed is not None and other is not None
    keys.finish(failed, 0, failed.messages, until=5)
    keys.finish(other, 0)
    assert keys.take(4.9) is None and keys.next_due() == 5
    assert keys.committable() == [], "the offset waits for the failed event"
    again = keys.take(5)
    assert again is not None
    keys.finish(again, 5)
    assert keys.committable() == [(PARTITION, 2)]


def test_revoked_partition_gives_out_nothing_more_and_tells_its_workers() -> None:
    keys = dispatcher()
    keys.put([message(0), message(1, b"other")], 0)
    work = keys.take(0)
    assert work is not None
    keys.close([PARTITION])
    assert work.stopped and keys.busy([PARTITION])
    assert keys.take(0) is None
    assert keys.put([message(2)], 0) == [] and keys.waiting == 1
    keys.finish(work, 0)
    assert not keys.busy([PARTITION])
    assert keys.committable([PARTITION]) == [(PARTITION, 1)]


def test_batch_is_given_out_when_it_is_full_or_its_time_has_come() -> None:
    keys = dispatcher(gather={"t": Gather(3, 1.0)})
    keys.put([message(0), message(1)], 0)
    assert keys.take(0.9) is None
    keys.put([message(2), message(3)], 0.9)
    full = keys.take(0.9)
    assert full is not None and len(full.messages) == 3
    keys.finish(full, 0.9)
    assert keys.take(1.8) is None
    rest = keys.take(1.9)
    assert rest is not None and len(rest.messages) == 1


def test_what_waits_behind_a_failed_event_does_not_keep_others_from_being_read() -> None:
    keys = dispatcher(max_gap=10_000)
    keys.put([message(0)], 0)
    failed = keys.take(0)
    assert failed is not None
    keys.finish(failed, 0, failed.messages, until=60)
    keys.put([message(offset) for offset in range(1, 5_000)], 0)
    assert keys.room(1) == 2_000


def test_full_partition_pauses_once_and_goes_on_when_half_of_it_is_done() -> None:
    keys = dispatcher(1, max_gap=100)
    assert keys.put([message(offset) for offset in range(100)], 0) == [PARTITION]
    assert keys.put([message(100)], 0) == [], "it was told already"
    for _ in range(2):
        work = keys.take(0)
        if work is not None:
            keys.finish(work, 0)
    assert keys.resumable() == [PARTITION]
    assert keys.resumable() == []

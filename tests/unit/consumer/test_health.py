"""Health is about progress."""

from __future__ import annotations

from pyevents.consumer.health import health
from pyevents.consumer.status import PartitionStatus
from pyevents.transport import Partition

PARTITION = Partition("patient-events", 1)


def status(lag: int | None, blocked_by: str | None = None) -> PartitionStatus:
    return PartitionStatus(10, 5, lag, 0, 0.0, 0, 0, blocked_by is not None, blocked_by)


def test_partition_with_lag_that_does_not_move_is_ill_and_says_why() -> None:
    found = health({PARTITION: status(7, "abc")}, {PARTITION: 61.0}, 0.1, 60)
    assert not found
    assert found.reason == "patient-events-1 stands still for 61 s, 7 messages behind, held by key abc"


def test_partition_with_lag_that_moves_is_well() -> None:
    assert health({PARTITION: status(7)}, {PARTITION: 3.0}, 0.1, 60)


def test_idle_partition_is_well_however_long() -> None:
    assert health({PARTITION: status(0)}, {PARTITION: 9_999.0}, 0.1, 60)
    assert health({PARTITION: status(None)}, {}, 0.1, 60)


def test_polling_thread_that_does_not_come_round_is_ill() -> None:
    found = health({}, {}, 61, 60)
    assert not found and "polling thread" in found.reason

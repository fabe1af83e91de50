"""Whether a consumer gets on, with the reason in words: a judgement from values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pyevents.consumer.status import PartitionStatus
from pyevents.transport import Partition

__all__ = ["Health", "health"]


class Health(NamedTuple):
    """True where the consumer is well, so that `if consumer.healthy():` reads as it should."""

    well: bool
    reason: str

    def __bool__(self) -> bool:
        return self.well


def health(
    partitions: Mapping[Partition, PartitionStatus], still: Mapping[Partition, float], silent: float, patience: float
) -> Health:
    """Say whether a running consumer gets on.

    | what is seen | verdict |
    |---|---|
    | the polling thread has not come round for longer than `patience` | ill |
    | a partition has lag, and none of its events was finished for longer than `patience` | ill |
    | a partition without lag | well, however long nothing came |

    Args:
        partitions: The assignment.
        still: Seconds since an event of a partition was finished last, or since its first message came.
        silent: Seconds since the polling thread came round.
        patience: Seconds after which standing still is an illness.
    """
    if silent > patience:
        return Health(False, f"the polling thread has not come round for {silent:.0f} s")
    stuck = [
        f"{partition} stands still for {still[partition]:.0f} s, {status.lag} messages behind"
        + (f", held by key {status.blocked_by}" if status.blocked_by else "")
        for partition, status in sorted(partitions.items())
        if status.lag and still.get(partition, 0.0) > patience
    ]
    if stuck:
        return Health(False, "; ".join(stuck))
    if not partitions:
        return Health(True, "no partitions are assigned")
    lag = sum(status.lag or 0 for status in partitions.values())
    return Health(True, f"{len(partitions)} partitions, {lag} messages behind")

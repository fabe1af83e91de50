"""What a producer sees of its queue: one spool with one stream for each topic, on disk or in memory.

Only the protocols and the values that they speak in; `folder` and `memory` implement them, and one suite of
tests runs against both.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pyevents.spool.damage import Damage
from pyevents.spool.record import Entry

__all__ = ["Pending", "Spool", "Stream"]


class Pending(NamedTuple):
    """What waits for the broker."""

    events: int
    size: int
    """Bytes, as they lie on the disk."""


class Stream(Protocol):
    """The waiting events of one topic and one process, in order; safe to use from any thread.

    Positions ascend from 1; a number may be missing where an event was damaged. A stream that was adopted
    gives events and takes none.
    """

    @property
    def name(self) -> str:
        """Unique in its spool; names sort by age."""

    @property
    def topic(self) -> str:
        """Where its events go."""

    @property
    def last(self) -> int:
        """The highest position; 0 while there was none."""

    @property
    def closed(self) -> bool:
        """Whether it takes no more events; ask the spool for another."""

    @property
    def watermark(self) -> int:
        """Everything up to and including this position is acknowledged."""

    @property
    def pending(self) -> Pending:
        """What is above the watermark; damaged events count until they were read past."""

    @property
    def oldest(self) -> int | None:
        """Timestamp (milliseconds since 1970) of the first waiting event; None if nothing waits."""

    @property
    def damage(self) -> Damage:
        """What was found broken while reading."""

    @property
    def cluster_id(self) -> str | None:
        """The broker's own id of the cluster that its events are for, once known."""

    def append(self, entry: Entry) -> int:
        """Take one event and return its position; from here on it survives what the durability says.

        Raises:
            SpoolFull: No room; nothing was written.
            NotDurable: `fsync` was asked for and failed; the event may be sent all the same.
            Closed: It was closed, adopted, inherited by fork or taken over; ask the spool for another.
        """

    def read(self, position: int, limit: int = 1000, limit_bytes: int = 1 << 20) -> list[tuple[int, Entry]]:
        """Return events from *position* on, in order; empty only if there are none.

        Args:
            position: The lowest that is wanted; need not exist.
            limit: Events to return at most.
            limit_bytes: Stop soon after so many bytes; at least one event is returned.

        Raises:
            SpoolError: The files cannot be read.
        """

    def acknowledge(self, position: int) -> None:
        """Forget everything up to and including *position*; lower than before is ignored."""

    def reject(self, position: int, entry: Entry, reason: str) -> None:
        """Keep an event apart that the broker never takes, for a person; it is not acknowledged by that.

        Raises:
            SpoolError: It cannot be written.
        """

    def confirm_cluster(self, cluster_id: str) -> None:
        """Say which cluster answers; the first one said is written down.

        Raises:
            OtherCluster: The events were accepted for another one; do not send them.
        """

    def checkpoint(self) -> None:
        """Write the watermark down and delete what is acknowledged; call it about every second.

        Raises:
            StreamTaken: Another process has it now, and sends what is in it; the stream is closed.
        """

    def close(self) -> None:
        """Save the watermark and let go; what waits is left to a successor; an empty stream is removed."""


class Spool(Protocol):
    """All streams that this process has; safe to use from any thread."""

    @property
    def where(self) -> str:
        """The folder, or `"memory"`."""

    @property
    def limit(self) -> int:
        """Bytes that its streams may take together; a single one a little less, so that others have room."""

    @property
    def taken(self) -> int:
        """Bytes that they take, in steps of about 64 KiB a stream."""

    @property
    def adopts(self) -> bool:
        """Whether streams left by others are this service's to send; not under the default service name."""

    def stream(self, topic: str) -> Stream:
        """Return this process's own stream of *topic*, made at first use and again after it was closed.

        Raises:
            SpoolFull: The disk has no room for a folder.
            SpoolError: The folder cannot be used any more.
        """

    def orphans(self) -> list[str]:
        """Return the names of streams of this service and cluster whose owner is gone, oldest first."""

    def adopt(self, name: str) -> Stream | None:
        """Take an orphan over, where `adopts` says so; None if somebody else was quicker.

        Args:
            name: As `orphans` gave it.

        Raises:
            NewerFormat: It was written by a newer version; it is left alone.
            SpoolError: It cannot be read.
        """

    def checkpoint(self) -> None:
        """Do every stream's `checkpoint`; one that was taken over is logged and dropped."""

    def after_fork_in_child(self) -> None:
        """Leave the parent's streams to the parent and begin anew; takes no lock of the parent's."""

    def close(self) -> None:
        """Close every stream."""

"""What a spool on disk can run into, as errors that name folder and remedy, never an event's content."""

from __future__ import annotations

from pathlib import Path

from pyevents.errors import SpoolError, SpoolFull

__all__ = ["DiskFull", "FolderUnusable", "NewerFormat", "NotDurable", "OtherCluster", "StreamTaken"]


class FolderUnusable(SpoolError):
    """The spool folder cannot be used; raised where the spool is built."""

    def __init__(self, folder: Path, problem: str, remedy: str) -> None:
        self.folder = folder
        self.remedy = remedy
        super().__init__(f"the spool folder {folder} {problem}. {remedy}")


class DiskFull(SpoolFull):
    """The disk has no room, or only the reserve that is kept free; nothing was written."""

    def __init__(self, folder: Path, waiting: int, limit: int, problem: str) -> None:
        self.waiting = waiting
        self.limit = limit
        SpoolError.__init__(
            self,
            f"the spool at {folder} cannot grow: {problem}; {waiting:,} of {limit:,} bytes are in use. "
            f"Free space on that disk, or point PYEVENTS_SPOOL_DIR to another one.",
        )


class NewerFormat(SpoolError):
    """A segment was written by a newer version of this package; it is left alone."""

    def __init__(self, segment: Path, version: int, known: int) -> None:
        self.version = version
        super().__init__(
            f"{segment} has format {version}, this version reads up to {known}; it is left as it is. "
            f"Update pyevents-kafka in this service, or run `pyevents spool drain` with the newer version."
        )


class NotDurable(SpoolError):
    """The operating system could not put an event on the disk; it may be sent all the same."""

    def __init__(self, segment: Path) -> None:
        super().__init__(
            f"{segment} could not be synced to the disk: the disk reports an error. "
            f"The event was written and may still be sent; check the disk, then publish it again."
        )


class OtherCluster(SpoolError):
    """The events of a stream were accepted for another cluster than the one that answers."""

    def __init__(self, stream: Path | str, accepted_for: str, answers: str) -> None:
        self.accepted_for = accepted_for
        self.answers = answers
        super().__init__(
            f"{stream} holds events for the cluster {accepted_for}, but {answers} answers: not sent. "
            f"Reach the right cluster, or remove the folder if that cluster is gone for good."
        )


class StreamTaken(SpoolError):
    """Another process took a stream over while this one believed to own it, or somebody removed it."""

    def __init__(self, stream: Path) -> None:
        super().__init__(
            f"{stream} was taken over by another process, which sends its events. "
            f"Does something in this process open the files of the spool folder, such as a backup?"
            if stream.exists()
            else f"{stream} was removed, with the events that waited there. Does somebody empty the spool folder?"
        )

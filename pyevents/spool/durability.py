"""What an accepted event survives, as a value.

mode         | end of the process, `kill -9` | power loss, kernel panic
os           | all                           | what the kernel had written back (by default about 30 s old)
interval:200 | all                           | all but the last 200 ms or so
fsync        | all                           | all
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pyevents.errors import ConfigurationInvalid

__all__ = ["Durability", "sync_folder"]


class Durability(NamedTuple):
    """When events are synced to the disk."""

    each: bool = False
    """Before `append` returns."""
    interval: int = 0
    """Every so many milliseconds; 0 is never."""

    @property
    def synced(self) -> bool:
        """Whether power loss is a concern at all."""
        return self.each or self.interval > 0

    @classmethod
    def parse(cls, text: str) -> Durability:
        """Read `"os"`, `"fsync"` or `"interval:<milliseconds>"`.

        Raises:
            ConfigurationInvalid: It is none of them.
        """
        mode, _, milliseconds = text.partition(":")
        if text == "os":
            return cls()
        if text == "fsync":
            return cls(each=True)
        if mode == "interval" and milliseconds.isdecimal() and int(milliseconds) > 0:
            return cls(interval=int(milliseconds))
        raise ConfigurationInvalid(
            "durability", f"{text!r} is not known", "Use 'os', 'fsync' or 'interval:<milliseconds>'."
        )


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder last: a new file is not there after power loss before that (fsync(2)).

    Raises:
        OSError: The disk reports an error.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

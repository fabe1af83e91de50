"""How many bytes the streams of one spool may take together, and how much of the disk stays free.

A stream may grow to sixteen times what is left for all others, so that whichever topics wait never take the last room
from those that flow: one that waits has at most 16/17 of the limit, two 32/33 together. (Dynamic thresholds, as in
switches that share a buffer: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998.) And a sixteenth of
the limit is every topic's own, even if what dead processes left takes all of it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from pyevents.errors import SpoolFull
from pyevents.spool.errors import DiskFull

__all__ = ["Budget"]

_SHARE = 16


class Budget:
    """Bytes that are lent to streams; safe to use from any thread.

    Args:
        where: Named in errors.
        limit: Bytes that may be lent in all.
        folder: Whose disk is looked at; None for memory.
        reserve: Bytes of that disk to leave free.
    """

    def __init__(self, where: str, limit: int, folder: Path | None = None, reserve: int = 0) -> None:
        self.limit = limit
        self.taken = 0
        self._where = where
        self._folder = folder
        self._reserve = reserve
        self._lock = threading.Lock()

    def take(self, least: int, wish: int, held: int) -> int:
        """Lend at least *least* and at best *wish* bytes, and say how many.

        Args:
            least: Bytes without which the taker cannot go on.
            wish: Bytes that save it from asking soon again.
            held: Bytes that it has already.

        Raises:
            SpoolFull: Not even the least is left; nothing was lent.
        """
        with self._lock:
            left = self.limit - self.taken - least
            if held + least > self.limit // _SHARE and held + least > _SHARE * left:
                raise SpoolFull(self._where, self.taken, self.limit)
            if self._folder is not None:
                self._look_at_the_disk(self._folder, least)
            granted = max(least, min(wish, least + left))
            self.taken += granted
            return granted

    def charge(self, size: int) -> None:
        """Count bytes that are there already, even past the limit."""
        with self._lock:
            self.taken += size

    def give(self, size: int) -> None:
        """Return what was lent."""
        with self._lock:
            self.taken -= size

    def disk_full(self, problem: str) -> SpoolFull:
        """Return the error for a write that found no room."""
        return DiskFull(self._folder or Path(self._where), self.taken, self.limit, problem)

    def _look_at_the_disk(self, folder: Path, least: int) -> None:
        status = os.statvfs(folder)
        free = status.f_bavail * status.f_frsize
        if free - least < self._reserve:
            problem = f"{free:,} bytes of the disk are free and {self._reserve:,} are kept in reserve"
            raise self.disk_full(problem)

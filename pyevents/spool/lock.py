"""Who owns a stream: a lock that ends with its process, however that ends, and that no fork shares.

POSIX record locks (fcntl(2), F_SETLK) belong to a process. flock(2) and open-file-description locks belong to
the open file, which a forked child shares: after `kill -9` of the owner, a living child would keep them. The
price of record locks is that closing *any* descriptor of the file in the owning process drops the lock, so
nothing here opens a lock file that this process holds, and `still_held` takes it again in case others did.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import threading
from pathlib import Path

__all__ = ["Lock", "acquire", "is_held"]

_held: set[tuple[int, int]] = set()
_guard = threading.Lock()


class Lock:
    """A lock that this process holds."""

    def __init__(self, path: Path, descriptor: int, inode: tuple[int, int]) -> None:
        self._path = path
        self._descriptor = descriptor
        self._inode = inode

    def still_held(self) -> bool:
        """Take the lock again, which does nothing while it is held; False if it went to another process."""
        if _inode(self._path) != self._inode:
            return False
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Let others have it."""
        with _guard:
            _held.discard(self._inode)
            os.close(self._descriptor)

    def close_inherited(self) -> None:
        """Close the descriptor in a forked child; the parent's lock stays."""
        os.close(self._descriptor)


def acquire(path: Path) -> Lock | None:
    """Take the lock on the file *path*, made if it is missing; None if anybody has it, this process included.

    Raises:
        FileNotFoundError: Its folder is gone.
    """
    with _guard:
        if _inode(path) in _held:
            return None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        status = os.fstat(descriptor)
        inode = status.st_dev, status.st_ino
        if _inode(path) != inode:  # removed by its owner between open and lock
            os.close(descriptor)
            return None
        _held.add(inode)
        return Lock(path, descriptor, inode)


def is_held(path: Path) -> bool:
    """Say whether a living process holds the lock, without taking it; a missing file is not held."""
    with _guard:
        if _inode(path) in _held:
            return True
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _pack(fcntl.F_WRLCK))
        finally:
            os.close(descriptor)
    return _unpack(answer) != fcntl.F_UNLCK


# struct flock, whose order and padding the operating system chooses
_BSD = struct.Struct("@qqihh")
_LINUX = struct.Struct("@hhqqi4x")


def _pack(kind: int) -> bytes:
    if sys.platform == "linux":
        return _LINUX.pack(kind, os.SEEK_SET, 0, 0, 0)
    return _BSD.pack(0, 0, 0, kind, os.SEEK_SET)


def _unpack(answer: bytes) -> int:
    return int(_LINUX.unpack(answer)[0] if sys.platform == "linux" else _BSD.unpack(answer)[3])


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _forget() -> None:
    """A forked child holds nothing, and its parent's guard may have been taken at the moment of the fork."""
    global _guard
    _guard = threading.Lock()
    _held.clear()


os.register_at_fork(after_in_child=_forget)

"""What a process may mount without privileges, in a user and mount namespace (namespaces(7)).

Only the process that enters the namespace, and those that it starts, see what is mounted there.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

__all__ = ["Tmpfs", "cover", "enter_namespace", "namespaces_refused"]

_ROOMY = 1 << 29
"""Bytes; twice what a spool keeps in reserve."""

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_REMOUNT, _BIND, _DETACH = 32, 4096, 2
_PAGE = os.sysconf("SC_PAGE_SIZE")


def enter_namespace() -> None:
    """Take this process, which has one thread only, into a namespace in which it may mount.

    Raises:
        OSError: The system has no such namespaces, or refuses them to this user.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NEW_USER | _NEW_MOUNTS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def namespaces_refused() -> str:
    """Return why this system lets nobody mount a disk of his own, or nothing where it does."""
    said, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            enter_namespace()
            Tmpfs(Path("/tmp"))
        except (OSError, AttributeError) as error:
            os.write(told, str(error).encode())
        finally:
            os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    with os.fdopen(said) as answer:
        return answer.read()


def cover(path: Path, other: Path) -> None:
    """Let this process see another file in place of the one at *path*.

    Raises:
        OSError: This process is in no namespace of its own.
    """
    _call("mount", bytes(other), bytes(path), None, ctypes.c_ulong(_BIND), None)


class Tmpfs:
    """A small disk of its own that can run full, in the namespace of this process.

    It takes no memory but for what is written to it. `leave` changes its size under the files that lie there, `fill` does not.

    Args:
        folder: Where to mount it; mode 0700.

    Raises:
        OSError: This process is in no namespace of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / ".ballast"
        self._mount(0, _ROOMY)

    def leave(self, room: int) -> None:
        """Let it be so full that *room* bytes are left, in whole pages."""
        while True:
            status = os.statvfs(self._folder)
            used = (status.f_blocks - status.f_bfree) * status.f_frsize
            try:
                return self._mount(_REMOUNT, max(_PAGE, used + room))  # a size of 0 would mean no limit
            except OSError as error:
                if error.errno != errno.EINVAL:  # else more was written meanwhile
                    raise

    def fill(self, room: int) -> None:
        """Let a file take what is free but for *room* bytes; the disk's size stays, as that of a real one does."""
        with open(self._ballast, "wb") as ballast:
            while True:
                free = os.statvfs(self._folder)
                try:
                    return os.posix_fallocate(ballast.fileno(), 0, max(1, free.f_bavail * free.f_frsize - room))
                except OSError as error:
                    if error.errno != errno.ENOSPC:  # else more was written meanwhile
                        raise

    def clear(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Take it away, with all that lies there."""
        _call("umount2", bytes(self._folder), _DETACH)

    def _mount(self, flags: int, size: int) -> None:
        options = f"size={size},mode=700".encode()
        _call("mount", b"tmpfs", bytes(self._folder), b"tmpfs", ctypes.c_ulong(flags), options)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")

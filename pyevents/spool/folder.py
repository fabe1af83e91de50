"""A spool on disk: its folder, the streams that this process has in it, and those that others left.

The layout is `<folder>/<service>/<cluster>/<stream>/`, with the files `lock`, `owner`, `state` and
`<first position>.segment` in a stream and `damaged/` beside the streams. A process appends to streams that it
made itself, and only reads those that it adopted.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from pyevents.errors import Closed, ConfigurationInvalid, SpoolError
from pyevents.spool.budget import Budget
from pyevents.spool.disk import DiskStream, adopted, created
from pyevents.spool.durability import Durability, sync_folder
from pyevents.spool.errors import FolderUnusable, NewerFormat, NotDurable, StreamTaken
from pyevents.spool.lock import Lock, acquire, is_held

__all__ = ["DEFAULT_SERVICE", "DiskSpool", "check_folder", "cluster_of", "service_folder", "stream_names", "topic_of"]

DEFAULT_SERVICE = "unknown-service"
_LEAST_LIMIT = 1 << 20
_NAME = re.compile(r"[^~]+~([0-9a-f]{12})[0-9a-f]{8}")
_log = logging.getLogger("pyevents.spool")


class DiskSpool:
    """The spool of one service and one cluster in a folder that is there.

    Args:
        folder: Made by a person or an image, for nobody else to read.
        service: Of the producer.
        cluster: As `cluster_of` says.
        limit: Bytes that the streams of this process may take together, at least 1 MiB.
        reserve: Bytes of the disk to leave free.
        durability: What an accepted event survives.

    Raises:
        FolderUnusable: It is missing, cannot be written to, others can read it, or its disk is too small.
        ConfigurationInvalid: The limit or the service name cannot work.
    """

    def __init__(
        self,
        folder: Path,
        service: str,
        cluster: str,
        *,
        limit: int = 1 << 30,
        reserve: int = 1 << 28,
        durability: Durability = Durability(),  # noqa: B008 - immutable
    ) -> None:
        if limit < _LEAST_LIMIT:
            remedy = f"Give at least {_LEAST_LIMIT:,} bytes."
            raise ConfigurationInvalid("spool_limit", f"{limit:,} bytes are too few", remedy)
        check_folder(folder)
        _check_disk(folder, reserve)
        self.limit = limit
        self.adopts = service != DEFAULT_SERVICE
        self._folder = _subfolder(_subfolder(folder, service_folder(service)), cluster)
        if durability.synced:
            sync_folder(folder)
            sync_folder(self._folder.parent)
        self._reserve = reserve
        self._durability = durability
        self._segment_size = min(1 << 22, limit // 16)
        self._refused: set[str] = set()
        self._closed = False
        self._adopted: list[DiskStream] = []
        self._own: dict[str, DiskStream] = {}
        self._lock = threading.Lock()
        self._begin()

    @property
    def where(self) -> str:
        return str(self._folder)

    @property
    def taken(self) -> int:
        return self._budget.taken

    def stream(self, topic: str) -> DiskStream:
        stream = self._own.get(topic)
        if stream is not None and not stream.closed:
            return stream
        with self._lock:
            if self._closed:
                raise Closed("spool")
            stream = self._own.get(topic)
            if stream is None or stream.closed:
                stream = self._own[topic] = self._create(topic)
            return stream

    def orphans(self) -> list[str]:
        return [
            name
            for name in stream_names(self._folder)
            if name not in self._refused and not is_held(self._folder / name / "lock")
        ]

    def adopt(self, name: str) -> DiskStream | None:
        path = self._folder / name
        try:
            lock = acquire(path / "lock")
            if lock is None:
                return None
            stream = self._taken_over(path, lock)
        except FileNotFoundError:  # sent and removed by somebody who was quicker
            return None
        except OSError as error:
            raise SpoolError(f"{path} cannot be read: {error.strerror}. Check the disk.") from None
        with self._lock:
            self._adopted.append(stream)
        return stream

    def checkpoint(self) -> None:
        for stream in self._streams():
            try:
                stream.checkpoint()
            except StreamTaken as error:
                _log.error("%s", error)
        with self._lock:
            self._adopted = [stream for stream in self._adopted if not stream.closed]

    def after_fork_in_child(self) -> None:
        for stream in self._streams():
            stream.close_inherited()
        self._begin()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._ended.set()
        for stream in self._streams():
            stream.close()

    def _begin(self) -> None:
        self._budget = Budget(f"the spool at {self._folder}", self.limit, self._folder, self._reserve)
        self._own, self._adopted = {}, []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._syncer: threading.Thread | None = None

    def _streams(self) -> list[DiskStream]:
        return [*self._adopted, *self._own.values()]

    def _taken_over(self, path: Path, lock: Lock) -> DiskStream:
        try:
            stream = adopted(path, topic_of(path.name), lock, self._budget, self._segment_size)
        except NewerFormat:
            lock.release()
            self._refused.add(path.name)  # said once, and offered no more
            raise
        except OSError:
            lock.release()
            raise
        _write_owner(path)
        return stream

    def _create(self, topic: str) -> DiskStream:
        try:
            while (taken := self._new_folder(topic)) is None:
                pass
            path, lock = taken
            _write_owner(path)
            stream = created(path, topic, lock, self._budget, self._durability, self._segment_size)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._budget.disk_full(reason) from None
            raise FolderUnusable(self._folder, f"takes no new stream: {reason}", "Check the disk.") from None
        if self._durability.interval and self._syncer is None:
            self._syncer = threading.Thread(target=self._sync, name="pyevents-spool-sync", daemon=True)
            self._syncer.start()
        return stream

    def _new_folder(self, topic: str) -> tuple[Path, Lock] | None:
        """Make and lock the folder of a new stream; None if somebody took it for an orphan in between."""
        _subfolder(_subfolder(self._folder.parents[1], self._folder.parent.name), self._folder.name)  # if emptied
        ages = [int(match[1], 16) for name in stream_names(self._folder) if (match := _NAME.fullmatch(name))]
        age = max(time.time_ns() // 1_000_000, max(ages, default=0) + 1)
        path = self._folder / f"{quote(topic, safe='')[:230]}~{age:012x}{os.urandom(4).hex()}"
        path.mkdir(mode=0o700)
        if self._durability.synced:
            sync_folder(self._folder)
        try:
            lock = acquire(path / "lock")
        except FileNotFoundError:
            return None
        return (path, lock) if lock else None

    def _sync(self) -> None:
        """Sync every stream at the interval; a failure is said once until it works again."""
        failed = False
        while not self._ended.wait(self._durability.interval / 1000):
            try:
                for stream in self._streams():
                    stream.sync()
                failed = False
            except NotDurable as error:
                if not failed:
                    _log.error("%s", error)
                failed = True


def cluster_of(bootstrap_servers: str) -> str:
    """Return the short name of a cluster, the same for every order and spacing of its bootstrap list."""
    servers = sorted({server.strip() for server in bootstrap_servers.split(",")} - {""})
    return hashlib.sha256(",".join(servers).encode()).hexdigest()[:12]


def service_folder(service: str) -> str:
    """Return a service's name as a folder name.

    Raises:
        ConfigurationInvalid: It is empty or too long for one.
    """
    name = quote(service, safe=" ") if isinstance(service, str) else ""
    if not 0 < len(name) <= 255:
        raise ConfigurationInvalid("service_name", "it cannot name a folder", "Give a text of 1 to 255 characters.")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def topic_of(name: str) -> str:
    """Return the topic that a stream's name tells; cut short for topics beyond 230 characters."""
    return unquote(name.rpartition("~")[0])


def stream_names(folder: Path) -> list[str]:
    """Return the names of the streams in a cluster's folder, oldest first."""
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
    except FileNotFoundError:
        return []
    return sorted(names, key=lambda name: name.rpartition("~")[2])


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot hold events, or would show them to others.

    Raises:
        FolderUnusable: What is wrong, and the command that mends it.
    """
    if not folder.is_dir():
        if folder.exists():
            raise FolderUnusable(folder, "is a file", "Name a folder, or remove the file.")
        remedy = f"Mount a volume there, or make it: mkdir -m 700 {folder}"
        raise FolderUnusable(folder, "does not exist", remedy)
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        remedy = f"It will hold personal data: chmod 700 {folder}"
        if _is_shared(folder):
            remedy = f"Others use it, too, so make one in it and name that: mkdir -m 700 {folder / 'pyevents-spool'}"
        raise FolderUnusable(folder, f"is open to other users (mode {mode:03o})", remedy)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        remedy = "Is it mounted read-only, or does it belong to another user?"
        raise FolderUnusable(folder, "cannot be written to", remedy)


def _is_shared(folder: Path) -> bool:
    """Say whether a folder is not ours to close: `/tmp`, a mount that is root's, or one with other things in it."""
    status = folder.stat()
    if status.st_mode & stat.S_ISVTX or status.st_uid != os.geteuid():
        return True
    return any(path.lstat().st_mode & 0o077 for path in folder.iterdir())


def _check_disk(folder: Path, reserve: int) -> None:
    """Refuse a disk on which nothing could be written but the reserve.

    Raises:
        FolderUnusable: It is as small as that.
    """
    status = os.statvfs(folder)
    size = status.f_blocks * status.f_frsize
    if 0 < size < reserve + _LEAST_LIMIT:
        problem = f"is on a disk of {size:,} bytes, of which {reserve:,} stay free"
        raise FolderUnusable(folder, problem, "Give it a larger one.")


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(path, f"cannot be made: {error.strerror}", "Check the disk.") from None
    check_folder(path)
    return path


def _write_owner(path: Path) -> None:
    """Say who has the stream, for people only: the lock alone decides."""
    text = json.dumps({"pid": os.getpid(), "host": os.uname().nodename, "since": int(time.time())})
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with suppress(OSError), os.fdopen(os.open(path / "owner", flags, 0o600), "w") as file:
        file.write(text)

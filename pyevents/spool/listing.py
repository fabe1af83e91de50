"""What lies in a spool folder, for people to look at: read without a lock, changing nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from pyevents.errors import SpoolError
from pyevents.spool.damage import FOLDER
from pyevents.spool.folder import stream_names, topic_of
from pyevents.spool.lock import is_held
from pyevents.spool.record import Entry
from pyevents.spool.segment import Part, Segment, load_all
from pyevents.spool.state import read as read_state

__all__ = ["Listed", "entries", "kept_damage", "streams"]


class Listed(NamedTuple):
    """One stream as it is found; a living owner may be ahead of it by a second."""

    folder: Path
    service: str
    cluster: str
    name: str
    topic: str
    owned: bool
    """A living process has it."""
    owner: str
    """`pid <number> on <host>`, the last that had it; empty if unknown."""
    cluster_id: str | None
    events: int
    """Waiting; damaged ones included."""
    size: int
    """Bytes on the disk."""
    oldest: int | None
    """Timestamp of the first waiting event, milliseconds since 1970."""
    damaged: int
    """Files set aside under `damaged/`."""
    problem: str
    """Why it cannot be read; empty if it can."""


def streams(folder: Path) -> Iterator[Listed]:
    """Yield every stream of every service and cluster in a spool folder, oldest first within a cluster."""
    for cluster in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        aside = os.listdir(cluster / FOLDER) if (cluster / FOLDER).is_dir() else []
        for name in stream_names(cluster):
            damaged = sum(other.startswith(name) for other in aside)
            try:
                yield _look_at(cluster / name, damaged)
            except FileNotFoundError:  # sent and removed while we look
                continue


def kept_damage(folder: Path) -> dict[Path, int]:
    """Return the folders with damaged bytes that were set aside, of streams long sent too, with the number of files."""
    found = {path: len(os.listdir(path)) for path in sorted(folder.glob(f"*/*/{FOLDER}"))}
    return {path: count for path, count in found.items() if count}


def entries(stream: Path) -> Iterator[tuple[int, Entry]]:
    """Yield the intact events in a stream's folder that wait.

    Raises:
        NewerFormat: This version cannot read it.
        OSError: A file cannot be read.
    """
    position = read_state(stream).watermark + 1
    segments = load_all(stream)
    for index, segment in enumerate(segments):
        behind = segments[index + 1].base if index + 1 < len(segments) else None
        if behind is not None and behind <= position:
            continue
        offset, exhausted = segment.seek(position), False
        while not exhausted:
            part = segment.read(offset, position, 1000, 1 << 20)
            offset, exhausted = part.end, part.exhausted
            for at, entry in part.entries:
                if behind is None or at < behind:
                    yield at, entry
                position = at + 1


def _look_at(path: Path, damaged: int) -> Listed:
    state = read_state(path)
    problem, events, size, oldest = "", 0, 0, None
    try:
        segments = load_all(path)
        size = sum(segment.size for segment in segments)
        base = segments[0].base if segments else 0
        events = max(0, _last(segments) - max(state.watermark, base - 1))
        oldest = next((entry.timestamp for _, entry in entries(path)), None) if events else None
    except SpoolError as error:
        problem = str(error)
    return Listed(
        path,
        unquote(path.parent.parent.name),
        path.parent.name,
        path.name,
        topic_of(path.name),
        is_held(path / "lock"),
        _owner(path),
        state.cluster_id,
        events,
        size,
        oldest,
        damaged,
        problem,
    )


def _last(segments: list[Segment]) -> int:
    for segment in reversed(segments):
        part: Part = segment.read(segment.seek(0), 1 << 63, 1, 1 << 20)
        if part.last:
            return part.last
    return 0


def _owner(path: Path) -> str:
    try:
        said = json.loads((path / "owner").read_text())
        return f"pid {int(said['pid'])} on {said['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""

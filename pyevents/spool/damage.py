"""What is done with bytes that belong to no intact record: counted, and kept in a file for a person."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pyevents.spool.record import is_torn
from pyevents.spool.segment import Segment

__all__ = ["FOLDER", "Damage", "missing", "set_aside"]

FOLDER = "damaged"
_log = logging.getLogger("pyevents.spool")


class Damage(NamedTuple):
    """What was found broken so far."""

    ranges: int = 0
    """Stretches that were set aside, or segments that are gone."""
    size: int = 0
    """Bytes in them."""
    torn: int = 0
    """Last records that were only begun when their process ended; cut off."""


def set_aside(segment: Segment, stretches: list[tuple[int, int]], so_far: Damage) -> Damage:
    """Keep damaged stretches under `damaged/` beside the stream's folder and return the new totals.

    What was dealt with before is not counted again. Where the copy cannot be written, a hard link keeps the
    whole segment, which needs no room.
    """
    ranges, size, torn = so_far
    fresh = [stretch for stretch in stretches if stretch[0] not in segment.damage]
    for start, stop in fresh:
        segment.damage.add(start)
        data = segment.bytes_of(start, stop)
        if stop >= segment.size and is_torn(data):
            torn += 1
            continue
        ranges += 1
        size += stop - start
        kept = _keep(segment, start, data)
        _log.warning(
            "%s: %d bytes from %d on are damaged; the events around them are sent. Kept as %s",
            segment.path,
            stop - start,
            start,
            kept or "nothing: the disk is full",
        )
    return Damage(ranges, size, torn)


def missing(segment: Segment, so_far: Damage) -> Damage:
    """Report a segment whose file somebody removed while its events waited, and return the new totals."""
    if segment.damage:
        return so_far
    segment.damage.add(0)
    _log.error("%s is gone, with %d bytes of events that were not acknowledged", segment.path, segment.size)
    return so_far._replace(ranges=so_far.ranges + 1, size=so_far.size + segment.size)


def _keep(segment: Segment, start: int, data: bytes) -> Path | None:
    stream = segment.path.parent
    folder = stream.parent / FOLDER
    path = folder / f"{stream.name}.{segment.path.stem}.{start}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError:
        with suppress(OSError):
            path.unlink()
        return _link(segment, folder)
    return path


def _link(segment: Segment, folder: Path) -> Path | None:
    path = folder / f"{segment.path.parent.name}.{segment.path.name}"
    try:
        os.link(segment.path, path)
    except FileExistsError:
        return path
    except OSError:
        return None
    return path

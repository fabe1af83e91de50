"""Which pairs of schemas a compatibility level compares; it compares none itself.

    level                   the new schema must …                 compared with
    NONE                    nothing                               none
    BACKWARD                read what the old one wrote           the newest version
    FORWARD                 write what the old one reads          the newest version
    FULL                    both                                  the newest version
    …_TRANSITIVE            the same                              every version

The newest is the last one that is not deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyevents.dev.registry.schema import Schema

__all__ = ["LEVELS", "Pair", "pairs"]

LEVELS = (
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)


class Pair(NamedTuple):
    """Two schemas, of which the first must read what the second writes."""

    reader: Schema
    writer: Schema


def pairs(level: str, new: Schema, older: Sequence[Schema]) -> list[Pair]:
    """Return what has to hold for `new` to follow `older`.

    Args:
        level: One of `LEVELS`.
        new: The schema that wants in.
        older: The versions that are there, oldest first.
    """
    direction, _, transitive = level.partition("_")
    if direction == "NONE":
        return []
    found: list[Pair] = []
    for old in older if transitive else older[-1:]:
        if direction in ("BACKWARD", "FULL"):
            found.append(Pair(reader=new, writer=old))
        if direction in ("FORWARD", "FULL"):
            found.append(Pair(reader=old, writer=new))
    return found

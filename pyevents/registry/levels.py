"""Which pairs of versions a compatibility level compares; it compares none itself.

    level                   the new version must …                compared with
    NONE                    nothing                               none
    BACKWARD                read what the old one wrote           the newest version
    FORWARD                 write what the old one reads          the newest version
    FULL                    both                                  the newest version
    …_TRANSITIVE            the same                              every version

The newest is the last one that is not deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["LEVELS", "pairs"]

Version = TypeVar("Version")

LEVELS = (
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)


def pairs(level: str, new: Version, older: Sequence[Version]) -> list[tuple[Version, Version]]:
    """Return what has to hold for `new` to follow `older`: pairs of which the first must read what the second wrote.

    Args:
        level: One of `LEVELS`.
        new: The version that wants in.
        older: The versions that are there, oldest first.
    """
    direction, _, transitive = level.partition("_")
    found: list[tuple[Version, Version]] = []
    for old in older if transitive else older[-1:]:
        if direction in ("BACKWARD", "FULL"):
            found.append((new, old))
        if direction in ("FORWARD", "FULL"):
            found.append((old, new))
    return found

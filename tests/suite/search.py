"""How long searches look: PYEVENTS_SEARCH=100 for a nightly run, a fifth in `make test-fast`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["EFFORT", "SHARE", "examples", "some"]

T = TypeVar("T")

EFFORT = float(os.environ.get("PYEVENTS_SEARCH", "1"))

SHARE = min(1.0, EFFORT)
"""Of a complete list, the part that `some` yields."""


def examples(count: int) -> int:
    """Return how many examples to try where *count* is the right number by default."""
    return max(1, int(count * EFFORT))


def some(cases: Iterable[T]) -> Iterator[T]:
    """Yield the cases of a complete list: all of them by default, evenly chosen ones in a shorter search."""
    return islice(cases, 0, None, max(1, round(1 / EFFORT)))

"""Which pairs a compatibility level compares."""

from __future__ import annotations

import pytest

from pyevents.dev.registry.schema import Schema
from pyevents.registry.levels import LEVELS, pairs

NEW, FIRST, SECOND = (Schema("JSON", f'{{"title":"{name}"}}') for name in ("new", "first", "second"))

TABLE = {
    "NONE": [],
    "BACKWARD": [(NEW, SECOND)],
    "BACKWARD_TRANSITIVE": [(NEW, FIRST), (NEW, SECOND)],
    "FORWARD": [(SECOND, NEW)],
    "FORWARD_TRANSITIVE": [(FIRST, NEW), (SECOND, NEW)],
    "FULL": [(NEW, SECOND), (SECOND, NEW)],
    "FULL_TRANSITIVE": [(NEW, FIRST), (FIRST, NEW), (NEW, SECOND), (SECOND, NEW)],
}


@pytest.mark.parametrize("level", LEVELS)
def test_level_compares_reader_with_writer(level: str) -> None:
    assert pairs(level, NEW, [FIRST, SECOND]) == TABLE[level]


@pytest.mark.parametrize("level", LEVELS)
def test_first_version_is_compared_with_nothing(level: str) -> None:
    assert pairs(level, NEW, []) == []

"""Waiting between attempts."""

from __future__ import annotations

import pytest

from pyevents.retry import Backoff


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 30.0), (10_000, 30.0)])
def test_wait_doubles_up_to_the_longest(attempt: int, seconds: float) -> None:
    assert Backoff(first=1, factor=2, longest=30).delay(attempt, draw=lambda: 1.0) == seconds


def test_half_of_the_wait_is_jitter() -> None:
    assert Backoff(first=8).delay(1, draw=lambda: 0.0) == 4.0

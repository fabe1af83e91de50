"""A short torture; `make torture N=200` is the long one."""

from __future__ import annotations

import random

from tests.torture.run import torture


def test_nothing_accepted_is_lost_or_swapped_whatever_happens() -> None:
    seed = random.randrange(1 << 32)
    verdict = torture(10, seed)
    assert verdict["good"], f"replay with `make torture N=10 SEED={seed}`: {verdict}"
    assert verdict["accepted"] > 0

"""A short torture of the consumer; `make torture-consumer N=200` is the long one."""

from __future__ import annotations

import random

from tests.torture.consume import torture


def test_every_event_is_handled_in_order_or_a_dead_letter_whatever_happens() -> None:
    seed = random.randrange(1 << 32)
    verdict = torture(10, seed)
    assert verdict["good"], f"replay with `make torture-consumer N=10 SEED={seed}`: {verdict}"
    assert verdict["dead_letters"] > 0

"""A short torture of inbox and outbox."""

from __future__ import annotations

import random

from tests.torture.once.run import torture_once


def test_every_input_has_one_effect_and_one_output_whatever_is_killed() -> None:
    seed = random.randrange(1 << 32)
    verdict = torture_once(5, seed)
    assert verdict["good"], f"replay with `make torture-once N=5 SEED={seed}`: {verdict}"
    assert verdict["sent_twice"] > 0

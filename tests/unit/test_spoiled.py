"""The decoder and an independent judge agree on thousands of spoiled messages: which are events, and which are not."""

from __future__ import annotations

import os
import random

from pyevents.catalog import load
from pyevents.codec import Decoder, Event
from pyevents.errors import SchemaUnknown, Undecodable
from pyevents.memory import MemoryRegistry
from tests.suite.mutation import corpus

SEED = int(os.environ.get("PYEVENTS_SEED", random.randrange(1 << 32)))
"""Printed where a test fails; set it to see the same messages again."""


def test_decoder_takes_what_the_judge_takes_and_nothing_else() -> None:
    print(f"PYEVENTS_SEED={SEED}")
    registry = MemoryRegistry()
    fed = corpus(SEED, 5_000, load(), registry, "patient-events", unknown_id=1_000)
    decoder = Decoder(load(), registry)
    for value in fed.events:
        assert isinstance(decoder.decode(value), Event), value
    for refused in fed.refused:
        try:
            found = decoder.decode(refused)
        except (Undecodable, SchemaUnknown):
            continue
        raise AssertionError(f"{found} was made of {refused!r}")

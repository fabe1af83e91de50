"""100,000 spoiled messages between good ones do not crash a consumer, and none of either kind is lost."""

from __future__ import annotations

import os
import random

import pytest

from pyevents.catalog import load
from pyevents.memory import MemoryRegistry, MemoryTransport
from tests.suite.mutation import corpus
from tests.suite.search import examples
from tests.suite.unspoilt import CONSUMER, TOPIC, consume_all

SEED = int(os.environ.get("PYEVENTS_SEED", random.randrange(1 << 32)))
"""Printed where a test fails; set it to see the same messages again."""


@pytest.mark.parametrize("count", [examples(3_000), pytest.param(100_000, marks=pytest.mark.slow)])
def test_every_spoiled_message_is_a_dead_letter_and_every_good_one_is_handled(count: int) -> None:
    print(f"PYEVENTS_SEED={SEED}")
    transport, registry = MemoryTransport(), MemoryRegistry()
    fed = corpus(SEED, count, load(), registry, TOPIC, unknown_id=1_000)
    with transport.changed:
        for record in fed.records:
            transport.append(record)
    consume_all(CONSUMER, transport, registry, fed, transport.messages, seconds=240)

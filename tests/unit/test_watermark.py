"""The first unfinished position, against the obvious way to find it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyevents.watermark import Watermark


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40))))
def test_value_is_the_first_position_that_is_not_finished(steps: list[tuple[bool, int]]) -> None:
    watermark, open_positions, following = Watermark(), set[int](), 0
    for is_start, number in steps:
        if is_start:
            position = following + number % 3
            watermark.start(position)
            open_positions.add(position)
            following = position + 1
        else:
            watermark.finish(number)
            open_positions.discard(number)
        assert watermark.value == min(open_positions, default=following)
        assert watermark.open == len(open_positions)

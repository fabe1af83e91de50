from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pyevents.label import Label
from pyevents.spool.record import MAGIC, Entry, encode, scan

names = st.text(max_size=30)
labels = st.builds(Label, names, names, names, fingerprint=st.binary(min_size=32, max_size=32).map(bytes.hex))
events = st.builds(
    Entry,
    label=labels,
    key=st.none() | st.binary(max_size=50),
    headers=st.lists(st.tuples(names, st.binary(max_size=50)), max_size=4).map(tuple),
    timestamp=st.integers(-(1 << 63), (1 << 63) - 1),
    body=st.binary(max_size=200),
)


@given(st.lists(events, max_size=5), st.binary(max_size=100))
def test_events_are_read_as_they_were_written_and_what_stands_before_them_is_told(
    written: list[Entry], noise: bytes
) -> None:
    noise = noise.replace(MAGIC, b"")
    data = noise + b"".join(encode(at, entry) for at, entry in enumerate(written, 1))
    found = scan(data, len(data), 0, 100)
    assert found.entries == list(enumerate(written, 1))
    assert found.damage == ([(0, len(noise))] if noise else [])
    assert found.end == len(data)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_can_be_scanned(data: bytes, more: int) -> None:
    found = scan(MAGIC + data, len(data) + 4 + more, 0, 10)
    assert found.entries == []


def test_a_record_that_may_go_on_behind_the_bytes_is_left_for_more_of_them(
    event: Callable[..., Entry],
) -> None:
    data = encode(1, event(1)) + encode(2, event(2))
    for cut in range(len(encode(1, event(1))), len(data)):
        found = scan(data[:cut], len(data), 0, 10)
        assert [at for at, _ in found.entries] == [1]
        assert (found.end, found.damage) == (len(encode(1, event(1))), [])


def test_positions_below_the_wanted_are_read_past(event: Callable[..., Entry]) -> None:
    data = b"".join(encode(at, event(at)) for at in range(1, 6))
    found = scan(data, len(data), 3, 2)
    assert [at for at, _ in found.entries] == [3, 4]
    assert data[found.first :] == b"".join(encode(at, event(at)) for at in range(3, 6))


def test_an_event_shows_neither_key_nor_header_nor_body() -> None:
    entry = Entry(Label("t", "patient.created", "1.0", "ab" * 32), b"SECRET", (("h", b"SECRET"),), 1, b"SECRET")
    for shown in (repr(entry), str(entry), f"{entry}", repr([(1, entry)])):
        assert "SECRET" not in shown
        assert "patient.created" in shown


def test_a_fingerprint_that_is_no_sha256_is_refused(event: Callable[..., Entry]) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        encode(1, replace(event(1), label=event(1).label._replace(fingerprint="abcd")))

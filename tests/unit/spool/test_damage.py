from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyevents.spool import lock
from pyevents.spool.budget import Budget
from pyevents.spool.disk import DiskStream, adopted, created
from pyevents.spool.durability import Durability
from pyevents.spool.record import Entry, encode
from tests.suite.search import SHARE, some

Event = Callable[..., Entry]
COUNT = 6


def open_stream(folder: Path, *, new: bool = False) -> DiskStream:
    held = lock.acquire(folder / "lock")
    assert held is not None
    budget = Budget("here", 1 << 20)
    if new:
        return created(folder, "t", held, budget, Durability(), 560)
    return adopted(folder, "t", held, budget, 560)


def drained(stream: DiskStream) -> list[tuple[int, Entry]]:
    """Read and acknowledge until nothing waits, as a producer does."""
    found: list[tuple[int, Entry]] = []
    position = stream.watermark + 1
    for _ in range(COUNT + 1):
        part = stream.read(position, limit=2)
        if not part:
            break
        found += part
        position = part[-1][0] + 1
        stream.acknowledge(part[-1][0])
        assert stream.pending.events >= 0
    assert stream.pending.events == 0, "the producer would wait for events that never come"
    return found


@pytest.fixture
def workbench() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of small streams are laid out in it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def left_behind(workbench: Path, event: Event) -> Path:
    """A stream of two segments with three events each, none acknowledged."""
    folder = workbench / "cluster" / "t~000000000000"
    folder.mkdir(parents=True)
    stream = open_stream(folder, new=True)
    for number in range(1, COUNT + 1):
        stream.append(event(number))
    stream.close()
    assert len(list(folder.glob("*.segment"))) == 2
    return folder


def flipped(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            yield data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def cut(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at]


def cut_at_the_front(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[at:]


def one_byte_missing(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at] + data[at + 1 :]


def one_byte_more(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at] + b"\xf7" + data[at:]


def zeroed(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        for length in (1, 64, len(data)):
            stop = min(len(data), at + length)
            yield data[:at] + bytes(stop - at) + data[stop:]


@pytest.mark.parametrize("damage", [flipped, cut, cut_at_the_front, one_byte_missing, one_byte_more, zeroed])
def test_no_damaged_byte_anywhere_loses_an_intact_event_or_stops_the_others(
    left_behind: Path, workbench: Path, event: Event, damage: Callable[[bytes], Iterator[bytes]]
) -> None:
    originals = {path.name: path.read_bytes() for path in left_behind.iterdir()}
    events = {at: event(at) for at in range(1, COUNT + 1)}
    records = {at: encode(at, one) for at, one in events.items()}
    cases = 0
    for name in originals:
        for data in some(damage(originals[name])):
            folder = workbench / str(cases) / left_behind.name
            folder.mkdir(parents=True)
            files = originals | {name: data}
            for other, text in files.items():
                (folder / other).write_bytes(text)
            segments = [text for other, text in files.items() if other.endswith(".segment")]
            intact = [(at, one) for at, one in events.items() if any(records[at] in text for text in segments)]
            stream = open_stream(folder)
            assert drained(stream) == intact, f"{name}, case {cases}"
            ranges, size, torn = stream.damage
            if len(intact) < COUNT and not name.startswith(("state", "owner")):
                missing = len(originals[name]) != len(data)
                assert ranges + torn or missing, f"{name}, case {cases}: lost without a word"
            kept = list((folder.parent / "damaged").glob("*"))
            assert len(kept) == ranges
            assert sum(path.stat().st_size for path in kept) == size
            stream.close()
            assert not folder.exists()
            shutil.rmtree(folder.parent)
            cases += 1
    assert cases > 600 * SHARE


def test_the_last_event_that_was_only_begun_is_cut_off_and_counted(left_behind: Path, event: Event) -> None:
    last = max(left_behind.glob("*.segment"))
    last.write_bytes(last.read_bytes()[:-1])
    stream = open_stream(left_behind)
    assert [at for at, _ in drained(stream)] == [1, 2, 3, 4, 5]
    assert stream.damage == (0, 0, 1)
    stream.close()


def test_damage_before_the_watermark_shifts_no_position_behind_it(left_behind: Path, event: Event) -> None:
    stream = open_stream(left_behind)
    stream.acknowledge(4)
    stream.close()
    for path in left_behind.glob("*.segment"):
        record = encode(4, event(4))
        path.write_bytes(path.read_bytes().replace(record, b"?" * len(record)))
    stream = open_stream(left_behind)
    assert [at for at, _ in drained(stream)] == [5, 6]
    stream.close()


def test_damage_is_counted_once_however_often_it_is_read(left_behind: Path) -> None:
    first = min(left_behind.glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[60] ^= 1
    first.write_bytes(data)
    stream = open_stream(left_behind)
    for _ in range(3):
        stream.read(1)
    assert stream.damage.ranges == 1
    stream.close()
    stream = open_stream(left_behind)
    stream.read(1)
    stream.close()
    assert len(list((left_behind.parent / "damaged").iterdir())) == 1


def test_damage_under_a_living_owner_is_stepped_over(tmp_path: Path, event: Event) -> None:
    folder = tmp_path / "t~1"
    folder.mkdir()
    stream = open_stream(folder, new=True)
    for number in range(1, COUNT + 1):
        stream.append(event(number))
    for path in folder.glob("*.segment"):
        path.write_bytes(bytes(path.stat().st_size))
    stream.acknowledge(1)
    assert stream.read(2) == []
    assert stream.pending.events == 0
    stream.append(event(7))
    assert drained(stream) == [(7, event(7))]
    stream.close()


def test_a_tail_that_is_lost_while_earlier_events_are_in_flight_is_stepped_over_with_them(
    tmp_path: Path, event: Event
) -> None:
    folder = tmp_path / "t~1"
    folder.mkdir()
    stream = open_stream(folder, new=True)
    for number in range(1, COUNT + 1):
        stream.append(event(number))
    assert [at for at, _ in stream.read(1, limit=3)] == [1, 2, 3]
    max(folder.glob("*.segment")).unlink()
    assert stream.read(4) == []
    assert stream.pending.events == COUNT
    assert stream.damage.ranges == 1, "events went without a word"
    stream.acknowledge(3)
    assert stream.pending.events == 0
    stream.close()


def test_what_cannot_be_copied_aside_is_kept_by_a_link(left_behind: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = min(left_behind.glob("*.segment"))
    data = bytearray(first.read_bytes())
    data[60] ^= 1
    first.write_bytes(data)
    aside = left_behind.parent / "damaged"
    aside.mkdir()
    (aside / f"{left_behind.name}.{first.stem}.16").mkdir()  # in the way, as a full disk would be
    stream = open_stream(left_behind)
    assert [at for at, _ in drained(stream)] == [2, 3, 4, 5, 6]
    stream.close()
    assert (aside / f"{left_behind.name}.{first.name}").read_bytes() == data

"""What becomes of events that the broker will never take: kept, listed, replayed or discarded by a person."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pyevents.errors import SpoolError
from pyevents.spool import rejected
from pyevents.spool.record import Entry

Event = Callable[..., Entry]
STREAM = "patient-events~0123456789ab01234567"


def test_rejected_events_are_read_back_in_order_each_once_with_its_reason(folder: Path, event: Event) -> None:
    for position in (7, 3, 7):
        rejected.keep(folder, STREAM, position, event(position), f"too large: {position}")
    (path,) = rejected.files(folder)
    assert [(one.position, one.reason, one.entry) for one in rejected.read(path)] == [
        (3, "too large: 3", event(3)),
        (7, "too large: 7", event(7)),
    ]


def test_rejected_events_are_nobody_elses_to_read(folder: Path, event: Event) -> None:
    path = rejected.keep(folder, STREAM, 1, event(1), "policy")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_file_goes_only_when_its_events_were_dealt_with(folder: Path, event: Event) -> None:
    path = rejected.keep(folder, STREAM, 1, event(1), "policy")
    with pytest.raises(RuntimeError), rejected.taking(path):
        raise RuntimeError("the replay failed")
    with rejected.taking(path) as found:
        assert [one.entry for one in found] == [event(1)]
    assert rejected.files(folder) == []
    with pytest.raises(SpoolError, match="replayed or discarded"):
        rejected.read(path)


def test_event_rejected_while_a_person_replays_is_not_removed_with_the_others(folder: Path, event: Event) -> None:
    path = rejected.keep(folder, STREAM, 1, event(1), "policy")
    late = threading.Thread(target=rejected.keep, args=(folder, STREAM, 2, event(2), "policy"))
    with rejected.taking(path) as found:
        late.start()
        assert len(found) == 1
    late.join()
    assert [one.position for one in rejected.read(path)] == [2]


def test_full_disk_leaves_what_was_there_and_says_so(folder: Path, event: Event) -> None:
    path = rejected.keep(folder, STREAM, 1, event(1), "policy")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(SpoolError, match="Its topic waits"):
            rejected.keep(folder, STREAM, 2, event(2), "policy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [one.position for one in rejected.read(path)] == [1]
    rejected.keep(folder, STREAM, 2, event(2), "policy")
    assert [one.position for one in rejected.read(path)] == [1, 2]


def test_damaged_event_does_not_hide_the_others(folder: Path, event: Event) -> None:
    for position in (1, 2, 3):
        path = rejected.keep(folder, STREAM, position, event(position), "policy")
    with path.open("r+b") as file:
        os.pwrite(file.fileno(), b"\0" * 40, path.stat().st_size // 2)
    assert [one.position for one in rejected.read(path)] == [1, 3]

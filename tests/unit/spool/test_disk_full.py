from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pyevents.errors import ConfigurationInvalid, SpoolFull
from pyevents.spool.errors import DiskFull
from pyevents.spool.folder import DiskSpool, cluster_of
from pyevents.spool.record import Entry

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Process = Callable[[Callable[[], None]], Any]


def test_a_write_that_finds_no_room_leaves_nothing_and_later_ones_go_on(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    def fill() -> None:
        stream = open_spool().stream("patient-events")
        accepted = [stream.append(event(number)) for number in range(1, 20)]
        size = file_of(stream).stat().st_size
        for room in (0, 1, 7, 39, 100):  # the kernel writes what fits (short write), or nothing (EFBIG)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY))
            with pytest.raises(DiskFull, match="cannot grow"):
                stream.append(event(20))
            assert file_of(stream).stat().st_size == size
            assert stream.last == 19
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        accepted.append(stream.append(event(20)))
        assert accepted == list(range(1, 21))

    with process(fill):
        pass
    heir = open_spool()
    stream = heir.adopt(heir.orphans()[0])
    assert stream is not None
    assert stream.read(1) == [(number, event(number)) for number in range(1, 21)]
    assert stream.damage == (0, 0, 0)


def test_a_process_killed_after_a_half_written_event_leaves_the_others(
    open_spool: OpenSpool, event: Event, process: Process
) -> None:
    def fill() -> None:
        stream = open_spool().stream("patient-events")
        for number in range(1, 6):
            stream.append(event(number))
        with file_of(stream).open("ab") as file:
            file.write(b"\xf7PyE half a record")

    with process(fill):
        pass
    heir = open_spool()
    stream = heir.adopt(heir.orphans()[0])
    assert stream is not None
    assert stream.read(1) == [(number, event(number)) for number in range(1, 6)]
    assert stream.damage == (0, 0, 1)


def test_a_new_segment_that_finds_no_room_is_not_begun(open_spool: OpenSpool, event: Event, process: Process) -> None:
    def fill() -> None:
        stream = open_spool().stream("patient-events")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        for _ in range(2):
            with pytest.raises(DiskFull):
                stream.append(event(1))
        assert not list(folder_of(stream).glob("*.segment"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert stream.append(event(1)) == 1
        assert stream.read(1) == [(1, event(1))]

    with process(fill):
        pass


def test_the_reserve_of_the_disk_is_left_free(folder: Path, event: Event) -> None:
    status = os.statvfs(folder)
    more_than_free = (status.f_bavail + status.f_blocks) // 2 * status.f_frsize
    spool = DiskSpool(folder, "s", cluster_of("a"), reserve=more_than_free)
    with pytest.raises(DiskFull, match=f"{more_than_free:,} are kept in reserve") as refusal:
        spool.stream("t").append(event(1))
    assert isinstance(refusal.value, SpoolFull)
    assert spool.taken == 0
    spool.close()


def test_a_full_spool_names_folder_and_sizes_and_no_content(open_spool: OpenSpool, event: Event) -> None:
    spool = open_spool()
    with pytest.raises(SpoolFull) as refusal:
        spool.stream("t").append(replace(event(1), body=b"SECRET" * 1_000_000))
    assert spool.where in str(refusal.value)
    assert "1,048,576" in str(refusal.value)
    assert "SECRET" not in str(refusal.value)
    assert spool.taken == 0


def test_room_is_given_back_by_every_way_that_a_stream_ends(
    open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    dead = open_spool()
    for number in range(50):
        dead.stream("t").append(event(number, size=2000))
    end_abruptly(dead)
    spool = open_spool()
    heir = spool.adopt(spool.orphans()[0])
    assert heir is not None
    assert spool.taken == sum(path.stat().st_size for path in Path(spool.where).rglob("*.segment")) > 100_000
    heir.acknowledge(heir.last)
    heir.close()
    assert spool.taken == 0
    stream = spool.stream("t")
    for number in range(50):
        stream.append(event(number, size=2000))
    assert spool.taken > 100_000
    stream.close()
    assert spool.taken == 0


def test_a_limit_that_cannot_work_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="spool_limit"):
        DiskSpool(folder, "s", cluster_of("a"), limit=1000)


def folder_of(stream: Any) -> Path:
    return Path(stream._folder)


def file_of(stream: Any) -> Path:
    return max(folder_of(stream).glob("*.segment"))

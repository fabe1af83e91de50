from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyevents.spool.folder import DiskSpool
from pyevents.spool.listing import entries, streams
from pyevents.spool.record import Entry
from pyevents.spool.segment import _header

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]


def test_streams_of_every_service_are_listed_with_what_waits(
    folder: Path, open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    dead = open_spool("matching-service")
    for number in range(1, 6):
        dead.stream("matching-events").append(event(number))
    dead.stream("matching-events").confirm_cluster("cluster-a")
    dead.stream("matching-events").acknowledge(2)
    dead.checkpoint()
    end_abruptly(dead)
    alive = open_spool("patient-service")
    alive.stream("patient-events").append(event(9))
    first, second = streams(folder)
    assert (first.service, first.topic, first.owned, first.cluster_id) == (
        "matching-service", "matching-events", False, "cluster-a",
    )  # fmt: skip
    assert (first.events, first.oldest, first.damaged, first.problem) == (3, event(3).timestamp, 0, "")
    assert (second.service, second.topic, second.owned) == ("patient-service", "patient-events", True)
    assert (second.events, second.oldest) == (1, event(9).timestamp)
    assert second.owner.startswith("pid ")
    assert [entry for _, entry in entries(first.folder)] == [event(3), event(4), event(5)]


def test_looking_takes_no_lock_and_changes_no_file(
    folder: Path, open_spool: OpenSpool, event: Event, process: Any
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    (segment,) = folder.rglob("*.segment")
    with segment.open("ab") as file:
        file.write(b"torn")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    def look() -> None:
        assert [listed.owned for listed in streams(folder)] == [True]
        assert open_spool().orphans() == []

    assert [listed.owned for listed in streams(folder)] == [True]
    with process(look):
        pass
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_damage_and_newer_formats_are_told(
    folder: Path, open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    for _ in range(2):
        dead = open_spool()
        dead.stream("patient-events").append(event(1))
        dead.stream("patient-events").append(event(2))
        end_abruptly(dead)
    newer, damaged = sorted(folder.rglob("*.segment"))
    newer.write_bytes(_header(7) + newer.read_bytes()[16:])
    damaged.write_bytes(damaged.read_bytes().replace(b"event 1", b"event 7"))
    heir = open_spool()
    stream = heir.adopt(damaged.parent.name)
    assert stream is not None
    stream.read(1)
    first, second = streams(folder)
    assert "format 7" in first.problem
    assert (second.problem, second.damaged) == ("", 1)


def test_an_owner_file_of_nonsense_is_no_obstacle(folder: Path, open_spool: OpenSpool, event: Event) -> None:
    open_spool().stream("patient-events").append(event(1))
    (owner,) = folder.rglob("owner")
    for text in (b"", b"{}", b"[]", b"\xff\xff", b'{"pid": null, "host": 1}'):
        owner.write_bytes(text)
        assert [listed.owner for listed in streams(folder)] == [""]

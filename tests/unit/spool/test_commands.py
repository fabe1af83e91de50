"""`pyevents spool …` as a person types it: what it shows, what it never shows, and what it says to a typo."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyevents.cli import main
from pyevents.spool import rejected
from pyevents.spool.folder import DiskSpool, cluster_of
from pyevents.spool.record import Entry

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
CLUSTER = cluster_of("kafka:9092")


@pytest.fixture
def spool_command(folder: Path) -> Callable[..., Result]:
    def run(*arguments: str, given: str | None = None) -> Result:
        result = CliRunner().invoke(main, ["spool", *arguments, "--spool-dir", str(folder)], input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def dead(open_spool: OpenSpool, event: Event, end_abruptly: Callable[[DiskSpool], None]) -> Callable[[int], DiskSpool]:
    """Leave events behind as a process that was killed does."""

    def leave(count: int) -> DiskSpool:
        spool = open_spool("matching-service")
        for number in range(1, count + 1):
            spool.stream("matching-events").append(event(number))
        end_abruptly(spool)
        return spool

    return leave


def test_ls_tells_living_owners_from_dead_ones(
    spool_command: Callable[..., Result],
    dead: Callable[[int], DiskSpool],
    open_spool: OpenSpool,
    event: Event,
) -> None:
    dead(3)
    open_spool().stream("patient-events").append(event(1))
    lines = spool_command("ls").output.splitlines()
    assert lines[1].split()[:4] == ["matching-service", CLUSTER, "gone", "3"]
    assert lines[2].split()[:3] == ["patient-service", CLUSTER, "pid"]
    first, second = json.loads(spool_command("ls", "--format", "json").output)
    assert (first["owned"], first["events"], first["topic"]) == (False, 3, "matching-events")
    assert (second["owned"], second["events"]) == (True, 1)


def test_ls_of_an_empty_folder_says_so(spool_command: Callable[..., Result]) -> None:
    assert "nothing waits" in spool_command("ls").output


def test_show_hides_keys_and_bodies_until_asked(
    spool_command: Callable[..., Result], dead: Callable[[int], DiskSpool]
) -> None:
    (name,) = dead(2).orphans()
    result = spool_command("show", name)
    assert result.output.count("patient.created") == 2
    assert "event 1" not in result.output
    rows = json.loads(spool_command("show", name, "--format", "json").output)
    assert rows[0]["key_hash"] == "6b86b273ff34" and "key" not in rows[0], "the first digits of SHA-256 of the key 1"
    assert b"event 1".hex() in spool_command("show", name, "--payload").output


def test_show_stops_where_it_is_told_to(spool_command: Callable[..., Result], dead: Callable[[int], DiskSpool]) -> None:
    (name,) = dead(9).orphans()
    head, *lines = spool_command("show", name, "--max", "4").output.splitlines()
    assert head.split() == ["position", "time", "type", "version", "key", "hash", "size"]
    assert len(lines) == 4


def test_damage_is_told_before_it_is_found_by_sending_and_after(
    spool_command: Callable[..., Result], dead: Callable[[int], DiskSpool], open_spool: OpenSpool, folder: Path
) -> None:
    dead(5)
    (segment,) = folder.glob("*/*/*/*.segment")
    data = bytearray(segment.read_bytes())
    data[data.index(b"event 3")] ^= 1
    segment.write_bytes(data)
    shown = spool_command("show", segment.parent.name)
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["position", "1", "2", "4", "5"]
    assert "damaged and not to be read: 1" in shown.stderr
    spool = open_spool("matching-service")
    stream = spool.adopt(segment.parent.name)
    assert stream is not None and len(stream.read(1)) == 4
    stream.acknowledge(5)
    stream.close()
    listed = spool_command("ls")
    assert listed.stdout == "no stream: nothing waits\n"
    assert "damaged keeps what is damaged (1 files)" in listed.stderr


def test_drain_has_nothing_to_ask_where_nothing_waits_for_any_cluster(
    spool_command: Callable[..., Result], open_spool: OpenSpool
) -> None:
    open_spool()
    result = spool_command("drain", "--bootstrap-servers", "127.0.0.1:1")
    assert (result.exit_code, result.output) == (0, "sent: 0, left: 0, rejected: 0; living owners: 0\n")


def test_typo_in_a_stream_names_the_nearest(
    spool_command: Callable[..., Result], dead: Callable[[int], DiskSpool]
) -> None:
    (name,) = dead(1).orphans()
    for command in (["show"], ["rejected", "discard", "--yes"]):
        result = spool_command(*command, name[:-3])
        assert result.exit_code == 2
        assert (name in result.output) == (command == ["show"])


def test_folder_that_is_not_there_is_told() -> None:
    result = CliRunner().invoke(main, ["spool", "ls", "--spool-dir", "/nowhere"])
    assert result.exit_code == 2
    assert "/nowhere" in result.output and "Traceback" not in result.output


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_folder_of_another_user_is_told_rather_than_shown_as_empty(
    spool_command: Callable[..., Result], dead: Callable[[int], DiskSpool]
) -> None:
    dead(1)
    os.seteuid(65534)
    try:
        result = spool_command("ls")
    finally:
        os.seteuid(0)
    assert (result.exit_code, "not yours to read" in result.output) == (2, True)


def test_rejected_events_are_listed_with_their_reasons_and_deleted_after_a_question(
    spool_command: Callable[..., Result], open_spool: OpenSpool, event: Event
) -> None:
    cluster = Path(open_spool().where)
    for number in (1, 2):
        rejected.keep(cluster, f"patient-events~{number:020x}", number, event(number), "MSG_SIZE_TOO_LARGE: too large")
    listed = spool_command("rejected", "ls").output
    assert listed.split()[:2] == ["stream", "position"]
    assert listed.count("too large") == 2 and "event 1" not in listed
    assert [row["position"] for row in json.loads(spool_command("rejected", "ls", "--format", "json").output)] == [1, 2]
    assert spool_command("rejected", "discard", "--all", given="n\n").exit_code == 1
    unasked = spool_command("rejected", "discard", "--all")
    assert (unasked.exit_code, "nobody is there to be asked: add --yes" in unasked.output) == (2, True)
    assert len(rejected.files(cluster)) == 2
    assert "deleted: 1" in spool_command("rejected", "discard", f"patient-events~{1:020x}", "--yes").output
    assert "deleted: 1" in spool_command("rejected", "discard", "--all", given="y\n").output
    for command in (["ls"], ["discard", "--all"], ["replay", "--all"]):
        assert spool_command("rejected", *command).output == "nothing was rejected\n"
    assert spool_command("rejected", "discard").exit_code == 2

"""A disk that is full for real: every one of these runs in a process that sees a tmpfs of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents import RobustKafkaProducer
from pyevents.errors import SpoolFull
from pyevents.events import PatientUpdated
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry
from pyevents.spool.segment import HEADER_SIZE
from pyevents.spool.stream import Stream
from tests.suite.namespace import Tmpfs, enter_namespace, namespaces_refused

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Process = Callable[[Callable[[], None]], Any]

REFUSED = namespaces_refused()
pytestmark = pytest.mark.skipif(bool(REFUSED), reason=f"nobody may mount a disk of his own here: {REFUSED}")


def small_disk(folder: Path) -> Tmpfs:
    enter_namespace()
    return Tmpfs(folder)


def fill(stream: Stream, event: Event) -> SpoolFull:
    """Append until there is no room, and return how that was said."""
    with pytest.raises(SpoolFull) as refusal:
        while True:
            stream.append(event(stream.last + 1, size=700))
    return refusal.value


def assert_holds(stream: Stream, event: Event, *, last: int) -> None:
    """The stream has every event that was accepted, and nothing of one that was not."""
    assert stream.last == last
    assert stream.read(1) == [(number, event(number, size=700)) for number in range(1, last + 1)]
    assert stream.damage == (0, 0, 0)


def test_disk_that_is_full_in_the_middle_of_an_event_takes_all_of_it_or_nothing(
    folder: Path, open_spool: OpenSpool, event: Event, process: Process, end_abruptly: Callable[[DiskSpool], None]
) -> None:
    def work() -> None:
        disk = small_disk(folder)
        spool = open_spool()
        stream = spool.stream("patient-events")
        stream.append(event(1, size=700))
        for pages in (0, 1, 3):
            disk.leave(pages * 4096)
            before = stream.last
            problem = str(fill(stream, event))
            assert before < stream.last < before + 30, "a page or more were left"
            assert re.search(r"the disk took \d+ of \d+ bytes|No space left on device", problem), problem
            assert spool.where in problem and "1,048,576 bytes are in use" in problem
            assert "Free space on that disk, or point PYEVENTS_SPOOL_DIR to another one" in problem
            (segment,) = folder.glob("*/*/*/*.segment")
            assert segment.stat().st_size == HEADER_SIZE + stream.pending.size
            assert_holds(stream, event, last=stream.last)
        disk.leave(1 << 20)
        last = stream.append(event(stream.last + 1, size=700))
        assert_holds(stream, event, last=last)
        end_abruptly(spool)
        heir = open_spool()
        (name,) = heir.orphans()
        left = heir.adopt(name)
        assert left is not None
        assert_holds(left, event, last=last)

    with process(work):
        pass


def test_disk_that_is_full_before_the_first_event_leaves_nothing_behind(
    folder: Path, open_spool: OpenSpool, event: Event, process: Process
) -> None:
    def work() -> None:
        disk = small_disk(folder)
        spool = open_spool()
        (folder / "other").write_bytes(b"somebody else's")
        disk.leave(0)
        for _ in range(2):
            with pytest.raises(SpoolFull, match="0 bytes of the disk are free"):
                spool.stream("patient-events").append(event(1, size=700))
        assert not list(folder.glob("*/*/*/*.segment"))
        disk.leave(1 << 20)
        stream = spool.stream("patient-events")
        assert_holds(stream, event, last=stream.append(event(1, size=700)))

    with process(work):
        pass


def test_producer_on_a_full_disk_refuses_at_the_caller_and_sends_what_it_had_accepted(
    folder: Path, open_spool: OpenSpool, process: Process
) -> None:
    def work() -> None:
        disk, broker = small_disk(folder), MemoryTransport(partitions=1)
        broker.stop()
        with RobustKafkaProducer(
            service_name="s", transport=broker, spool=open_spool(), registry=MemoryRegistry(), auto_register=True
        ) as producer:
            accepted = [producer.publish(PatientUpdated(patient_id=1, ort="Halle"))]
            disk.leave(1 << 14)
            with pytest.raises(SpoolFull) as refusal:
                while True:
                    accepted.append(producer.publish(PatientUpdated(patient_id=1, ort="Halle")))
            assert "Halle" not in str(refusal.value)
            assert producer.status().pending == len(accepted)
            disk.leave(1 << 20)
            accepted.append(producer.publish(PatientUpdated(patient_id=1, ort="Halle")))
            broker.start()
            assert producer.flush(20) == 0
        sent = [message.value or b"" for message in broker.messages("patient-events")]
        assert [event_id for event_id in accepted if any(event_id.encode() in body for body in sent)] == accepted
        assert len(sent) == len(accepted) > 10

    with process(work):
        pass

"""What survives power loss: the writes and syncs of a real run are recorded, and the power fails after each.

The disk of the model keeps what was synced before, and of the rest nothing, every second write, all, or all with the
last one half done; a file or folder exists only if the folder above it was synced after it was made.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyevents.errors import ConfigurationInvalid
from pyevents.spool.durability import Durability
from pyevents.spool.errors import NotDurable
from pyevents.spool.folder import DiskSpool
from pyevents.spool.record import Entry

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Step = tuple[str, Path, int, bytes]
WORLDS = ("none", "every second", "all", "the last half")


class Recorder:
    """Passes on what a spool does to the disk, and keeps it in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[Step] = []
        for name in ("pwrite", "fdatasync", "fsync"):
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))

    def accepted(self, position: int) -> None:
        self.steps.append(("accepted", Path(), position, b""))

    def _recording(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *arguments: Any) -> Any:
            result = real(descriptor, *arguments)
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            data, offset = arguments if name == "pwrite" else (b"", 0)
            if name == "fsync":  # of a folder: what is in it now lasts
                data = "/".join(os.listdir(path)).encode()
            self.steps.append((name, path, offset, data))
            return result

        return call


def after_power_loss(steps: list[Step], root: Path, target: Path, world: str) -> None:
    """Lay out below *target* what the disk holds of *root*."""
    durable: dict[Path, bytearray] = {}
    waiting: list[Step] = []
    exists = {root}
    made: set[Path] = set()
    for step in steps:
        kind, path, _, data = step
        if kind == "pwrite":
            made.update((path, *path.parents))
            waiting.append(step)
        elif kind == "fdatasync":
            apply(durable, [other for other in waiting if other[1] == path])
            waiting = [other for other in waiting if other[1] != path]
        elif kind == "fsync":
            exists.update(path / name for name in data.decode().split("/"))
    kept = {"none": [], "every second": waiting[::2], "all": waiting, "the last half": waiting}[world]
    if world == "the last half" and kept:
        kind, path, offset, data = kept[-1]
        kept = [*kept[:-1], (kind, path, offset, data[: len(data) // 2])]
    apply(durable, kept)
    for path in made:
        below = [path, *(parent for parent in path.parents if root in parent.parents)]
        if root in path.parents and path.suffix and (world != "none" or exists.issuperset(below)):
            copy = target / path.relative_to(root)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy.write_bytes(durable.get(path, b""))
    for path in target.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def apply(files: dict[Path, bytearray], writes: list[Step]) -> None:
    for _, path, offset, data in writes:
        content = files.setdefault(path, bytearray())
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        content[offset : offset + len(data)] = data


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


def cuts(steps: list[Step]) -> Iterator[list[Step]]:
    for end in range(len(steps) + 1):
        yield steps[:end]


def positions_after(steps: list[Step], root: Path, target: Path, world: str, event: Event) -> list[int]:
    target.mkdir(mode=0o700)
    after_power_loss(steps, root, target, world)
    service = root.name
    spool = DiskSpool(target, service, "cluster", limit=1 << 20, reserve=0)
    found: list[int] = []
    for name in spool.orphans():
        stream = spool.adopt(name)
        assert stream is not None
        position = 1
        while part := stream.read(position):
            for position, entry in part:
                assert entry == event(position, size=12_000), "an event came back changed"
                found.append(position)
            position += 1
    spool.close()
    shutil.rmtree(target)
    assert found == sorted(set(found))
    return found


def kinds_after(steps: list[Step], position: int) -> list[str]:
    return [step[0] for step in steps[steps.index(("accepted", Path(), position, b"")) :]]


def accepted_in(steps: list[Step]) -> list[int]:
    return [position for kind, _, position, _ in steps if kind == "accepted"]


@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_what_each_durability_survives_when_the_power_fails_at_any_point(
    tmp_path: Path, recorder: Recorder, event: Event, durability: str
) -> None:
    root = tmp_path / "patient-service"
    root.mkdir(mode=0o700)
    parsed = Durability.parse(durability)
    spool = DiskSpool(root, root.name, "cluster", limit=1 << 20, reserve=0, durability=parsed)
    stream = spool.stream("patient-events")
    for number in range(1, 15):  # three segments
        recorder.accepted(stream.append(event(number, size=12_000)))
    assert len(list(root.rglob("*.segment"))) == 3
    steps = list(recorder.steps)
    lost = 0
    for number, so_far in enumerate(cuts(steps)):
        for world in WORLDS:
            target = tmp_path / f"{number}-{world}"
            found = positions_after(so_far, root, target, world, event)
            accepted = accepted_in(so_far)
            missing = set(accepted) - set(found)
            lost += len(missing)
            if durability == "fsync" or world == "all":
                assert not missing, f"{missing} were accepted and are gone: {world} of the writes reached the disk"
            assert set(found) <= set(range(1, 15))
    assert (lost > 0) == (durability == "os"), "the model of the disk must be able to lose something"
    spool.close()


def test_a_sync_covers_the_segments_that_were_ended_since_the_last(
    tmp_path: Path, recorder: Recorder, event: Event
) -> None:
    root = tmp_path / "patient-service"
    root.mkdir(mode=0o700)
    parsed = Durability.parse("interval:600000")
    spool = DiskSpool(root, root.name, "cluster", limit=1 << 20, reserve=0, durability=parsed)
    stream = spool.stream("patient-events")
    for number in range(1, 15):
        recorder.accepted(stream.append(event(number, size=12_000)))
    stream.sync()
    found = positions_after(list(recorder.steps), root, tmp_path / "later", "none", event)
    assert found == accepted_in(recorder.steps)
    spool.close()


def test_interval_syncs_what_was_accepted_without_another_event(
    folder: Path, recorder: Recorder, open_spool: OpenSpool, event: Event
) -> None:
    spool = open_spool(durability="interval:10")
    stream = spool.stream("patient-events")
    for number in range(1, 4):
        recorder.accepted(stream.append(event(number)))
    until(lambda: "fdatasync" in kinds_after(recorder.steps, 3))
    synced = len(recorder.steps)
    time.sleep(0.05)
    assert len(recorder.steps) == synced, "nothing new is nothing to sync"
    stream.append(event(4))
    until(lambda: len(recorder.steps) >= synced + 2)


def test_a_closed_spool_syncs_no_more(open_spool: OpenSpool, event: Event) -> None:
    others = threading.enumerate()
    spool = open_spool(durability="interval:5")
    spool.stream("patient-events").append(event(1))
    (syncer,) = [one for one in threading.enumerate() if one.name == "pyevents-spool-sync" and one not in others]
    spool.close()
    syncer.join(5)
    assert not syncer.is_alive()


def test_concurrent_publishers_share_a_sync(
    recorder: Recorder, open_spool: OpenSpool, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        time.sleep(0.01)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    stream = open_spool(durability="fsync").stream("patient-events")

    def publish() -> None:
        for number in range(5):
            stream.append(event(number))

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    syncs = sum(kind == "fdatasync" for kind, *_ in recorder.steps)
    assert stream.last == 40
    assert syncs <= 20, f"{syncs} syncs for 40 events of 8 publishers"


def test_an_event_that_cannot_be_synced_is_never_called_durable(
    open_spool: OpenSpool, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = open_spool(durability="fsync").stream("patient-events")
    stream.append(event(1))
    real = os.fdatasync

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(NotDurable, match="may still be sent"):
        stream.append(event(2))
    monkeypatch.setattr(os, "fdatasync", real)
    assert stream.append(event(3)) == 3
    assert [at for at, _ in stream.read(1)] == [1, 2, 3]


@pytest.mark.parametrize(
    "text", ["", "os:1", "fsync:1", "interval", "interval:", "interval:0", "interval:-1", "always"]
)
def test_a_durability_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="durability"):
        Durability.parse(text)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)

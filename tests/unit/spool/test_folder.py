from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyevents.errors import ConfigurationInvalid
from pyevents.spool.errors import FolderUnusable
from pyevents.spool.folder import DiskSpool, cluster_of, service_folder, topic_of
from pyevents.spool.place import default_folder, rests_on
from pyevents.spool.record import Entry
from pyevents.spool.stream import Spool

Event = Callable[..., Entry]
OpenSpool = Callable[..., DiskSpool]
Process = Callable[[Callable[[], None]], Any]


def open_in(folder: Path, service: str = "s") -> Spool:
    return DiskSpool(folder, service, cluster_of("a"))


def test_a_missing_folder_is_refused_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable, match=f"does not exist.*mkdir -m 700 {tmp_path}/there"):
        open_in(tmp_path / "there")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(FolderUnusable, match=r"is a file\. Name a folder"):
        open_in(tmp_path / "there")


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777, 0o701])
def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(FolderUnusable, match=f"mode {mode:o}.*chmod 700"):
        open_in(folder)


def test_the_folder_that_our_image_makes_is_one_that_a_spool_takes(tmp_path: Path) -> None:
    dockerfile = Path(__file__).parents[3].joinpath("docker/Dockerfile").read_text()
    (options,) = re.findall(r"install (--directory .*)--owner pyevents /var/spool/pyevents", dockerfile)
    subprocess.run(["install", *options.split(), tmp_path / "spool"], check=True)
    open_in(tmp_path / "spool").close()


def test_a_folder_that_others_use_is_not_to_be_closed_to_them(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "etc").mkdir(mode=0o755)
    with pytest.raises(FolderUnusable, match=f"mode 755.*mkdir -m 700 {folder}/pyevents-spool"):
        open_in(folder)
    (folder / "etc").rmdir()
    folder.chmod(0o1777)
    with pytest.raises(FolderUnusable, match=f"mode 777.*mkdir -m 700 {folder}/pyevents-spool"):
        open_in(folder)


def test_a_disk_no_larger_than_its_reserve_is_refused_at_once(folder: Path) -> None:
    status = os.statvfs(folder)
    size = status.f_blocks * status.f_frsize
    with pytest.raises(FolderUnusable, match=f"is on a disk of {size:,} bytes, of which {size:,} stay free"):
        DiskSpool(folder, "s", cluster_of("a"), reserve=size)


def test_a_service_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    open_in(folder).close()
    (folder / "s").chmod(0o755)
    with pytest.raises(FolderUnusable, match="mode 755"):
        open_in(folder)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, process: Process) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o500)
    tmp_path.chmod(0o755)
    os.chdir(tmp_path)

    def without_privileges() -> None:
        if os.getuid() == 0:
            os.chown(folder, 65534, 65534)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        with pytest.raises(FolderUnusable, match="cannot be written to"):
            open_in(Path("spool"))

    with process(without_privileges):
        pass


def test_nobody_else_can_read_what_lies_there(folder: Path, event: Event) -> None:
    before = os.umask(0)
    try:
        spool = open_in(folder)
        spool.stream("t").append(event(1))
        spool.stream("t").checkpoint()
    finally:
        os.umask(before)
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    spool.close()


def test_the_cluster_is_the_same_in_every_order_of_its_bootstrap_list() -> None:
    assert cluster_of("b:9092, a:9092,") == cluster_of("a:9092,b:9092")
    assert cluster_of("a:9092") != cluster_of("b:9092")


@pytest.mark.parametrize("service", ["../up", ".", "..", "a/b", "ärzte", ".hidden"])
def test_a_service_name_never_leaves_the_folder(folder: Path, service: str) -> None:
    spool = open_in(folder, service)
    assert Path(spool.where).parent.parent == folder
    assert "/" not in service_folder(service)
    spool.close()


@pytest.mark.parametrize("service", ["", "x" * 300, 7, None])
def test_a_service_name_that_names_no_folder_is_refused(folder: Path, service: Any) -> None:
    with pytest.raises(ConfigurationInvalid, match="service_name"):
        open_in(folder, service)


def test_the_longest_topic_that_kafka_allows_has_a_stream(folder: Path, event: Event) -> None:
    spool = open_in(folder)
    topic = "t" * 249
    stream = spool.stream(topic)
    stream.append(event(1, topic=topic))
    assert stream.read(1) == [(1, event(1, topic=topic))]
    assert topic_of(stream.name) == topic[:230]
    spool.close()


def test_the_default_folder_is_made_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = default_folder()
    assert folder == default_folder()
    open_in(folder).close()


MOUNTS = r"""
22 1 0:20 / / rw,relatime - overlay overlay rw
23 22 0:21 / /dev/shm rw - tmpfs tmpfs rw
24 22 8:1 / {folder} rw,noatime shared:1 - ext4 /dev/sda1 rw
25 22 0:30 / /with\040space rw - tmpfs tmpfs rw
"""


def test_what_a_folder_rests_on_is_read_from_the_nearest_mount(folder: Path) -> None:
    mounts = MOUNTS.format(folder=folder)
    assert rests_on(folder, mounts) == "disk"
    assert rests_on(folder / "below", mounts) == "disk"
    assert rests_on(folder.parent, mounts) == "container"
    assert rests_on(Path("/dev/shm"), mounts) == "memory"
    assert rests_on(Path("/with space/x"), mounts) == "memory"
    assert rests_on(folder, "") == "disk"
    assert rests_on(folder) in ("disk", "container", "memory")


def test_folder_that_somebody_emptied_is_filled_again(
    folder: Path, open_spool: OpenSpool, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    spool = open_spool()
    spool.stream("patient-events").append(event(1))
    shutil.rmtree(folder / "patient-service")
    spool.checkpoint()
    assert "was removed, with the events that waited there" in caplog.text
    stream = spool.stream("patient-events")
    stream.append(event(2))
    assert [entry for _, entry in stream.read(1)] == [event(2)]
    shutil.rmtree(folder)
    spool.checkpoint()
    with pytest.raises(FolderUnusable, match="cannot be made: No such file or directory"):
        spool.stream("patient-events")

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pyevents import RobustKafkaProducer
from pyevents.errors import ConfigurationInvalid
from pyevents.events import PatientDeleted
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.producer import storage
from pyevents.spool.errors import FolderUnusable
from pyevents.spool.folder import cluster_of
from tests.suite.place import wait_until

NOBODY = "127.0.0.1:1"


def test_events_wait_in_a_stream_of_the_service_and_the_cluster(spool_folder: Path) -> None:
    with RobustKafkaProducer(NOBODY, "patient-service") as producer:
        producer.publish(PatientDeleted(patient_id=1))
        (stream,) = (spool_folder / "patient-service" / cluster_of(NOBODY)).iterdir()
        assert stream.name.startswith("patient-events~")
        assert (producer.status().pending, producer.status().durability) == (1, "os")
        assert producer.close(0) == 1
    assert stream.exists()


def test_a_folder_given_as_argument_goes_before_the_environment(tmp_path: Path, spool_folder: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    with RobustKafkaProducer(NOBODY, "s", spool_dir=own) as producer:
        producer.close(0)
    assert list(own.iterdir()) and not list(spool_folder.iterdir())


def test_a_folder_below_the_home_may_be_named_by_its_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYEVENTS_SPOOL_DIR", "~/events")  # as an env file has it, which no shell has read
    with pytest.raises(FolderUnusable, match=f"mkdir -m 700 {tmp_path}/events"):
        RobustKafkaProducer(NOBODY, "s")
    (tmp_path / "events").mkdir(mode=0o700)
    with RobustKafkaProducer(NOBODY, "s") as producer:
        producer.close(0)
    assert list((tmp_path / "events").iterdir())


def test_a_folder_in_place_of_the_kind_of_spool_is_shown_its_own_argument() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"its folder is `spool_dir`"):
        RobustKafkaProducer(NOBODY, "s", spool="/var/spool/events")  # type: ignore[arg-type]


def test_a_missing_folder_is_refused_at_the_start_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable, match="mkdir -m 700"):
        RobustKafkaProducer(NOBODY, "s", spool_dir=tmp_path / "missing")


def test_a_home_that_cannot_be_written_to_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("PYEVENTS_SPOOL_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with pytest.raises(FolderUnusable, match="point PYEVENTS_SPOOL_DIR"):
        RobustKafkaProducer(NOBODY, "s")


@pytest.mark.parametrize(
    "wrong",
    [{"durability": "sometimes"}, {"spool": "disc"}, {"spool": None, "spool_dir": "/tmp"}, {"spool_limit": 1}],
    ids=str,
)
def test_a_setting_that_cannot_work_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationInvalid):
        RobustKafkaProducer(NOBODY, "s", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", [None, MemoryTransport()], ids=["asked for", "transport in memory"])
def test_memory_leaves_nothing_on_the_disk(transport: MemoryTransport | None, spool_folder: Path) -> None:
    options = {"spool": None} if transport is None else {"transport": transport, "registry": MemoryRegistry()}
    with RobustKafkaProducer(NOBODY, "s", **options) as producer:  # type: ignore[arg-type]
        producer.publish(PatientDeleted(patient_id=1))
        assert producer.status().durability == "memory"
        producer.close(0)
    assert not list(spool_folder.iterdir())


@pytest.mark.parametrize("resting", ["container", "memory"])
def test_a_folder_that_goes_with_its_container_is_said_once_and_in_the_status(
    resting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(storage, "rests_on", lambda folder: resting)
    with caplog.at_level(logging.WARNING, "pyevents.producer"):
        for _ in range(2):
            with RobustKafkaProducer(NOBODY, "s") as producer:
                assert producer.status().durability == resting
                producer.close(0)
    assert caplog.text.count("mount a volume") == 1


def test_what_others_leave_is_still_sent_after_the_folder_was_away(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pyevents.producer.keeper._CHECKPOINT", 0.02)
    monkeypatch.setattr("pyevents.producer.keeper._ADOPTION", 0.02)
    with RobustKafkaProducer(NOBODY, "s") as living:
        cluster = spool_folder / "s" / cluster_of(NOBODY)
        aside = cluster.rename(cluster.with_name("away"))
        cluster.touch()
        wait_until(lambda: "the keeper goes on" in caplog.text, "the folder is missed")
        cluster.unlink()
        aside.rename(cluster)
        other = RobustKafkaProducer(NOBODY, "s")
        other.publish(PatientDeleted(patient_id=1))
        other.close(0)
        wait_until(lambda: living.status().pending == 1, "the other's event is adopted")
        assert caplog.text.count("the keeper goes on") == 1, "it is said once, not every second"
        living.close(0)

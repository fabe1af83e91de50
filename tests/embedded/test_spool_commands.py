"""`pyevents spool drain` and `rejected replay`, against a broker: what a person does after a machine died."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from pyevents import RobustKafkaProducer
from pyevents.cli import main
from pyevents.events import PatientUpdated
from pyevents.spool import rejected
from pyevents.spool.folder import cluster_of
from pyevents.spool.listing import entries, streams
from tests.torture.verdict import header, read_topics


@pytest.fixture
def service() -> str:
    return f"patient-service-{uuid4().hex[:8]}"


@pytest.fixture
def left_behind(
    embedded: Any, service: str, tmp_path: Path, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], list[str]]]:
    """Publish while the broker is away, end, and bring the broker back: what a process leaves in the spool."""
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path / "cache"))

    def leave(count: int, service: str = service) -> list[str]:
        url = embedded.registry_url
        with RobustKafkaProducer(
            embedded.bootstrap_servers, service, schema_registry_url=url, auto_register=True
        ) as one:
            one.publish(PatientUpdated(patient_id=1, ort="Leipzig"), headers=header(0))
            assert one.flush(20) == 0
            embedded.stop_broker()
            ids = [
                one.publish(PatientUpdated(patient_id=1, ort="Halle"), headers=header(n)) for n in range(1, count + 1)
            ]
            one.close(0)
        embedded.start_broker()
        return ids

    yield leave
    embedded.start_broker()


@pytest.fixture
def spool_command(embedded: Any) -> Callable[..., Result]:
    def run(*arguments: str, servers: str = embedded.bootstrap_servers) -> Result:
        to = ["--bootstrap-servers", servers, "--registry", embedded.registry_url]
        result = CliRunner().invoke(main, ["spool", *arguments, *to])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def on_the_topic(embedded: Any) -> list[str]:
    return [seen.event_id for seen in read_topics(embedded.bootstrap_servers, ["patient-events"])]


def test_what_a_dead_machine_left_is_sent_from_a_copy_of_its_folder(
    embedded: Any,
    left_behind: Callable[..., list[str]],
    spool_command: Callable[..., Result],
    spool_folder: Path,
    tmp_path: Path,
) -> None:
    ids = left_behind(300)
    copy = Path(shutil.copytree(spool_folder, tmp_path / "copied"))
    copy.chmod(0o700)
    result = spool_command("drain", "--spool-dir", str(copy))
    assert (result.exit_code, result.output) == (0, "sent: 300, left: 0, rejected: 0; living owners: 0\n")
    arrived = on_the_topic(embedded)
    assert [one for one in arrived if one in set(ids)] == ids, "in order, with the ids that they had"
    assert list(streams(copy)) == []


def test_drain_sends_what_the_default_service_name_left(
    left_behind: Callable[..., list[str]], spool_command: Callable[..., Result], spool_folder: Path
) -> None:
    left_behind(3, "unknown-service")
    assert "sent: 3, left: 0" in spool_command("drain").output


def test_drain_with_nobody_at_the_broker_says_what_is_left_and_keeps_it(
    embedded: Any, left_behind: Callable[..., list[str]], spool_command: Callable[..., Result], spool_folder: Path
) -> None:
    left_behind(3)
    cluster = cluster_of(embedded.bootstrap_servers)
    result = spool_command("drain", "--timeout", "0.5", "--cluster", cluster, servers="127.0.0.1:1")
    assert result.exit_code == 1
    assert "sent: 0, left: 3" in result.output
    assert "no Kafka broker answers at 127.0.0.1:1" in result.output and "KAFKA_BOOTSTRAP_SERVERS" in result.output
    assert [one.events for one in streams(spool_folder)] == [3]


def test_drain_to_another_cluster_asks_for_the_name_of_the_right_one(
    embedded: Any, left_behind: Callable[..., list[str]], spool_command: Callable[..., Result]
) -> None:
    left_behind(1)
    result = spool_command("drain", servers="127.0.0.1:1")
    assert result.exit_code == 2
    assert cluster_of(embedded.bootstrap_servers) in result.output


def test_typo_in_a_service_names_the_nearest(
    left_behind: Callable[..., list[str]], spool_command: Callable[..., Result], service: str
) -> None:
    left_behind(1)
    result = spool_command("drain", "--service", service[:-1])
    assert (result.exit_code, f"Did you mean {service!r}?" in result.output) == (2, True)


def test_replay_to_another_cluster_is_refused_and_leaves_the_events_where_they_are(
    embedded: Any, left_behind: Callable[..., list[str]], spool_command: Callable[..., Result], spool_folder: Path
) -> None:
    left_behind(1)
    (stream,) = streams(spool_folder)
    ((position, entry),) = entries(stream.folder)
    path = rejected.keep(stream.folder.parent, stream.name, position, entry, "POLICY_VIOLATION: forbidden")
    assert spool_command("rejected", "replay", "--all", servers="127.0.0.1:1").exit_code == 2
    assert len(rejected.read(path)) == 1


def test_rejected_events_are_sent_when_replayed_and_then_gone(
    embedded: Any, left_behind: Callable[..., list[str]], spool_command: Callable[..., Result], spool_folder: Path
) -> None:
    ids = left_behind(4)
    (stream,) = streams(spool_folder)
    for position, entry in entries(stream.folder):
        rejected.keep(stream.folder.parent, stream.name, position, entry, "MSG_SIZE_TOO_LARGE: too large")
    shutil.rmtree(stream.folder)
    result = spool_command("rejected", "replay", stream.name)
    assert (result.exit_code, result.output) == (0, "sent: 4, left: 0, rejected: 0; living owners: 0\n")
    assert set(ids) <= set(on_the_topic(embedded))
    assert rejected.files(stream.folder.parent) == []

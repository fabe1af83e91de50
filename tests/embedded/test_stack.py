"""`pyevents stack test`: what works is said part by part, and so is what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pyevents import KafkaConsumer
from pyevents.catalog import load
from pyevents.cli import main
from pyevents.dev.embedded import Embedded
from pyevents.dev.real.process import free_port
from pyevents.events import PatientDeleted
from pyevents.kafka import KafkaTransport
from pyevents.probe import probe_payload
from tests.suite.place import Running, wait_until


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    """A pair of its own, with nobody else's events."""
    with Embedded(load().catalog.every_topic) as pair:
        yield pair


def stack_test(embedded: Embedded, *arguments: str, **places: str) -> tuple[int, str]:
    places = {"--bootstrap-servers": embedded.bootstrap_servers, "--registry": embedded.registry_url} | places
    words = [word for pair in places.items() for word in pair]
    done = CliRunner().invoke(main, ["stack", "test", *words, *arguments])
    return done.exit_code, done.output


@pytest.fixture(scope="module", autouse=True)
def contracts(embedded: Embedded) -> None:
    done = CliRunner().invoke(main, ["registry", "apply", "--yes", "--registry", embedded.registry_url])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("topic", sorted(load().topics))
def test_probe_can_be_made_up_for_every_topic(topic: str) -> None:
    event_type, payload = probe_payload(load(), topic)
    assert load().contract(event_type).topic == topic
    assert payload


@pytest.mark.parametrize("topic", ["patient-events", "email-commands"])
def test_probe_goes_through_and_every_part_is_named(embedded: Embedded, topic: str) -> None:
    status, output = stack_test(embedded, "--topic", topic)
    assert status == 0, output
    assert [line.split()[1] for line in output.splitlines()][:2] == ["broker", "registry"]
    assert output.splitlines()[-1] == "ok    and read back as it was sent, schema id included"


def test_consumers_skip_the_probe(embedded: Embedded) -> None:
    seen: list[PatientDeleted] = []
    consumer = KafkaConsumer(
        None, "matching-service.probe", embedded.bootstrap_servers, schema_registry_url=embedded.registry_url
    )
    consumer.on(PatientDeleted)(seen.append)
    running = Running(consumer.run)
    assert stack_test(embedded)[0] == 0
    wait_until(lambda: consumer.status().skipped, "the probe is skipped")
    consumer.close()
    running.join()
    assert not seen


def test_missing_part_is_named(embedded: Embedded) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    status, output = stack_test(embedded, "--timeout", "1", **{"--bootstrap-servers": nowhere})
    assert (status, output.split(":")[0]) == (2, "FAIL  broker")
    status, output = stack_test(embedded, "--timeout", "2", **{"--registry": f"http://{nowhere}"})
    assert (status, output.splitlines()[-1].split(":")[0]) == (2, "FAIL  registry")
    status, output = stack_test(embedded, "--topic", "patient-event")
    assert status == 2
    assert "no contract knows 'patient-event'" in output


def test_missing_schema_and_topic_are_named(embedded: Embedded) -> None:
    with Embedded() as bare:
        status, output = stack_test(bare)
        assert (status, output.splitlines()[-1].split(":")[0]) == (2, "FAIL  topic")
        KafkaTransport(bare.bootstrap_servers).topics()
    with Embedded(load().catalog.topics) as unregistered:
        status, output = stack_test(unregistered)
        assert (status, output.splitlines()[-1].split(":")[0]) == (2, "FAIL  schema")
        assert "pyevents registry apply" in output


def test_command_for_inside_the_stack_is_printed(embedded: Embedded) -> None:
    status, output = stack_test(embedded, "--print-command", "--timeout", "5")
    assert (status, output.strip()) == (
        0,
        "docker compose exec -T kafka /opt/kafka/bin/kafka-console-consumer.sh --bootstrap-server kafka:9092 "
        "--topic patient-events --from-beginning --timeout-ms 5000",
    )


def test_inside_says_what_docker_says(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    status, output = stack_test(embedded, "--inside")
    assert status == 2
    assert "docker is not installed here" in output


def test_inside_quotes_what_docker_says_first(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nprintf 'unknown flag: -T\\n\\nRun docker --help for more\\n' >&2; exit 125\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    status, output = stack_test(embedded, "--inside")
    assert (status, "--inside: unknown flag: -T. Is the stack up?" in output) == (2, True)

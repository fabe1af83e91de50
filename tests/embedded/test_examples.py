"""The services under examples/ as processes: a patient is created over HTTP, and matched once, with an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pyevents import KafkaConsumer
from pyevents.catalog import load
from pyevents.cli import main
from pyevents.dev.embedded import Embedded
from pyevents.dev.real.process import free_port
from pyevents.events import MatchCreated
from tests.suite.place import Running, wait_until

pytestmark = pytest.mark.slow  # a server for each service, and a database

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(module: str, environment: dict[str, str], *command: str) -> Iterator[str]:
    """Run a service of examples/ on a port of its own, and give its address."""
    port = str(free_port())
    arguments = [sys.executable, "-m", *command, "--port", port]
    process = subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(address) or process.poll() is not None, f"{module} serves")
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=30))


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    """A pair of its own: the services handle whatever is on it."""
    with Embedded(load().catalog.every_topic) as pair:
        yield pair


@pytest.fixture
def environment(embedded: Embedded) -> dict[str, str]:
    places = {"KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers, "SCHEMA_REGISTRY_URL": embedded.registry_url}
    done = CliRunner().invoke(main, ["registry", "apply", "--registry", embedded.registry_url, "--yes"])
    assert done.exit_code == 0, done.output
    return places


def test_patient_that_is_created_is_matched_and_answered(
    environment: dict[str, str], tmp_path: Path, embedded: Embedded
) -> None:
    patients = environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/patients.db"}
    matching = environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/matches.db"}
    seen: list[MatchCreated] = []
    consumer = KafkaConsumer(
        None, "communication-service.test", embedded.bootstrap_servers, schema_registry_url=embedded.registry_url
    )
    consumer.on(MatchCreated)(seen.append)
    running = Running(consumer.run)
    flask = ("flask", "--app", "examples.matching_service", "run")
    with (
        serving("patient-service", patients, "uvicorn", "examples.patient_service:app") as patient_service,
        serving("matching-service", matching, *flask) as matching_service,
    ):
        made = [ask(f"{patient_service}/patients", {"vorname": "Anna", "nachname": f"Muster {n}"}) for n in range(5)]
        wanted = sorted(one["patient_id"] for one in made)
        wait_until(lambda: len(seen) >= 5, "matching-service answers every patient with a match")
        assert sorted(match.patient_id for match in seen) == wanted
        assert sorted(one["patient_id"] for one in ask(f"{matching_service}/matches")) == wanted
    consumer.close()
    running.join()

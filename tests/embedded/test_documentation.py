"""What README, docs, examples and the platform's document show runs as it stands there, on the embedded pair."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from pyevents import EventSchema, KafkaConsumer, RobustKafkaProducer
from pyevents.dev.embedded import Embedded
from tests.suite.document import PAGES, Block, blocks, run, usage_examples

ROOT = Path(__file__).parents[2]
BLOCKS = [block for page in PAGES for block in blocks(page) if block.runnable]


@pytest.fixture(scope="module")
def environment(embedded: Embedded, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a user's shell has: the commands, and where broker and registry are."""
    found = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KAFKA_BOOTSTRAP_SERVERS": embedded.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": embedded.registry_url,
        **{f"KAFKA_{name.upper().replace('.', '_')}": str(it) for name, it in embedded.consumer_properties.items()},
        "PYEVENTS_SPOOL_DIR": str(tmp_path_factory.mktemp("spool")),
    }
    subprocess.run(["pyevents", "registry", "apply", "--yes"], env=found, check=True, capture_output=True)
    return found


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the repository generates from, and into."""
    for name in ("schemas", "docker", "pyevents/events"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_block_does_what_its_mark_says(block: Block, environment: dict[str, str], folder: Path) -> None:
    block.run(folder, environment)


def test_example_consumer_prints_what_the_example_producer_sends(environment: dict[str, str]) -> None:
    status, said = run([sys.executable, "examples/producer.py", "Änne", "Muster"], ROOT, environment)
    assert status == 0, said
    patient = said.split()[-1]
    status, said = run([sys.executable, "-u", "examples/consumer.py"], ROOT, environment, until=f"patient {patient} ")
    assert status == 0, said
    assert f"patient {patient} is new" in said


def test_usage_examples_of_the_platforms_document_carry_events(settings: None) -> None:
    created, updated = queue.SimpleQueue[int](), queue.SimpleQueue[dict[str, Any]]()
    number = uuid4().int % 10**12

    class Patient(SimpleNamespace):
        pass

    names: dict[str, Any] = {
        "RobustKafkaProducer": RobustKafkaProducer,
        "KafkaConsumer": KafkaConsumer,
        "EventSchema": EventSchema,
        "Patient": Patient,
        "db": SimpleNamespace(add=lambda _: None, commit=lambda: None),
        "process_new_patient": created.put,
        "update_matching_data": updated.put,
    }
    blocks = usage_examples()
    if not blocks:
        pytest.skip("the platform's document is not beside the repository")
    for block in blocks:
        exec(block, names)
    try:
        names["create_patient"]({"id": number, "vorname": "Anna", "nachname": "Muster"})
        names["producer"].send_event("patient-events", "patient.updated", {"patient_id": number, "ort": "Köln"})
        while created.get(timeout=30) != number:  # what other tests sent comes first
            pass
        while updated.get(timeout=30) != {"patient_id": number, "ort": "Köln"}:
            pass
    finally:
        names["consumer"].close()
        names["producer"].close()

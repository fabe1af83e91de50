"""The commands that need a broker and a registry, as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyevents.cli import main
from pyevents.dev.embedded import Embedded

PAYLOAD = '{"patient_id": 7}'


def run(*arguments: str, given: str | None = None) -> Result:
    result = CliRunner().invoke(main, arguments, input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedded]:
    """A pair of its own, with nothing registered."""
    with Embedded() as pair:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", pair.bootstrap_servers)
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", pair.registry_url)
        pair.create_topic("patient-events")
        yield pair


def test_publish_of_an_unregistered_schema_names_the_command_that_registers(own: Embedded) -> None:
    result = run("publish", "patient.deleted", "-", "--timeout", "3", given=PAYLOAD)
    assert result.exit_code == 2
    assert "registry apply" in result.output and "KAFKA_BOOTSTRAP_SERVERS" not in result.output


def test_published_event_is_read_along_without_its_payload(own: Embedded) -> None:
    assert run("publish", "patient.deleted", "-", "--register", given=PAYLOAD).exit_code == 0
    arguments = ("tail", "patient-events", "--from-beginning", "--max", "1", "--timeout", "20")
    envelope, whole = run(*arguments), run(*arguments, "--payload")
    assert envelope.exit_code == whole.exit_code == 0
    assert "patient.deleted" in envelope.output and "patient_id" not in envelope.output
    assert "patient_id" in whole.output


def test_topics_plan_says_at_once_that_the_embedded_broker_cannot_tell(own: Embedded) -> None:
    result = run("topics", "plan")
    assert (result.exit_code, "pyevents dev --real" in result.output) == (2, True)


def test_doctor_names_what_is_not_registered(own: Embedded) -> None:
    result = run("doctor", "--format", "json")
    found = {one["name"]: one for one in json.loads(result.output)}
    assert (result.exit_code, found["registry"]["good"], found["contracts"]["good"]) == (1, True, False)
    assert "patient-events-patient.created 1.0" in found["contracts"]["words"]
    assert "pyevents registry apply" in found["contracts"]["words"]


def test_doctor_is_content_with_what_dev_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [str(Path(sys.executable).parent / "pyevents"), "dev"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as dev:
        assert dev.stdout
        for line in dev.stdout:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            monkeypatch.setenv(name, value)
            if name == "PYEVENTS_SPOOL_DIR":
                break
        monkeypatch.chdir(tmp_path)
        result = run("doctor")
        assert result.exit_code == 0, result.output
        assert run("publish", "patient.deleted", "-", given=PAYLOAD).exit_code == 0
        assert run("registry", "plan", "--exit-code").exit_code == 0
        dev.send_signal(signal.SIGINT)
        assert dev.wait(20) == 0
    assert not Path(os.environ["PYEVENTS_SPOOL_DIR"]).exists()

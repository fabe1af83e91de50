"""The registry commands on the embedded registry."""

from __future__ import annotations

import threading

import pytest
from click.testing import CliRunner

from pyevents.cli.main import main
from pyevents.dev.embedded import Embedded
from tests.suite.frontdoor import Answer, FrontDoor
from tests.suite.registry import RegistrySuite


class TestEmbeddedRegistry(RegistrySuite):
    @pytest.fixture
    def registry_address(self, embedded: Embedded) -> str:
        return embedded.registry_url


def test_a_registry_that_goes_away_is_said_and_the_next_run_goes_on() -> None:
    left, back = threading.Semaphore(20), threading.Event()
    with FrontDoor(lambda asked: None if back.is_set() or left.acquire(blocking=False) else GONE) as door:
        asked = ["registry", "apply", "--yes", "--registry", door.url, "--retries", "0"]
        broken = CliRunner().invoke(main, asked)
        assert broken.exit_code == 2
        assert "cannot be asked: it answers 503" in broken.output
        before = len(door.registry.store.subjects())
        assert 0 < before < 14
        back.set()
        done = CliRunner().invoke(main, asked)
        assert done.exit_code == 0, done.output
        assert len(door.registry.store.subjects()) == 14


GONE = Answer(503, b'{"error_code": 50302, "message": "leader is away"}')


def test_what_the_registry_refuses_ends_its_subject_and_no_other() -> None:
    refusal = Answer(409, b'{"error_code": 409, "message": "incompatible with an earlier schema"}')
    posted = "/subjects/patient-events-patient.created/versions"

    with FrontDoor(lambda asked: refusal if asked.method == "POST" and asked.path.startswith(posted) else None) as door:
        done = CliRunner().invoke(main, ["registry", "apply", "--yes", "--registry", door.url])
        assert done.exit_code == 1
        assert "patient-events-patient.created: incompatible with an earlier schema" in done.output
        assert "27 of 28 changes are made" in done.output
        assert len(door.registry.store.subjects()) == 13

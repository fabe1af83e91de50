"""A registry that is kept in a file: the next start goes on where the last one ended, however it ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyevents.dev.registry.refusal import Refusal
from pyevents.dev.registry.registry import Registry
from pyevents.errors import ConfigurationInvalid
from tests.unit.dev.desk import Desk
from tests.unit.dev.texts import avro, posted, record

PATIENT, WITH_CITY = record(patient_id_="integer"), record(patient_id_="integer", city="string")


def desk_on(path: Path) -> Desk:
    return Desk(Registry(path))


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    desk = desk_on(tmp_path / "registry.sqlite")
    desk.register("patients", PATIENT)
    desk.register("patients", WITH_CITY)
    desk.register("emails", avro(("to", "string")), "AVRO", metadata={"properties": {"owner": "a"}})
    desk.ask("DELETE", "/subjects/patients/versions/1")
    desk.ask("PUT", "/config/patients", {"compatibility": "FULL"})
    desk.ask("PUT", "/config", {"compatibility": "NONE"})
    desk.ask("PUT", "/mode/emails", {"mode": "READONLY"})
    desk.ask("POST", "/associations", ASSOCIATION)
    questions = [
        "/subjects?deleted=true", "/subjects/patients/versions", "/subjects/patients/versions?deletedOnly=true",
        "/subjects/emails/versions/1", "/schemas/ids/1", "/schemas/ids/3", "/config", "/config/patients", "/mode/emails",
        "/associations/resources/-/patients",
    ]  # fmt: skip
    before = [desk.ask("GET", question) for question in questions]
    desk.close()
    again = desk_on(tmp_path / "registry.sqlite")
    assert [again.ask("GET", question) for question in questions] == before
    assert again.register("patients", WITH_CITY)["id"] == 2, "it is found, not registered anew"
    assert again.code("POST", "/subjects/emails/versions", posted(PATIENT)) == 42205


ASSOCIATION = {
    "resourceName": "patients", "resourceNamespace": "k", "resourceId": "r", "resourceType": "topic",
    "associations": [{"subject": "patients"}],
}  # fmt: skip


def test_an_id_is_not_given_again_after_a_restart(tmp_path: Path) -> None:
    desk = desk_on(tmp_path / "registry.sqlite")
    desk.register("patients", PATIENT)
    desk.ask("DELETE", "/subjects/patients")
    desk.ask("DELETE", "/subjects/patients?permanent=true")
    desk.close()
    assert desk_on(tmp_path / "registry.sqlite").register("patients", PATIENT)["id"] == 2


def test_a_question_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    """The first association of two is made, then the second one's schema is none."""
    desk = desk_on(tmp_path / "registry.sqlite")
    two = {**ASSOCIATION, "associations": [{"subject": "a"}, {"subject": "b", "associationType": "key", "schema": {}}]}
    with pytest.raises(Refusal):
        desk.ask("POST", "/associations", two)
    assert desk.ask("GET", "/associations/resources/-/patients") == []


def test_a_file_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(json.dumps({"no": "database"}) * 1_000)
    kept = Registry(tmp_path / "taken")
    for name in ("text", "nowhere/registry.sqlite", "taken"):
        with pytest.raises(ConfigurationInvalid, match="end the process that has it"):
            Registry(tmp_path / name)
    kept.store.close()

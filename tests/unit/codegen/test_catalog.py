"""The catalog holds each contract composed: the message schema as it is registered, the writer and the reader."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import fastavro
import msgspec
import pytest

from pyevents import catalog
from pyevents_codegen.assemble import assemble, text
from pyevents_codegen.examples import validator
from pyevents_codegen.folder import Folder

from .conftest import COMMAND, CONTRACT, PAYLOAD, Spoilable


def version_of(schemas: Spoilable, event_type: str = "patient.created", number: str = "1.0") -> catalog.Version:
    contracts = {contract.event_type: contract for contract in assemble(schemas.load()).contracts}
    return contracts[event_type].find(number)[1]


def message(version: str, payload: dict[str, Any], event_type: str = "patient.created") -> dict[str, Any]:
    return {
        "eventId": "0193a7c2-6c22-7e11-9b0d-77aa10c3e5d2",
        "eventType": event_type,
        "version": version,
        "timestamp": "2026-11-23T07:00:00.000000Z",
        "producer": "patient-service",
        "payload": payload,
    }


ANNA = {"patient_id": 7, "vorname": "Anna"}


def test_message_schema_is_envelope_and_payload_closed(schemas: Spoilable) -> None:
    check = validator(json.loads(version_of(schemas).schema))
    assert check.is_valid(message("1.0", ANNA))
    assert check.is_valid(message("1.9", ANNA))
    assert not check.is_valid(message("2.0", ANNA))
    assert not check.is_valid(message("1.0", ANNA, "patient.updated"))
    assert not check.is_valid(message("1.0", {"patient_id": 7}))
    assert not check.is_valid({**message("1.0", ANNA), "extra": 1})
    for key in message("1.0", ANNA):
        assert not check.is_valid({name: value for name, value in message("1.0", ANNA).items() if name != key})


def test_message_schema_is_titled_with_the_event_type_and_names_its_draft_once(schemas: Spoilable) -> None:
    schema = json.loads(version_of(schemas).schema)
    assert schema["title"] == "patient.created"
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert version_of(schemas).schema.count("$schema") == 1


def test_references_of_the_payload_lead_to_its_place_in_the_message(schemas: Spoilable) -> None:
    fields = {**PAYLOAD["properties"], "adresse": {"$ref": "#/definitions/A"}, "kinder": {"items": {"$ref": "#"}}}
    address = {"type": "object", "required": ["ort"], "examples": [{"$ref": "#/not/a/reference"}]}
    schemas.write("patient.created/1.0.json", {**PAYLOAD, "properties": fields, "definitions": {"A": address}})
    made = version_of(schemas)
    check = validator(json.loads(made.schema))
    assert check.is_valid(message("1.0", {**ANNA, "adresse": {"ort": "Köln"}, "kinder": [ANNA]}))
    assert not check.is_valid(message("1.0", {**ANNA, "adresse": {}}))
    assert not check.is_valid(message("1.0", {**ANNA, "kinder": [{}]}))
    assert '"examples":[{"$ref":"#/not/a/reference"}]' in made.schema


def test_field_called_like_a_keyword_is_data(schemas: Spoilable) -> None:
    fields = {**PAYLOAD["properties"], "$ref": {"type": "string"}, "properties": {"type": "string"}}
    schemas.write("patient.created/1.0.json", {**PAYLOAD, "properties": fields})
    check = validator(json.loads(version_of(schemas).schema))
    assert check.is_valid(message("1.0", {**ANNA, "$ref": "x", "properties": "y"}))


def test_second_major_has_its_own_subject_class_and_title(schemas: Spoilable) -> None:
    schemas.write("patient.created/2.0.json", PAYLOAD)
    first, second = assemble(schemas.load()).contracts[0].majors
    assert (first.subject, first.class_name) == ("patient-events-patient.created", "PatientCreated")
    assert (second.subject, second.class_name) == ("patient-events-patient.created.v2", "PatientCreatedV2")
    assert json.loads(second.newest.schema)["title"] == "patient.created.v2"
    assert json.loads(second.newest.schema)["properties"]["version"]["pattern"] == r"^2\.[0-9]+$"


@pytest.mark.parametrize(("file", "name"), [("1.0.avsc", "email.send"), ("2.0.avsc", "email.send.v2")])
def test_avro_message_is_named_as_the_event_type(schemas: Spoilable, file: str, name: str) -> None:
    schemas.write("email.send/contract.toml", CONTRACT)
    schemas.write(f"email.send/{file}", COMMAND)
    schema = json.loads(version_of(schemas, "email.send", file[:3]).schema)
    parsed = fastavro.parse_schema(schema)
    assert isinstance(parsed, dict)
    assert parsed["name"] == name
    assert [field["name"] for field in schema["fields"]][-1] == "payload"
    assert schema["fields"][-1]["type"] == COMMAND


def test_text_of_a_schema_is_compact_in_the_order_of_the_file_and_fingerprinted(schemas: Spoilable) -> None:
    made = version_of(schemas)
    assert made.schema == json.dumps(json.loads(made.schema), ensure_ascii=False, separators=(",", ":"))
    assert made.fingerprint == hashlib.sha256(made.schema.encode()).hexdigest()
    assert list(json.loads(made.writer)["properties"]) == list(PAYLOAD["properties"])


def test_adding_a_contract_changes_no_other(schemas: Spoilable) -> None:
    before = assemble(schemas.load()).contracts
    schemas.add("match.created")
    schemas.add("patient.updated")
    after = {contract.event_type: contract for contract in assemble(schemas.load()).contracts}
    assert after["patient.created"] == before[0]


def test_topics_have_the_settings_of_no_environment_in_kafkas_names(schemas: Spoilable) -> None:
    commands, events = assemble(schemas.load()).topics
    assert events == catalog.Topic(
        "patient-events", 3, 1, {"cleanup.policy": "delete", "min.insync.replicas": "1", "retention.ms": "604800000"}
    )
    assert commands.config["retention.ms"] == "-1"
    assert commands.config["cleanup.policy"] == "compact,delete"


def test_topic_itself_has_the_last_word_over_the_environment(schemas: Spoilable) -> None:
    table = schemas.load().topics
    assert table.settings("patient-events", "production").replication == 3
    assert table.settings("email-commands", "production").cleanup_policy == "compact,delete"


def test_compatibility_of_the_registry_follows_the_format(schemas: Spoilable) -> None:
    schemas.write("email.send/contract.toml", CONTRACT)
    schemas.write("email.send/1.0.avsc", COMMAND)
    avro, plain = assemble(schemas.load()).contracts
    assert (avro.compatibility, avro.registry_compatibility) == ("FULL_TRANSITIVE", "FULL_TRANSITIVE")
    assert (plain.compatibility, plain.registry_compatibility) == ("FULL_TRANSITIVE", "BACKWARD_TRANSITIVE")


def test_dictionaries_are_sent_as_the_oldest_major_unless_the_contract_says_otherwise(schemas: Spoilable) -> None:
    schemas.write("patient.created/2.0.json", PAYLOAD)
    assert assemble(schemas.load()).contracts[0].current == 1
    schemas.write("patient.created/contract.toml", CONTRACT + "current = 2\n")
    assert assemble(schemas.load()).contracts[0].current == 2


def test_version_may_name_another_envelope(schemas: Spoilable) -> None:
    envelope = json.loads((schemas.path / "envelope" / "1.0.json").read_text())
    envelope["properties"]["producer"]["maxLength"] = 7
    schemas.write("envelope/1.1.json", envelope)
    schemas.write("patient.created/1.1.json", PAYLOAD)
    schemas.write("patient.created/contract.toml", CONTRACT + '[envelopes]\n"1.1" = "1.1"\n')
    old, new = (version_of(schemas, number=number) for number in ("1.0", "1.1"))
    assert (old.envelope, new.envelope) == ("1.0", "1.1")
    assert json.loads(new.schema)["properties"]["producer"]["maxLength"] == 7


def test_runtime_reads_what_is_written(platform: Folder) -> None:
    made = assemble(platform)
    assert msgspec.json.decode(text(made), type=catalog.Catalog) == made


def test_catalog_has_a_line_for_every_contract_so_that_changes_merge(platform: Folder) -> None:
    lines = text(assemble(platform)).decode().splitlines()
    for contract in platform.contracts:
        assert sum(line.startswith(f'{{"event_type":"{contract.event_type}"') for line in lines) == 1

"""A wrong file in a schema folder is told by file, line and remedy, never by a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyevents_codegen.finding import SchemaFolderInvalid
from pyevents_codegen.load import load_folder

from .conftest import COMMAND, CONTRACT, PAYLOAD, TOPICS, Spoilable


def with_field(name: str, schema: Any) -> dict[str, Any]:
    return {**PAYLOAD, "properties": {**PAYLOAD["properties"], name: schema}}


def avro(*fields: dict[str, Any]) -> dict[str, Any]:
    return {**COMMAND, "fields": [*COMMAND["fields"], *fields]}


WRONG_TEXT = [
    # file, its text, rule, line, part of the message, part of the remedy
    ("topics.toml", TOPICS.replace("[defaults]", "[default]"), "unknown-key", 1, "'default'", "'defaults'"),
    ("topics.toml", TOPICS.replace("partitions", "partition"), "unknown-key", 2, "'partition'", "'partitions'"),
    ("topics.toml", TOPICS.replace('summary = "W', 'sumary = "W'), "unknown-key", 13, "'sumary'", "'summary'"),
    ("topics.toml", TOPICS.replace("= 7", "= 0"), "wrong-value", 5, "/defaults/retention_days", "Correct"),
    ("topics.toml", TOPICS.replace('"delete"', '"remove"'), "wrong-value", 6, "cleanup_policy", "Correct"),
    ("topics.toml", TOPICS + "[defaults]", "toml-syntax", 19, "declare", "Correct the TOML"),
    ("topics.toml", b"\xff\xfe", "file-encoding", 0, "UTF-8", "Save it as UTF-8"),
    ("patient.created/contract.toml", CONTRACT + 'sumary = "x"\n', "unknown-key", 8, "'sumary'", "'summary'"),
    ("patient.created/contract.toml", CONTRACT.replace('key = "patient_id"\n', ""), "missing-key", 1, "'key'", "Add"),
    ("patient.created/contract.toml", CONTRACT.replace('"event"', '"evnt"'), "wrong-value", 2, "evnt", "Correct"),
    ("patient.created/contract.toml", CONTRACT.replace("= []", "= 2026-11-23"), "wrong-value", 7, "array", "Correct"),
    ("patient.created/contract.toml", CONTRACT.replace("= []", "= ["), "toml-syntax", 7, "invalid value", "Correct"),
    ("patient.created/contract.toml", CONTRACT + "owner = 1\n", "toml-syntax", 8, "overwrite", "Correct"),
    ("patient.created/contract.toml", b"\xef\xbb\xbf" + CONTRACT.encode(), "file-encoding", 0, "byte order", "without"),
    ("patient.created/contract.toml", "x = " + "[" * 3000, "file-depth", 0, "deep", "levels"),
    (
        "patient.created/contract.toml",
        CONTRACT.replace("patient-events", "patients-events"),
        "unknown-topic",
        3,
        "'patients-events'",
        "'patient-events'",
    ),
    ("patient.created/contract.toml", CONTRACT + "current = 2\n", "unknown-version", 8, "major 2", "There are 1"),
    (
        "patient.created/contract.toml",
        CONTRACT + '[envelopes]\n"1.7" = "1.0"\n',
        "unknown-version",
        9,
        "no version 1.7",
        "Remove",
    ),
    (
        "patient.created/contract.toml",
        CONTRACT + '[envelopes]\n"1.0" = "1.1"\n',
        "unknown-envelope",
        9,
        "envelope/1.1.json",
        "Add it",
    ),
    (
        "patient.created/contract.toml",
        CONTRACT.replace('"patient_id"', '"patientid"'),
        "key-missing",
        4,
        "no field 'patientid'",
        "'patient_id'",
    ),
    ("patient.created/1.0.json", '{"type": "object" "x": 1}', "json-syntax", 1, "delimiter", "Correct the JSON"),
    ("patient.created/1.0.json", "", "json-syntax", 1, "expecting value", "Correct the JSON"),
    ("patient.created/1.0.json", '{\n"type": "object",\n"type": "array"}', "json-strict", 3, "'type' stands twice", ""),
    ("patient.created/1.0.json", '{"minimum": NaN}', "json-strict", 1, "NaN is not JSON", "number"),
    ("patient.created/1.0.json", '{"minimum": 1e999}', "json-strict", 1, "larger than a double", "smaller"),
    ("patient.created/1.0.json", '{"minimum": ' + "9" * 5000 + "}", "json-number", 0, "digits", "smaller"),
    ("patient.created/1.0.json", r'{"title": "\ud800"}', "json-text", 0, "surrogate", "character"),
    ("patient.created/1.0.json", '{"not":' * 100 + "{}" + "}" * 100, "file-depth", 0, "64 levels", "flatter"),
    ("patient.created/1.0.json", "[" * 100_000, "file-depth", 0, "64 levels", "flatter"),
    ("patient.created/1.0.json", b'{"title": "M\xfcller"}', "file-encoding", 0, "byte 12 is not UTF-8", "UTF-8"),
    ("patient.created/1.0.json", "[]", "schema-form", 1, "object", "{…}"),
    ("envelope/1.0.yaml", "", "version-name", 0, "envelope", "1.0.json"),
    ("topic.toml", "", "unknown-file", 0, "unknown file", "'topics.toml'"),
    ("patient.created/notes.txt", "", "unknown-file", 0, "nothing else", "Move"),
    ("patient.created/2.json", "{}", "version-name", 0, "name", "1.0.json"),
    ("patient.created/v1.1.json", "{}", "version-name", 0, "name", "MAJOR.MINOR"),
    ("patient.created/1.01.json", "{}", "version-name", 0, "name", "MAJOR.MINOR"),
    ("patient.created/1.1.yaml", "", "version-name", 0, "name", "MAJOR.MINOR"),
    ("Patient.created/contract.toml", CONTRACT, "event-type-twice", 0, "'Patient.created'", "Rename"),
    ("patient_created/contract.toml", CONTRACT, "event-type", 0, "'patient_created' is no event type", "lower case"),
]


@pytest.mark.parametrize(
    ("file", "text", "rule", "line", "message", "remedy"),
    [pytest.param(*case, id=f"{case[0]}-{case[2]}-{number}") for number, case in enumerate(WRONG_TEXT) if case[2]],
)
def test_wrong_file_is_named_with_line_and_remedy(
    schemas: Spoilable, file: str, text: str, rule: str, line: int, message: str, remedy: str
) -> None:
    schemas.write(file, text)
    found = schemas.finding(rule)
    if rule != "event-type-twice":
        folder = file.rpartition("/")[0]
        assert found.file in (file, folder if rule == "event-type" else file)
    assert found.line == line, found
    assert message in found.message
    assert remedy in found.remedy
    assert found.remedy.endswith((".", "?"))


WRONG_PAYLOAD = [
    # payload, rule, text on the line that is named, part of the message
    (with_field("x", {"type": "strin"}), "schema-form", '"type": "strin"', "not a JSON Schema"),
    (with_field("x", {"minLength": -1}), "schema-form", '"minLength": -1', "minimum"),
    (with_field("x", {"pattern": "("}), "schema-form", '"pattern": "("', "regex"),
    (with_field("x", {"$ref": "https://example.org/a.json"}), "schema-self-contained", '"$ref"', "leads out"),
    (with_field("x", {"$ref": "other.json#/a"}), "schema-self-contained", '"$ref"', "leads out"),
    (with_field("x", {"$ref": "#/definitions/Adresse"}), "schema-reference", '"$ref"', "leads nowhere"),
    (with_field("x", {"$id": "https://example.org/a.json"}), "schema-self-contained", '"$id"', "identifier"),
    (with_field("x", {"$schema": "http://json-schema.org/draft-07/schema#"}), "schema-draft", '"$schema"', "the top"),
    ({**PAYLOAD, "$schema": "http://json-schema.org/draft-04/schema#"}, "schema-draft", '"$schema"', "no draft"),
    ({**PAYLOAD, "$schema": 7}, "schema-draft", '"$schema"', "no draft"),
    ({**PAYLOAD, "type": "array"}, "schema-payload", "{", "a payload is an object"),
    ({**PAYLOAD, "$ref": "#/properties/vorname"}, "schema-payload", '"$ref"', "no mere reference"),
]


@pytest.mark.parametrize(("payload", "rule", "line", "message"), WRONG_PAYLOAD)
def test_wrong_payload_schema_is_named_with_its_line(
    schemas: Spoilable, payload: dict[str, Any], rule: str, line: str, message: str
) -> None:
    path = schemas.write("patient.created/1.0.json", payload)
    found = schemas.finding(rule)
    assert line in path.read_text().splitlines()[found.line - 1]
    assert message in found.message


WRONG_AVRO = [
    ({**COMMAND, "type": "enum"}, "wrong-value", '"type": "enum"', "record"),
    ({**COMMAND, "name": "Send-Payload"}, "wrong-value", '"name": "Send-Payload"', "/name"),
    (avro({"name": "x"}), "missing-key", "{", "'type'"),
    (avro({"name": "x", "type": "sting"}), "avro-unknown-type", '"type": "sting"', "sting"),
    (avro({"name": "x", "type": "string", "maxLenght": 3}), "avro-unknown-limit", "maxLenght", "no limit"),
    (avro({"name": "x", "type": "long", "maxLength": 3}), "avro-unused-limit", "maxLength", "fits no type"),
    (avro({"name": "x", "type": "int", "maximum": 2**40}), "avro-wrong-limit", '"type": "int"', "maximum"),
    (avro({"name": "x", "type": "bytes"}), "avro-unsupported", '"type": "bytes"', "no exact form"),
    (avro({"name": "x", "type": ["int", "double"]}), "avro-union", '"type": [', "both number"),
    (avro({"name": "x", "type": "int", "default": "7"}), "avro-default", '"default"', "default"),
    (avro({"name": "x", "type": ["string", "null"], "default": None}), "avro-default", '"default"', "first branch"),
    (
        avro({"name": "x", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4}}),
        "avro-unsupported",
        '"logicalType"',
        "'decimal'",
    ),
    (avro({"name": "x", "type": "string", "pattern": "("}), "schema-form", "{", "regex"),
]


@pytest.mark.parametrize(("payload", "rule", "line", "message"), WRONG_AVRO)
def test_wrong_avro_schema_is_named_with_its_line(
    schemas: Spoilable, payload: dict[str, Any], rule: str, line: str, message: str
) -> None:
    schemas.write("email.send/contract.toml", CONTRACT)
    path = schemas.write("email.send/1.0.avsc", payload)
    found = schemas.finding(rule)
    assert line in path.read_text().splitlines()[found.line - 1]
    assert message in found.message


def test_key_field_that_the_payload_does_not_require_is_named(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.0.json", {**PAYLOAD, "required": ["vorname"]})
    found = schemas.finding("key-optional")
    assert (found.file, found.line) == ("patient.created/contract.toml", 4)
    assert "1.0.json" in found.message


def test_key_field_that_may_be_null_is_named(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.0.json", with_field("patient_id", {"type": ["integer", "null"]}))
    assert schemas.finding("key-type").pointer == "/key"


def test_every_version_must_have_the_key_field(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.1.json", {**PAYLOAD, "required": ["vorname"]})
    assert "1.1.json" in schemas.finding("key-optional").message


def test_contract_without_version_is_told_how_to_get_one(schemas: Spoilable) -> None:
    schemas.write("patient.deleted/contract.toml", CONTRACT)
    found = schemas.finding("version-missing")
    assert found.file == "patient.deleted"
    assert "1.0.json" in found.remedy


def test_folder_without_contract_is_told_what_is_missing(schemas: Spoilable) -> None:
    (schemas.path / "patient.created" / "contract.toml").unlink()
    assert "contract.toml" in schemas.finding("contract-missing").message


def test_topic_that_could_take_no_message_is_told(schemas: Spoilable) -> None:
    schemas.write("topics.toml", TOPICS + "replication = 1\n")
    found = schemas.finding("topic-replication")
    assert found.line == 15
    assert "email-commands has 1 replicas in the environment production" in found.message


def test_missing_topics_and_envelope_are_told(schemas: Spoilable) -> None:
    (schemas.path / "topics.toml").unlink()
    for path in (schemas.path / "envelope").iterdir():
        path.unlink()
    assert {finding.rule for finding in schemas.findings()} == {"file-unreadable", "envelope-missing"}


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SchemaFolderInvalid, match="there is no such folder"):
        load_folder(tmp_path / "schemata")


def test_one_version_in_two_formats_is_told(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.0.avsc", COMMAND)
    assert schemas.finding("version-twice").file == "patient.created/1.0.avsc"


def test_formats_mixed_within_a_major_are_told(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.1.avsc", COMMAND)
    assert schemas.finding("version-formats").file == "patient.created"


def test_drafts_mixed_within_a_major_are_told(schemas: Spoilable) -> None:
    draft = "https://json-schema.org/draft/2020-12/schema"
    schemas.write("patient.created/1.1.json", {"$schema": draft, **PAYLOAD})
    found = schemas.finding("version-drafts")
    assert (found.file, found.line) == ("patient.created/1.1.json", 2)


@pytest.mark.parametrize(("name", "missing"), [("1.2.json", "1.1"), ("2.1.json", "2.0")])
def test_gap_between_minors_is_told(schemas: Spoilable, name: str, missing: str) -> None:
    schemas.write(f"patient.created/{name}", PAYLOAD)
    assert f"version {missing} is missing" in schemas.finding("version-gap").message


def test_gap_between_majors_is_told(schemas: Spoilable) -> None:
    schemas.write("patient.created/3.0.json", PAYLOAD)
    assert "major" in schemas.finding("version-gap").message


def test_event_types_that_would_share_a_class_are_told(schemas: Spoilable) -> None:
    schemas.add("match.status_changed")
    schemas.add("match.status__changed")
    assert {finding.rule for finding in schemas.findings()} == {"event-type-twice"}


def test_event_type_that_looks_like_a_second_major_is_told(schemas: Spoilable) -> None:
    schemas.write("patient.created/2.0.json", PAYLOAD)
    schemas.add("patient.created_v2")
    assert "PatientCreatedV2" in schemas.finding("class-twice").message


def test_topics_that_kafka_cannot_tell_apart_are_told(schemas: Spoilable) -> None:
    schemas.write(
        "topics.toml", TOPICS + '[topics."email_commands"]\nsummary = "x"\n[topics."email.commands"]\nsummary = "x"\n'
    )
    assert schemas.finding("topic-name").line in (19, 21)


def test_envelope_with_another_field_is_told(schemas: Spoilable, repository: Path) -> None:
    text = (repository / "schemas" / "envelope" / "1.0.json").read_text()
    schemas.write("envelope/1.0.json", text.replace('"producer"', '"sender"'))
    assert "producer" in schemas.finding("envelope-fields").message


def test_symbolic_link_that_leads_to_itself_is_told(schemas: Spoilable) -> None:
    (schemas.path / "patient.created" / "1.1.json").symlink_to("1.1.json")
    assert schemas.finding("file-unreadable").file == "patient.created/1.1.json"


def test_all_findings_are_told_in_one_run_sorted_by_file(schemas: Spoilable) -> None:
    schemas.write("patient.created/1.0.json", "{")
    schemas.write("patient.created/1.1.json", with_field("x", {"type": "strin"}))
    schemas.write("patient.deleted/contract.toml", CONTRACT.replace("kind", "kinds"))
    schemas.write("patient.deleted/1.0.json", PAYLOAD)
    files = [finding.file for finding in schemas.findings()]
    assert files == sorted(files)
    assert set(files) == {"patient.created/1.0.json", "patient.created/1.1.json", "patient.deleted/contract.toml"}


def test_finding_reads_as_place_rule_message_and_remedy(schemas: Spoilable) -> None:
    schemas.write("patient.created/contract.toml", CONTRACT + 'sumary = "x"\n')
    assert str(schemas.finding("unknown-key")) == (
        "patient.created/contract.toml:8:1: error unknown-key: unknown key 'sumary'. Did you mean 'summary'?"
    )


def test_editor_and_system_files_are_passed_over(schemas: Spoilable) -> None:
    schemas.write(".DS_Store", "")
    schemas.write("patient.created/.1.0.json.swp", "")
    schemas.write("patient.created/1.0.json~", "")
    assert [contract.event_type for contract in schemas.load().contracts] == ["patient.created"]

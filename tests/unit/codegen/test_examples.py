"""Every example is accepted or refused as it says, and survives the way through its class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyevents import catalog
from pyevents_codegen import naming
from pyevents_codegen.examples import Example, of_version, validate_examples, validator
from pyevents_codegen.folder import ContractFolder, PayloadVersion
from pyevents_codegen.load import load_folder

from .conftest import REPOSITORY, Spoilable

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")

Case = tuple[ContractFolder, PayloadVersion, Example]


def platform_examples() -> Iterator[Case]:
    folder = load_folder(REPOSITORY / "schemas")
    for contract in folder.contracts:
        for version in contract.versions:
            for example in of_version(folder, contract, version):
                assert isinstance(example, Example), example
                yield contract, version, example


CASES = list(platform_examples())


def named(case: Case) -> str:
    contract, version, example = case
    return f"{contract.event_type}-{version.text}-{Path(example.source.file).stem}"


def class_of(case: Case) -> type[Any]:
    contract, version, _ = case
    loaded = catalog.load("pyevents.events")
    major = loaded.contract(contract.event_type).major(version.number[0])
    assert major is not None
    return loaded.class_of(major)


def with_moments(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload with its moments read: 08:15:00.25 and 08:15:00.250000 are one."""
    return {
        name: datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.match(value) else value
        for name, value in payload.items()
    }


def test_every_example_of_the_platform_is_what_it_says() -> None:
    assert validate_examples(load_folder(REPOSITORY / "schemas")) == []


@pytest.mark.parametrize("case", [case for case in CASES if case[2].reason is None], ids=named)
def test_valid_example_survives_bytes_class_bytes(case: Case) -> None:
    _, version, example = case
    cls, payload = class_of(case), example.source.value
    event = msgspec.json.decode(msgspec.json.encode(payload), type=cls)
    again = msgspec.json.decode(msgspec.json.encode(event))
    absent = {
        name: schema["default"]
        for name, schema in version.view["properties"].items()
        if version.format == "avro" and "default" in schema
    }
    assert with_moments(again) == with_moments({**absent, **payload})
    assert validator(version.view).is_valid(again)


@pytest.mark.parametrize("case", {case[0].event_type: case for case in CASES}.values(), ids=named)
def test_class_has_exactly_the_fields_of_its_payload(case: Case) -> None:
    contract, version, _ = case
    cls = class_of(case)
    assert cls.__name__ == naming.class_name(contract.event_type, version.number[0])
    assert {field.encode_name for field in msgspec.structs.fields(cls)} == version.view["properties"].keys()


@pytest.mark.parametrize("case", {case[0].event_type: case for case in CASES}.values(), ids=named)
def test_contract_has_examples_enough(case: Case) -> None:
    ours = [example for contract, version, example in CASES if (contract, version) == case[:2]]
    valid = [example.source.value for example in ours if example.reason is None]
    assert len(valid) >= 2
    assert len(ours) - len(valid) >= 3
    assert any(payload.keys() == case[1].view["properties"].keys() for payload in valid), "none has every field"


WRONG = [
    ("1.0/a.json", '{"patient_id": 7}', "example-refused", "vorname"),
    ("1.0/a.json", '{"patient_id": 0, "vorname": "Anna"}', "example-refused", "/patient_id"),
    ("1.0/a.json", "{", "json-syntax", "property name"),
    ("1.0/invalid/vorname--maxLength.json", '{"patient_id": 7, "vorname": "A"}', "example-accepted", "accepts it"),
    ("1.0/invalid/vorname--maxLength.json", '{"patient_id": 7}', "example-reason", "required of vorname"),
    ("1.0/invalid/vorname--type.json", '{"patient_id": 0, "vorname": 1}', "example-reason", "minimum of patient_id"),
    ("1.0/invalid/vorname.json", "{}", "example-name", "why it is invalid"),
    ("1.1/a.json", "{}", "example-stray", "no version"),
]


@pytest.mark.parametrize(("file", "text", "rule", "message"), WRONG)
def test_wrong_example_is_told(schemas: Spoilable, file: str, text: str, rule: str, message: str) -> None:
    path = schemas.write(f"patient.created/examples/{file}", text)
    (found,) = validate_examples(schemas.load())
    assert found.rule == rule
    assert Path(found.file) in (path, path.parent)
    assert message in found.message


def test_finding_about_an_example_quotes_none_of_its_values(schemas: Spoilable) -> None:
    secret = "Anna-Sophie" * 20
    schemas.write("patient.created/examples/1.0/a.json", {"patient_id": 7, "vorname": secret})
    (found,) = validate_examples(schemas.load())
    assert "Sophie" not in str(found)
    assert found.pointer == "/vorname"
    assert found.line == 3


def test_right_examples_give_no_finding(schemas: Spoilable) -> None:
    schemas.write("patient.created/examples/1.0/a.json", {"patient_id": 7, "vorname": "Anna"})
    schemas.write("patient.created/examples/1.0/invalid/vorname--required.json", {"patient_id": 7})
    schemas.write(
        "patient.created/examples/1.0/invalid/x--additionalProperties.json", {"patient_id": 7, "vorname": "A", "x": 1}
    )
    assert validate_examples(schemas.load()) == []

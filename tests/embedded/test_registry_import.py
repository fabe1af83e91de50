"""A team with topics in production gets contracts from its registry, and its schemas as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pyevents import catalog
from pyevents.cli.main import main
from pyevents.dev.registry.http import RegistryServer
from pyevents.dev.registry.registry import Registry
from pyevents.registry.client import HttpRegistry, Schema
from pyevents_codegen.assemble import assemble
from pyevents_codegen.load import load_folder


@pytest.fixture
def registry() -> Iterator[HttpRegistry]:
    with RegistryServer(Registry()) as server:
        yield HttpRegistry(server.url)


def run(registry: HttpRegistry, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["registry", *arguments, "--registry", registry.url], catch_exceptions=False)


def test_contracts_that_were_applied_come_back_as_they_were(registry: HttpRegistry, tmp_path: Path) -> None:
    assert run(registry, "apply", "--yes").exit_code == 0
    done = run(registry, "import", "--schemas", str(tmp_path / "schemas"))
    assert done.exit_code == 0, done.output
    theirs = {contract.event_type: contract for contract in assemble(load_folder(tmp_path / "schemas")).contracts}
    ours = {contract.event_type: contract for contract in catalog.load().catalog.contracts}
    assert theirs.keys() == ours.keys()
    for event_type, contract in ours.items():
        again = theirs[event_type]
        assert (again.topic, again.key, again.registry_compatibility) == (
            contract.topic,
            contract.key,
            contract.registry_compatibility,
        )
        assert [version.fingerprint for major in again.majors for version in major.versions] == [
            version.fingerprint for major in contract.majors for version in major.versions
        ]


ORDER: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": "https://shop.invalid/order",
    "title": "OrderPlaced",
    "description": "Somebody has ordered.",
    "type": "object",
    "required": ["number", "customer_id"],
    "properties": {
        "number": {"type": "integer"},
        "customer_id": {"type": "string"},
        "address": {"$ref": "#/definitions/address"},
    },
    "definitions": {"address": {"type": "object"}},
}
PARCEL = {
    "type": "record",
    "name": "ParcelSent",
    "namespace": "com.shop",
    "fields": [{"name": "parcel_id", "type": "long"}, {"name": "note", "type": ["null", "string"], "default": None}],
}


def test_foreign_subjects_become_contracts_that_can_be_read(registry: HttpRegistry, tmp_path: Path) -> None:
    wider = {**ORDER, "properties": {**ORDER["properties"], "note": {}}}
    for schema in (ORDER, wider):
        registry.register("orders-value", Schema("json", json.dumps(schema)))
    registry.register("parcels-com.shop.ParcelSent", Schema("avro", json.dumps(PARCEL)))
    registry.register("orders-key", Schema("json", '{"type": "string"}'))
    done = run(registry, "import", "--schemas", str(tmp_path / "schemas"))
    assert done.exit_code == 0
    assert "left out orders-key: it is of keys" in done.output
    assert "2 contracts written" in done.output
    assert "its messages have no envelope yet" in done.output
    found = {contract.event_type: contract for contract in load_folder(tmp_path / "schemas").contracts}
    order, parcel = found["order.placed"], found["parcel.sent"]
    assert (order.topic, order.key, order.summary) == ("orders", "customer_id", "Somebody has ordered.")
    assert [version.text for version in order.versions] == ["1.0", "1.1"]
    assert (parcel.topic, parcel.key) == ("parcels", "parcel_id")


def test_what_is_there_stays_as_it_is(registry: HttpRegistry, tmp_path: Path) -> None:
    registry.register("orders-value", Schema("json", json.dumps(ORDER)))
    schemas = str(tmp_path / "schemas")
    run(registry, "import", "--schemas", schemas)
    contract = tmp_path / "schemas/order.placed/contract.toml"
    contract.write_text(contract.read_text().replace("unknown-service", "order-service"))
    before = {path: path.read_text() for path in (tmp_path / "schemas").rglob("*.*") if path.is_file()}
    assert "0 contracts written, 1 were there" in run(registry, "import", "--schemas", schemas).output
    assert {path: path.read_text() for path in before} == before


def test_export_is_every_subject_with_its_texts(registry: HttpRegistry, tmp_path: Path) -> None:
    registry.register("orders-value", Schema("json", json.dumps(ORDER)))
    registry.set_compatibility("orders-value", "FULL")
    registry.register("parcels-value", Schema("avro", json.dumps(PARCEL)))
    found = json.loads(run(registry, "export").stdout)["subjects"]
    assert [one["subject"] for one in found] == ["orders-value", "parcels-value"]
    assert (found[0]["compatibility"], found[1]["compatibility"]) == ("FULL", None)
    assert json.loads(found[0]["versions"][0]["schema"]) == ORDER
    one = json.loads(run(registry, "export", "--subject", "parcels-value").stdout)["subjects"]
    assert [subject["subject"] for subject in one] == ["parcels-value"]
    missing = run(registry, "export", "--subject", "parcel-value")
    assert missing.exit_code == 2
    assert "has no subject 'parcel-value'" in missing.output

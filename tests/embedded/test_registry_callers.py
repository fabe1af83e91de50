"""Who calls what of the embedded registry: our client, Confluent's serializers and client, a web console; no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry import json_schema as as_json
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.common.schema_registry_client import (
    AssociationCreateOrUpdateInfo,
    AssociationCreateOrUpdateRequest,
    ConfigCompatibilityLevel,
)
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents import catalog
from pyevents.dev.registry.call import segments
from pyevents.dev.registry.routes import ROUTES
from pyevents.registry.apply import apply
from pyevents.registry.client import HttpRegistry
from pyevents.registry.client import Schema as OurSchema
from pyevents.registry.plan import plan
from pyevents.registry.state import read_state
from tests.suite.frontdoor import FrontDoor

TEXT = '{"title": "T", "type": "object", "properties": {"a": {"type": "string"}}}'
RECORD = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}'


def ours(url: str) -> None:
    registry = HttpRegistry(url)
    for done in apply(registry, plan(catalog.load().catalog, read_state(registry))):
        assert not done.refusal
    registry.look_up("s", OurSchema("json", TEXT))
    registry.schema_of(1)
    read_state(registry)


def serializers(url: str) -> None:
    client = SchemaRegistryClient({"url": url})
    context = SerializationContext("topic", MessageField.VALUE)
    for serializer, deserializer in (
        (as_json.JSONSerializer(TEXT, client), as_json.JSONDeserializer(TEXT, schema_registry_client=client)),
        (AvroSerializer(client, RECORD), AvroDeserializer(client)),
    ):
        other = SerializationContext(f"topic-{type(serializer).__name__}", MessageField.VALUE)
        assert deserializer(serializer({"a": "b"}, other), other) == {"a": "b"}
    known = as_json.JSONSerializer(TEXT, client, conf={"auto.register.schemas": False, "use.latest.version": True})
    client.register_schema("topic-value", Schema(TEXT, "JSON"))
    assert known({"a": "b"}, context)


def client(url: str) -> None:
    """Every question that Confluent's client knows."""
    asked, schema = SchemaRegistryClient({"url": url}), Schema(TEXT, "JSON")
    metadata = {"properties": {"major": "1"}}
    made = asked.register_schema_full_response("c", Schema.from_dict({**schema.to_dict(), "metadata": metadata}))
    asked.clear_caches()
    assert asked.get_latest_with_metadata("c", {"major": "1"}).version == 1
    asked.lookup_schema("s", schema)
    asked.get_schema(1)
    asked.get_schema_by_guid(made.guid)
    asked.get_version("s", 1), asked.get_latest_version("s"), asked.get_versions("s"), asked.get_referenced_by("s", 1)
    asked.get_subjects(), asked.get_schema_types(), asked.get_contexts()
    asked.get_subjects_by_schema_id(1), asked.get_schema_versions(1)
    asked.test_compatibility("s", schema, verbose=True), asked.test_compatibility_all_versions("s", schema)
    asked.set_compatibility(level="FULL"), asked.get_compatibility(), asked.delete_config()
    (
        asked.set_config("s", ServerConfig(compatibility=ConfigCompatibilityLevel.FULL)),
        asked.get_config("s"),
        asked.delete_config("s"),
    )
    asked.update_global_mode("READWRITE"), asked.get_global_mode()
    asked.update_mode("s", "READWRITE"), asked.get_mode("s"), asked.delete_mode("s")
    wanted = AssociationCreateOrUpdateInfo(subject="s", association_type="value")
    asked.create_association(AssociationCreateOrUpdateRequest("t", "k", "id", "topic", [wanted]))
    assert [one.subject for one in asked.get_associations_by_resource_name("t", "k")] == ["s"]
    asked.delete_associations("id")
    asked.delete_version("s", 1), asked.delete_version("s", 1, permanent=True)
    asked.delete_subject("c"), asked.delete_subject("c", permanent=True)


CONSOLE = """
    GET /subjects?deleted=false
    GET /subjects/s/versions
    GET /subjects/s/versions/latest
    GET /config/
    GET /config/s?defaultToGlobal=true
    PUT /config/ {"compatibility": "FULL"}
    PUT /config/s {"compatibility": "FULL"}
    POST /compatibility/subjects/s/versions/latest?verbose=true {"schema": "{}", "schemaType": "JSON", "references": []}
    POST /subjects/s/versions {"schema": "TEXT", "schemaType": "JSON", "references": []}
    DELETE /config/s
    DELETE /subjects/s/versions/1?permanent=false
    DELETE /subjects/s/versions/1?permanent=true
    POST /subjects/s/versions {"schema": "TEXT", "schemaType": "JSON"}
    DELETE /subjects/s?permanent=false
"""
"""What Kafka UI asks, by the interface description in its repository (kafka-sr-api.yaml)."""

PEOPLE = {
    "GET /": "a look whether it is up",
    "GET /schemas": "everything at once",
    "GET /schemas/ids/{id}/schema": "a text alone",
    "GET /subjects/{subject}/versions/{version}/schema": "a text alone",
}
"""What nobody above calls, and people with curl do."""


@pytest.fixture
def door() -> Iterator[FrontDoor]:
    with FrontDoor(lambda asked: None) as opened:
        SchemaRegistryClient({"url": opened.url}).register_schema("s", Schema(TEXT, "JSON"))
        opened.asked.clear()
        yield opened


def test_console_gets_its_answers(door: FrontDoor) -> None:
    import urllib.request

    for line in CONSOLE.strip().splitlines():
        method, path, *body = line.strip().split(" ", 2)
        data = body[0].replace('"TEXT"', json.dumps(TEXT)).encode() if body else None
        with urllib.request.urlopen(urllib.request.Request(door.url + path, data, method=method)) as answer:
            assert answer.status == 200, line


@pytest.mark.parametrize("caller", [ours, serializers, client])
def test_everything_that_is_asked_is_answered(door: FrontDoor, caller: Callable[[str], None]) -> None:
    caller(door.url)
    assert door.asked
    assert all(_route(asked.method, asked.path) for asked in door.asked)


def test_nothing_is_served_that_nobody_calls(door: FrontDoor) -> None:
    for caller in (ours, serializers, client):
        with FrontDoor(lambda asked: None) as opened:
            SchemaRegistryClient({"url": opened.url}).register_schema("s", Schema(TEXT, "JSON"))
            caller(opened.url)
            door.asked += opened.asked
    called = {_route(asked.method, asked.path) for asked in door.asked}
    called |= {_route(*line.strip().split(" ")[:2]) for line in CONSOLE.strip().splitlines()}
    assert {f"{route.method} {route.path}" for route in ROUTES} - called == PEOPLE.keys()


def _route(method: str, path: str) -> str:
    given = segments(path.partition("?")[0])
    fits = (
        f"{route.method} {route.path}"
        for route in ROUTES
        if route.method == method and len(segments(route.path)) == len(given)
        if all(
            expected == part or expected[0] == "{" for expected, part in zip(segments(route.path), given, strict=True)
        )
    )
    return next(fits, "")

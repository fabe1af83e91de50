"""The embedded registry, asked by Confluent's own client and serializers over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry import (
    AssociationCreateOrUpdateInfo,
    AssociationCreateOrUpdateRequest,
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    Schema,
    SchemaRegistryClient,
    ServerConfig,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from pyevents.dev.embedded import Embedded

PATIENT = {
    "title": "patient.created",
    "type": "object",
    "properties": {"patient_id": {"type": "integer"}, "vorname": {"type": "string"}},
    "required": ["patient_id"],
    "additionalProperties": False,
}
PATIENT_WITH_CITY = PATIENT | {"properties": PATIENT["properties"] | {"ort": {"type": "string"}}}  # type: ignore[operator]
EMAIL = {
    "type": "record",
    "name": "send",
    "namespace": "email",
    "fields": [{"name": "to", "type": "string"}, {"name": "cc", "type": ["null", "string"], "default": None}],
}
TEXT = {"JSON": json.dumps(PATIENT), "AVRO": json.dumps(EMAIL)}
VALUE: dict[str, dict[str, Any]] = {
    "JSON": {"patient_id": 7, "vorname": "Anna"},
    "AVRO": {"to": "anna@example.org", "cc": None},
}

AUTO = {"auto.register.schemas": True}
LATEST = {"auto.register.schemas": False, "use.latest.version": True}
LOOKUP = {"auto.register.schemas": False}


@pytest.fixture
def connect(embedded: Embedded) -> Iterator[Callable[[], SchemaRegistryClient]]:
    """Make clients that remember nothing of each other, as several services would."""
    made: list[SchemaRegistryClient] = []

    def make() -> SchemaRegistryClient:
        made.append(SchemaRegistryClient({"url": embedded.registry_url, "max.retries": 0, "ssl.ca.location": False}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(connect: Callable[[], SchemaRegistryClient]) -> SchemaRegistryClient:
    return connect()


@pytest.fixture
def topic() -> str:
    return f"topic-{uuid4().hex[:8]}"


def serializer(kind: str, client: SchemaRegistryClient, conf: dict[str, Any]) -> Any:
    if kind == "JSON":
        return JSONSerializer(TEXT[kind], client, conf=conf)
    return AvroSerializer(client, TEXT[kind], conf=conf)


def deserializer(kind: str, client: SchemaRegistryClient) -> Any:
    if kind == "JSON":
        return JSONDeserializer(None, schema_registry_client=client)
    return AvroDeserializer(client)


def refused(question: Callable[[], object]) -> tuple[int, int]:
    """Return status and code of a question that must be refused."""
    with pytest.raises(SchemaRegistryError) as caught:
        question()
    return caught.value.http_status_code, caught.value.error_code


@pytest.mark.parametrize("kind", ["JSON", "AVRO"])
@pytest.mark.parametrize("conf", [LATEST, LOOKUP], ids=["latest", "lookup"])
def test_what_one_serializer_registers_the_others_find(
    connect: Callable[[], SchemaRegistryClient], topic: str, kind: str, conf: dict[str, Any]
) -> None:
    context = SerializationContext(topic, MessageField.VALUE)
    first = serializer(kind, connect(), AUTO)(VALUE[kind], context)
    again = serializer(kind, connect(), conf)(VALUE[kind], context)
    assert first == again
    assert first[0] == 0
    assert int.from_bytes(first[1:5]) == connect().get_latest_version(f"{topic}-value").schema_id
    assert deserializer(kind, connect())(first, context) == VALUE[kind]


@pytest.mark.parametrize("kind", ["JSON", "AVRO"])
def test_serializer_that_may_not_register_is_told_that_the_subject_is_unknown(
    client: SchemaRegistryClient, topic: str, kind: str
) -> None:
    context = SerializationContext(topic, MessageField.VALUE)
    assert refused(lambda: serializer(kind, client, LOOKUP)(VALUE[kind], context)) == (404, 40401)


def test_subject_is_named_by_topic_and_record(client: SchemaRegistryClient, topic: str) -> None:
    conf = AUTO | {"subject.name.strategy": topic_record_subject_name_strategy}
    serializer("JSON", client, conf)(VALUE["JSON"], SerializationContext(topic, MessageField.VALUE))
    assert client.get_versions(f"{topic}-patient.created") == [1]


def test_serializer_takes_the_subject_that_is_associated_with_the_topic(
    client: SchemaRegistryClient, topic: str
) -> None:
    wanted = AssociationCreateOrUpdateInfo(subject=f"{topic}-of-patients", association_type="value")
    made = client.create_association(
        AssociationCreateOrUpdateRequest(topic, "cluster", f"id-of-{topic}", "topic", [wanted])
    )
    assert made.associations and made.associations[0].subject == f"{topic}-of-patients"
    serializer("JSON", client, AUTO)(VALUE["JSON"], SerializationContext(topic, MessageField.VALUE))
    assert client.get_versions(f"{topic}-of-patients") == [1]
    client.delete_associations(f"id-of-{topic}", "topic", ["value"])
    assert client.get_associations_by_resource_name(topic, "-") == []


def test_incompatible_schema_is_refused_with_409(client: SchemaRegistryClient, topic: str) -> None:
    client.register_schema(topic, Schema(json.dumps(PATIENT_WITH_CITY), "JSON"))
    assert refused(lambda: client.register_schema(topic, Schema(TEXT["JSON"], "JSON"))) == (409, 409)
    client.set_compatibility(topic, "FORWARD")
    assert client.register_schema(topic, Schema(TEXT["JSON"], "JSON")) > 0


def test_client_manages_subjects_versions_and_ids(connect: Callable[[], SchemaRegistryClient], topic: str) -> None:
    client, wider = connect(), Schema(json.dumps(PATIENT_WITH_CITY), "JSON")
    first = client.register_schema_full_response(topic, Schema(TEXT["JSON"], "JSON"))
    second = client.register_schema(topic, wider)
    assert first.schema_id and first.schema_id != second
    assert client.get_versions(topic) == [1, 2]
    assert topic in client.get_subjects()
    assert client.get_subjects(subject_prefix=topic, limit=1) == [topic]
    assert client.lookup_schema(topic, wider, normalize_schemas=True).version == 2
    assert client.get_version(topic, 1).schema_id == first.schema_id
    assert client.get_subjects_by_schema_id(second, subject_name=topic) == [topic]
    assert [use.version for use in client.get_schema_versions(second, subject_name=topic)] == [2]
    assert client.get_referenced_by(topic, 1) == []
    assert client.get_schema_types() == ["JSON", "AVRO"]
    assert client.get_contexts() == ["."]
    assert json.loads(connect().get_schema(second).schema_str or "") == PATIENT_WITH_CITY
    assert json.loads(connect().get_schema_by_guid(str(first.guid)).schema_str or "") == PATIENT
    assert client.delete_version(topic, 2) == 2
    assert client.delete_version(topic, 2, permanent=True) == 2
    assert client.delete_subject(topic) == [1]
    assert topic in client.get_subjects(deleted_only=True)
    assert client.delete_subject(topic, permanent=True) == [1]
    assert topic not in client.get_subjects(deleted=True)


def test_client_manages_levels_and_modes(client: SchemaRegistryClient, topic: str) -> None:
    assert client.get_compatibility() == "BACKWARD"
    client.set_compatibility(topic, "FULL_TRANSITIVE")
    assert client.get_compatibility(topic) == "FULL_TRANSITIVE"
    client.set_config(topic, ServerConfig(compatibility=ConfigCompatibilityLevel.NONE))
    assert client.get_config(topic).compatibility_level is ConfigCompatibilityLevel.NONE
    client.delete_config(topic)
    assert refused(lambda: client.get_compatibility(topic)) == (404, 40408)
    assert client.get_global_mode() == "READWRITE"
    assert client.update_mode(topic, "READONLY") == client.get_mode(topic) == "READONLY"
    assert refused(lambda: client.register_schema(topic, Schema(TEXT["JSON"], "JSON"))) == (422, 42205)
    assert client.delete_mode(topic) == "READONLY"
    assert client.update_global_mode("READWRITE") == "READWRITE"


def test_client_tests_compatibility_before_it_registers(client: SchemaRegistryClient, topic: str) -> None:
    narrow, wide = Schema(TEXT["JSON"], "JSON"), Schema(json.dumps(PATIENT_WITH_CITY), "JSON")
    client.register_schema(topic, wide)
    assert client.test_compatibility(topic, wide)
    assert not client.test_compatibility(topic, narrow, version=1, verbose=True)
    assert not client.test_compatibility_all_versions(topic, narrow)


def test_client_finds_the_newest_version_with_metadata(client: SchemaRegistryClient, topic: str) -> None:
    major = Metadata(tags=None, properties=MetadataProperties({"major": "1"}), sensitive=None)
    client.register_schema(topic, Schema(TEXT["JSON"], "JSON", metadata=major))
    assert client.get_latest_with_metadata(topic, {"major": "1"}).version == 1


def test_protobuf_is_refused(client: SchemaRegistryClient, topic: str) -> None:
    schema = Schema('syntax = "proto3"; message Patient {}', "PROTOBUF")
    assert refused(lambda: client.register_schema(topic, schema)) == (422, 42201)


def test_fifty_clients_at_once_get_one_id_per_content(connect: Callable[[], SchemaRegistryClient], topic: str) -> None:
    contents = [Schema(json.dumps(PATIENT | {"description": f"{topic} {n}"}), "JSON") for n in range(5)]
    together = threading.Barrier(50)

    def register(number: int, client: SchemaRegistryClient) -> tuple[int, int | None]:
        together.wait(30)
        # Ten clients for each content, in five subjects: each subject sees all contents, each content all subjects.
        content, subject = number % 5, number // 5 % 5
        return content, client.register_schema(f"{topic}-{subject}", contents[content])

    clients = [connect() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(register, range(50), clients))
    assert len(answers) == 5, f"one content, one id: {sorted(answers)}"
    assert len({schema_id for _, schema_id in answers}) == 5
    for subject in range(5):
        assert clients[0].get_versions(f"{topic}-{subject}") == [1, 2, 3, 4, 5]


def test_one_connection_serves_question_after_question_whatever_the_answers(embedded: Embedded) -> None:
    connection = http.client.HTTPConnection(urlsplit(embedded.registry_url).netloc, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    questions: list[tuple[str, str, bytes | None, int]] = [
        ("GET", "/subjects", None, 200),
        ("GET", "/nothing", None, 404),
        ("PUT", "/subjects", b"{}", 405),
        ("POST", "/subjects/a/versions", b"{", 400),
        ("POST", "/subjects/a/versions", b'{"schema": "{"}', 422),
        ("DELETE", "/associations/resources/a", None, 204),
        ("GET", "/config", None, 200),
    ]
    for method, target, body, status in questions:
        connection.request(method, target, body)
        response = connection.getresponse()
        text = response.read()
        assert response.status == status, f"{method} {target}"
        if status != 204:
            assert response.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"
            assert status == 200 or str(json.loads(text)["error_code"]).startswith(str(status))
        assert connection.sock.getsockname() == local, "the connection was closed in between"
    connection.close()


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Content-Length", "many", 411), ("Transfer-Encoding", "chunked", 411), ("Content-Length", "99999999999", 413)],
)
def test_body_whose_end_cannot_be_told_is_refused(embedded: Embedded, header: str, value: str, status: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(embedded.registry_url).netloc, timeout=10)
    connection.putrequest("POST", "/subjects/a")
    connection.putheader(header, value)
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == status
    assert response.headers["Connection"] == "close"
    connection.close()

"""What the decoder makes of bytes: an event, somebody else's message, or a reason, and never anything else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyevents.catalog import load
from pyevents.codec import Decoder, Encoder, Event, Skipped
from pyevents.codec.framing import frame
from pyevents.codec.residue import residue
from pyevents.errors import RegistryUnreachable, Undecodable
from pyevents.events import PatientCreated
from pyevents.memory import MemoryRegistry
from pyevents.registry import Schema
from pyevents.registry.schemas import Schemas

CATALOG = load()
PATIENT = {"patient_id": 7, "vorname": "Anna", "nachname": "Muster"}


class AwayRegistry(MemoryRegistry):
    """A registry that can be away, and counts the questions."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.asked = 0

    def schema_of(self, schema_id: int) -> Schema:
        self.asked += 1
        if self.away:
            raise RegistryUnreachable(self.url, "it is away")
        return super().schema_of(schema_id)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> AwayRegistry:
    return AwayRegistry()


def message(registry: MemoryRegistry, event_type: str = "patient.created", **changed: Any) -> bytes:
    """A message as our producer frames it, with some keys of its envelope changed."""
    contract = CATALOG.contract("patient.created")
    encoded = Encoder(CATALOG, "patient-service").encode_payload(contract.topic, "patient.created", PATIENT, None, None)
    schema = CATALOG.contract(event_type).majors[0]
    number = registry.register(schema.subject, Schema(schema.newest.format, schema.newest.schema))
    return frame(number, msgspec.json.encode(msgspec.json.decode(encoded.body) | changed))


def refused(registry: MemoryRegistry, value: bytes, wanted: frozenset[str] | None = None) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        Decoder(CATALOG, registry, wanted).decode(value)
    return caught.value


def test_event_is_a_typed_object_with_its_envelope(registry: AwayRegistry) -> None:
    event = Decoder(CATALOG, registry).decode(message(registry))
    assert isinstance(event, Event)
    assert event.typed == PatientCreated(**PATIENT)
    assert event.schema.payload == PATIENT
    assert event.schema.event_type == "patient.created"


def test_type_that_nobody_wants_is_skipped_without_looking_into_it(registry: AwayRegistry) -> None:
    decoder = Decoder(CATALOG, registry, frozenset({"patient.deleted"}))
    value = message(registry)
    assert decoder.decode(value) == Skipped("patient.created")
    assert decoder.decode(value[:5] + b"no JSON at all") == Skipped("patient.created")
    assert decoder.type_of(value) == "patient.created"
    assert decoder.type_of(b"?") == ""


@pytest.mark.parametrize("envelope_type", ["patient.deleted", "patient.creatfd", ""])
def test_envelope_that_contradicts_its_schema_is_refused_and_not_taken_for_somebody_elses(
    registry: AwayRegistry, envelope_type: str
) -> None:
    problem = refused(registry, message(registry, eventType=envelope_type, eventId="e-1"))
    assert (problem.rule, problem.event_type, problem.event_id) == ("eventType", "patient.created", "e-1")


@pytest.mark.parametrize("version", ["2.0", "1", "1.x", "01.0", "1.0 ", "", "1.0.0", "99999999999999.0", "١.0"])
def test_version_of_no_major_here_is_refused(registry: AwayRegistry, version: str) -> None:
    assert refused(registry, message(registry, version=version)).rule == "version"


def test_later_minor_than_this_package_has_is_read(registry: AwayRegistry) -> None:
    assert isinstance(Decoder(CATALOG, registry).decode(message(registry, version="1.7")), Event)


@pytest.mark.parametrize(
    "payload",
    [
        {**PATIENT, "patient_id": 10**400},
        {**PATIENT, "patient_id": "7"},
        {**PATIENT, "vorname": "x" * 101},
        {"patient_id": 7},
    ],
    ids=["huge", "text", "long", "missing"],
)
def test_refused_payload_is_told_with_the_event_that_it_is_of(registry: AwayRegistry, payload: Any) -> None:
    if payload["patient_id"] == 10**400:  # beyond what Python writes, and within what it reads
        body = message(registry)[5:].replace(b'"patient_id":7', b'"patient_id":1' + b"0" * 400)
        problem = refused(registry, message(registry)[:5] + body)
        assert problem.event_type == "patient.created"
        return
    problem = refused(registry, message(registry, payload=payload, eventId="e-1"))
    assert (problem.event_type, problem.event_id) == ("patient.created", "e-1")
    assert "x" * 101 not in str(problem)


@pytest.mark.parametrize("depth", [100, 300, 900, 100_000])
@pytest.mark.parametrize("field", [b"vorname", b"unknown"])
def test_nesting_however_deep_is_an_event_or_refused(registry: AwayRegistry, depth: int, field: bytes) -> None:
    framed = message(registry)
    name = b"" if field == b"vorname" else b'"vorname":"Anna",'
    value = framed.replace(b'"vorname":"Anna"', name + b'"' + field + b'":' + b"[" * depth + b"]" * depth)
    decoder = Decoder(CATALOG, registry)
    try:
        found = decoder.decode(value)
    except Undecodable:
        return
    assert field == b"unknown"
    assert isinstance(found, Event)


def test_json_is_read_while_the_registry_is_away_and_the_registry_asked_once_a_second(registry: AwayRegistry) -> None:
    value, clock = message(registry), Clock()
    registry.away, registry.asked = True, 0
    decoder = Decoder(CATALOG, registry, clock=clock)
    for _ in range(10):
        assert isinstance(decoder.decode(value), Event)
    assert registry.asked == 1
    clock.now += 1.0
    decoder.decode(value)
    assert registry.asked == 2
    registry.away = False
    clock.now += 1.0
    decoder.decode(value)
    assert decoder.type_of(value) == "patient.created"


def test_avro_waits_for_the_registry_that_is_away(registry: AwayRegistry) -> None:
    registry.away = True
    for _ in range(2):
        with pytest.raises(RegistryUnreachable):
            Decoder(CATALOG, registry).decode(frame(1, b"\x02avro"))


def test_bare_json_of_an_unknown_type_is_somebody_elses(registry: AwayRegistry) -> None:
    value = message(registry, eventType="patient.seen")[5:]
    assert Decoder(CATALOG, registry).decode(value) == Skipped("patient.seen")


def test_avro_is_read_with_a_remembered_schema_which_is_confirmed_once_the_registry_answers(
    registry: AwayRegistry, tmp_path: Path
) -> None:
    registry.url = "http://registry.example:8081"
    mail = {"request_id": "r", "empfaenger_email": "a@b.de", "empfaenger_name": "A", "betreff": "B", "inhalt_text": "C"}
    encoded = Encoder(CATALOG, "s").encode_payload("email-commands", "email.send", mail, None, None)
    major = CATALOG.contract("email.send").majors[0]
    number = registry.register(major.subject, Schema("avro", major.newest.schema))
    Schemas(registry, tmp_path).schema_of(number)
    registry.away, registry.asked, clock = True, 0, Clock()
    decoder, value = Decoder(CATALOG, Schemas(registry, tmp_path), clock=clock), frame(number, encoded.body)
    assert all(isinstance(decoder.decode(value), Event) for _ in range(10))
    assert (registry.asked, decoder.type_of(value)) == (1, "")
    registry.away = False
    clock.now += 1.0
    assert all(isinstance(decoder.decode(value), Event) for _ in range(10))
    assert (registry.asked, decoder.type_of(value)) == (2, "email.send")


def test_event_is_decoded_while_another_thread_is_making_the_rules_of_its_version(
    registry: AwayRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, value = Decoder(CATALOG, registry), message(registry)
    first = threading.Thread(target=decoder.decode, args=(value,), daemon=True)
    entered, leave, real = threading.Event(), threading.Event(), residue

    def slow(*given: Any) -> Any:
        if threading.current_thread() is first:
            entered.set()
            leave.wait(30)
        return real(*given)

    monkeypatch.setattr("pyevents.codec.decoder.residue", slow)
    first.start()
    assert entered.wait(30)
    event = decoder.decode(value)
    leave.set()
    first.join(30)
    assert isinstance(event, Event) and event.typed == PatientCreated(**PATIENT)

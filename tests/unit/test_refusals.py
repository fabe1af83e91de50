"""What cannot be published is refused at the caller, with a sentence that helps and without the value."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest

from pyevents import EventInvalid
from pyevents.errors import (
    Closed,
    EventRefused,
    SpoolFull,
    UnknownEventType,
    UnknownVersion,
    WrongKey,
    WrongTopic,
)
from pyevents.events import PatientCreated, PatientDeleted
from pyevents.spool.memory import MemorySpool
from pyevents.testing import EventBroker

GOOD: dict[str, Any] = {"patient_id": 7, "vorname": "Anna", "nachname": "Muster"}


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"vorname": "x" * 101}, "/vorname", "maxLength"),
        ({"vorname": None}, "/vorname", "type"),
        ({"patient_id": "7"}, "/patient_id", "type"),
        ({"patient_id": 7.5}, "/patient_id", "type"),
        ({"patient_id": True}, "/patient_id", "type"),
        ({"patient_id": 0}, "/patient_id", "minimum"),
        ({"vorname_": "x"}, "", "additionalProperties"),
        ({"status": "geheim"}, "/status", "enum"),
        ({"geburtsdatum": "2026-02-30"}, "/geburtsdatum", "format"),
        ({"email": b"geheim"}, "/email", "type"),
        ({"raeumliche_verfuegbarkeit": {"max_km": math.nan}}, "/raeumliche_verfuegbarkeit/max_km", "type"),
        ({"letzter_kontakt": datetime.datetime(2026, 1, 1)}, "/letzter_kontakt", "format"),
        ({"symptome": ["Angst", 1]}, "/symptome/1", "type"),
        ({"ort": "\ud800"}, "/ort", "type"),
        ({1: 2}, "", "type"),
    ],
)
def test_payload_that_the_contract_refuses(
    change: dict[Any, Any], pointer: str, rule: str, pyevents_memory: EventBroker
) -> None:
    producer = pyevents_memory.producer("patient-service")
    with pytest.raises(EventInvalid) as refused:
        producer.send_event("patient-events", "patient.created", GOOD | change)
    assert (refused.value.pointer, refused.value.rule) == (pointer, rule)
    assert "geheim" not in str(refused.value)
    assert producer.status().pending == 0


@pytest.mark.parametrize("payload", [None, [], "text", 7, b"{}"])
def test_payload_that_is_no_mapping(payload: Any, pyevents_memory: EventBroker) -> None:
    with pytest.raises(EventInvalid, match="a mapping"):
        pyevents_memory.producer("patient-service").send_event("patient-events", "patient.created", payload)


def test_missing_field_is_named(pyevents_memory: EventBroker) -> None:
    with pytest.raises(EventInvalid, match="'nachname'"):
        pyevents_memory.producer("s").send_event("patient-events", "patient.created", {"patient_id": 1, "vorname": "A"})


def test_wrong_topic_names_the_right_one(pyevents_memory: EventBroker) -> None:
    with pytest.raises(WrongTopic, match="patient-events"):
        pyevents_memory.producer("s").send_event("therapist-events", "patient.created", GOOD)


def test_unknown_type_names_the_nearest(pyevents_memory: EventBroker) -> None:
    with pytest.raises(UnknownEventType, match=r"patient\.created"):
        pyevents_memory.producer("s").send_event("patient-events", "patient.craeted", GOOD)


def test_published_dictionary_is_shown_the_way_to_send_event(pyevents_memory: EventBroker) -> None:
    with pytest.raises(UnknownEventType, match=r"in pyevents\.events; `send_event` takes dictionaries") as refusal:
        pyevents_memory.producer("s").publish(GOOD)
    assert "Anna" not in str(refusal.value)


@pytest.mark.parametrize("headers", [{"attempt": 3}, {3: "attempt"}, {"attempt": None}])
def test_header_that_is_neither_text_nor_bytes_is_refused(pyevents_memory: EventBroker, headers: Any) -> None:
    producer = pyevents_memory.producer("s")
    with pytest.raises(EventRefused, match="headers go from text to text or bytes"):
        producer.publish(PatientDeleted(patient_id=7), headers=headers)
    producer.publish(PatientDeleted(patient_id=7), headers={"attempt": "3", "raw": b"\x03"})
    producer.flush(10)
    (message,) = pyevents_memory.transport.messages("patient-events")
    assert message.headers == (("attempt", b"3"), ("raw", b"\x03"))


@pytest.mark.parametrize("version", ["1.7", 1.0])
def test_unknown_version_names_those_there_are(pyevents_memory: EventBroker, version: Any) -> None:
    with pytest.raises(UnknownVersion, match=f"has no version {version!r}; it has '1.0'"):
        pyevents_memory.producer("s").send_event("patient-events", "patient.created", GOOD, version=version)


def test_key_has_to_be_the_text_of_the_key_field(pyevents_memory: EventBroker) -> None:
    producer = pyevents_memory.producer("s")
    with pytest.raises(WrongKey, match="patient_id"):
        producer.publish(PatientDeleted(patient_id=7), key="8")
    producer.publish(PatientDeleted(patient_id=7), key="7")
    producer.flush(10)
    assert [message.key for message in pyevents_memory.transport.messages("patient-events")] == [b"7"]


def test_integral_float_becomes_an_integer_in_payload_and_key(pyevents_memory: EventBroker) -> None:
    producer = pyevents_memory.producer("s")
    producer.send_event("patient-events", "patient.deleted", {"patient_id": 7.0}, key="7")
    producer.publish(PatientDeleted(patient_id=7.0))
    producer.flush(10)
    messages = pyevents_memory.transport.messages("patient-events")
    assert [message.key for message in messages] == [b"7", b"7"]
    assert all(b'"patient_id":7}' in (message.value or b"") for message in messages)


def test_full_queue_raises_and_takes_nothing(pyevents_memory: EventBroker) -> None:
    pyevents_memory.transport.stop()
    producer = pyevents_memory.producer("s", spool=MemorySpool(limit=10_000))
    with pytest.raises(SpoolFull, match="status"):
        for number in range(1, 10_000):
            producer.publish(PatientDeleted(patient_id=number))
    accepted = producer.status().pending
    pyevents_memory.transport.start()
    assert producer.flush(10) == 0
    assert len(pyevents_memory.transport.messages("patient-events")) == accepted > 10


def test_closed_producer_says_so(pyevents_memory: EventBroker) -> None:
    producer = pyevents_memory.producer("s")
    assert producer.close() == 0
    with pytest.raises(Closed):
        producer.publish(PatientCreated(**GOOD))

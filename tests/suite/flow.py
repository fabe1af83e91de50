"""The suite that every transport has to pass: from `publish` to the handler."""

from __future__ import annotations

import datetime
import json
import threading
import time
from typing import Any

import pytest

from pyevents import EventInvalid, EventSchema, Retry
from pyevents.events import (
    CommunicationEmailSent,
    EmailSend,
    GeocodingCalculateDistance,
    PatientCreated,
    PatientDeleted,
    TherapistBlocked,
)
from pyevents.transport import Record
from tests.suite.failure import FailureSuite
from tests.suite.place import Place, Running, wait_until

__all__ = ["FlowSuite"]

QUICK = Retry(first=0.05, max=0.2)


class FlowSuite(FailureSuite):
    """Subclasses give a fixture `place`."""

    def test_typed_event_arrives_as_the_same_typed_object(self, place: Place, mark: str) -> None:
        sent = PatientCreated(
            patient_id=7, vorname="Jörg", nachname=mark, geburtsdatum=datetime.date(1980, 2, 29), email=None
        )
        seen: list[tuple[PatientCreated, EventSchema]] = []
        consumer = place.consumer()

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated, event: EventSchema) -> None:
            if patient.nachname == mark:
                seen.append((patient, event))

        event_id = place.producer().publish(sent)
        running = Running(consumer.run)
        wait_until(lambda: seen, "the event arrives")
        consumer.close()
        assert running.join() >= 1
        assert seen[0][0] == sent
        assert (seen[0][1].event_id, seen[0][1].producer) == (event_id, "patient-service")

    def test_avro_command_arrives_as_the_same_typed_object(self, place: Place, mark: str) -> None:
        sent = EmailSend(
            request_id=mark,
            empfaenger_email="anna@example.org",
            empfaenger_name="Anna Muster",
            betreff="Ihr Termin",
            inhalt_text="Grüße",
        )
        seen: list[EmailSend] = []
        consumer = place.consumer("communication-service." + mark[:8])
        consumer.on(EmailSend)(lambda event: seen.append(event) if event.request_id == mark else None)
        place.producer("matching-service").publish(sent)
        Running(consumer.run)
        wait_until(lambda: seen, "the command arrives")
        assert seen == [sent]

    def test_avro_union_and_default_arrive(self, place: Place, mark: str) -> None:
        seen: list[EventSchema] = []
        consumer = place.consumer(f"geocoding-service.{mark[:8]}", topics=["geocoding-requests"])
        target = {"latitude": 52.5, "longitude": 13.4}
        place.producer().send_event(
            "geocoding-requests",
            "geocoding.calculate_distance",
            {"request_id": mark, "origin": "Marktplatz 1, 04109 Leipzig", "destination": target},
        )
        Running(consumer.process_events, lambda event: seen.append(event))
        wait_until(lambda: [event for event in seen if event.payload["request_id"] == mark], "the command arrives")
        payload = next(event.payload for event in seen if event.payload["request_id"] == mark)
        assert (payload["destination"], payload["travel_mode"]) == (target, "car")
        assert GeocodingCalculateDistance.__struct_fields__[0] == "request_id"

    def test_order_per_key_is_kept(self, place: Place, mark: str) -> None:
        producer, seen = place.producer(), dict[int, list[str]]()
        consumer = place.consumer()

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.nachname == mark:
                seen.setdefault(patient.patient_id, []).append(patient.vorname)

        for number in range(500):
            producer.publish(PatientCreated(patient_id=number % 7 + 1, vorname=str(number), nachname=mark))
        Running(consumer.run)
        wait_until(lambda: sum(map(len, seen.values())) >= 500, "all 500 arrive")
        for key, numbers in seen.items():
            assert numbers == [str(number) for number in range(500) if number % 7 + 1 == key], f"key {key}"

    def test_batches_keep_the_order_of_their_partition(self, place: Place, mark: str) -> None:
        producer, batches = place.producer(), list[list[str]]()
        consumer = place.consumer()

        @consumer.on_batch(PatientCreated, max_size=10, max_wait=0.2)
        def match(patients: list[PatientCreated]) -> None:
            found = [patient.vorname for patient in patients if patient.nachname == mark]
            if found:
                batches.append(found)

        for number in range(25):
            producer.publish(PatientCreated(patient_id=1, vorname=str(number), nachname=mark))
        producer.flush(20)
        Running(consumer.run)
        wait_until(lambda: sum(map(len, batches)) == 25, "all are handled")
        assert [name for batch in batches for name in batch] == [str(number) for number in range(25)]
        assert max(map(len, batches)) <= 10

    def test_second_member_takes_partitions_over_without_losing_or_swapping_events(
        self, place: Place, mark: str
    ) -> None:
        group, lock = f"matching-service.{mark[:8]}", threading.Lock()
        seen: dict[str, list[tuple[int, int]]] = {"first": [], "second": []}
        first: dict[int, list[int]] = {}

        def member(name: str) -> Any:
            consumer = place.consumer(group, concurrency=4)

            @consumer.on(PatientCreated)
            def match(patient: PatientCreated) -> None:
                if patient.nachname == mark:
                    with lock:
                        seen[name].append((patient.patient_id, int(patient.vorname)))
                        handled = first.setdefault(patient.patient_id, [])
                        if int(patient.vorname) not in handled:
                            handled.append(int(patient.vorname))

            Running(consumer.run)
            return consumer

        producer, number, consumers = place.producer(), 0, [member("first")]
        deadline = time.monotonic() + 60
        while not seen["second"]:
            assert time.monotonic() < deadline, "the second member is given nothing within 60 s"
            producer.publish(PatientCreated(patient_id=number % 9 + 1, vorname=str(number), nachname=mark))
            producer.flush(20)
            number += 1
            if len(seen["first"]) > 20 and len(consumers) == 1:
                consumers.append(member("second"))
        wait_until(lambda: sum(map(len, first.values())) == number, "every event is handled")
        for key, handled in first.items():
            assert handled == sorted(handled), f"key {key}"
        shares = [set(consumer.status().assigned) for consumer in consumers]
        assert not shares[0] & shares[1], "no partition is with both"

    def test_process_events_hands_over_the_types_that_were_named(self, place: Place, mark: str) -> None:
        producer, seen = place.producer(), list[EventSchema]()
        number = int(mark[:8], 16) + 1
        consumer = place.consumer(topics=["patient-events"])
        producer.publish(PatientDeleted(patient_id=number))
        producer.send_event(
            "patient-events", "patient.created", {"patient_id": float(number), "vorname": "Anna", "nachname": mark}
        )
        running = Running(consumer.process_events, seen.append, ["patient.created"], 200)
        wait_until(lambda: [event for event in seen if event.payload["nachname"] == mark], "the event arrives")
        consumer.close()
        assert running.join() == len(seen)
        assert {event.event_type for event in seen} == {"patient.created"}
        assert next(event.payload["patient_id"] for event in seen if event.payload["nachname"] == mark) == number

    def test_events_wait_while_the_broker_is_away_and_go_in_order(self, place: Place, mark: str) -> None:
        producer, seen = place.producer(), list[str]()
        producer.publish(TherapistBlocked(therapist_id=3, sperrgrund=f"{mark} -1"))
        assert producer.flush(20) == 0
        place.broker.stop()
        try:
            for number in range(50):
                producer.publish(TherapistBlocked(therapist_id=3, sperrgrund=f"{mark} {number}"))
            assert producer.flush(0.1) == 50
        finally:
            place.broker.start()
        assert producer.flush(60) == 0
        consumer = place.consumer()
        consumer.on(TherapistBlocked)(
            lambda event: seen.append(event.sperrgrund.split()[1]) if mark in event.sperrgrund else None
        )
        Running(consumer.run)
        wait_until(lambda: len(seen) >= 51, "all arrive", 60)
        assert seen == [str(number) for number in range(-1, 50)]

    def test_unframed_json_of_an_older_service_is_read(self, place: Place, mark: str) -> None:
        old = {
            "eventId": "old-1",
            "eventType": "patient.created",
            "version": "1.0",
            "timestamp": "2025-05-01T10:00:00.000001",
            "producer": "old-service",
            "payload": {"patient_id": 1, "vorname": "Uwe", "nachname": mark, "unbekannt": True},
        }
        place.send_raw(Record("patient-events", b"1", json.dumps(old).encode()))
        seen: list[EventSchema] = []
        consumer = place.consumer()
        consumer.on(PatientCreated)(lambda patient, event: seen.append(event) if patient.nachname == mark else None)
        Running(consumer.run)
        wait_until(lambda: seen, "the old event arrives")
        assert seen[0].to_dict() == old

    def test_message_of_an_unknown_type_is_skipped_and_counted(self, place: Place, mark: str) -> None:
        foreign = {"eventId": mark, "eventType": "patient.unheard_of", "version": "1.0"}
        foreign |= {"timestamp": "2025-05-01T10:00:00Z", "producer": "x"}
        place.send_raw(Record("communication-events", b"1", json.dumps(foreign | {"payload": {}}).encode()))
        place.producer().publish(
            CommunicationEmailSent(
                email_id=1,
                empfaenger_email="a@example.org",
                betreff=mark,
                gesendet_am=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
            )
        )
        seen: list[str] = []
        consumer = place.consumer()
        consumer.on(CommunicationEmailSent)(lambda event: seen.append(str(event.betreff)))
        Running(consumer.run)
        wait_until(lambda: mark in seen and consumer.status().skipped >= 1, "the event arrives, the other is counted")

    def test_coroutine_handler_is_awaited(self, place: Place, mark: str) -> None:
        seen: list[str] = []
        consumer = place.consumer()

        @consumer.on(PatientDeleted)
        async def forget(patient: PatientDeleted) -> None:
            seen.append(str(patient.patient_id))

        number = int(mark[:8], 16) + 1
        place.producer().publish(PatientDeleted(patient_id=number))
        Running(consumer.run)
        wait_until(lambda: str(number) in seen, "the coroutine has run")

    def test_invalid_event_leaves_nothing_on_the_topic(self, place: Place, mark: str) -> None:
        producer = place.producer()
        with pytest.raises(EventInvalid) as refused:
            producer.publish(PatientCreated(patient_id=1, vorname="x" * 101, nachname=mark))
        assert (refused.value.pointer, refused.value.rule) == ("/vorname", "maxLength")
        assert mark not in str(refused.value) and "xxx" not in str(refused.value)
        assert producer.status().pending == 0
        assert producer.flush(1) == 0

"""The part of the suite about handlers that fail: retries, dead letters, replays, and who goes on meanwhile."""

from __future__ import annotations

import threading

from pyevents import EventSchema, Reject, Retry, RobustKafkaProducer
from pyevents.errors import ConsumerStopped
from pyevents.events import (
    PatientCreated,
    PatientDeleted,
)
from pyevents.transport import Record
from tests.suite.place import Place, Running, wait_until

__all__ = ["FailureSuite"]

QUICK = Retry(first=0.05, max=0.2)


def publish_abc(producer: RobustKafkaProducer, mark: str) -> None:
    """Publish three events of one patient, told apart by `vorname`."""
    for name in "abc":
        producer.publish(PatientCreated(patient_id=1, vorname=name, nachname=mark))


class FailureSuite:
    """A part of `FlowSuite`."""

    def test_failing_event_is_tried_again_in_its_place(self, place: Place, mark: str) -> None:
        producer, seen, failures = place.producer(), list[str](), list[str]()
        consumer = place.consumer(retry=QUICK)

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.nachname != mark:
                return
            if patient.vorname == "b" and len(failures) < 3:
                failures.append(patient.vorname)
                raise ConnectionError("the database is away")
            seen.append(patient.vorname)

        publish_abc(producer, mark)
        Running(consumer.run)
        wait_until(lambda: len(seen) >= 3, "all three are handled")
        assert (seen, failures) == (["a", "b", "c"], ["b", "b", "b"])
        assert consumer.status().failures >= 3

    def test_offset_never_passes_an_event_that_was_not_handled(self, place: Place, mark: str) -> None:
        producer, group = place.producer(), f"matching-service.{mark[:8]}"
        consumer, tried = place.consumer(group, retry=QUICK, on_error="retry"), list[str]()

        @consumer.on(PatientCreated)
        def refuse(patient: PatientCreated) -> None:
            if patient.nachname == mark:
                tried.append(patient.vorname)
                if patient.vorname == "b":
                    raise ValueError(patient.nachname)

        publish_abc(producer, mark)
        running = Running(consumer.run)
        wait_until(lambda: tried.count("b") >= 2, "the event is tried twice")
        consumer.close()
        running.join()
        again, seen = place.consumer(group), list[str]()
        again.on(PatientCreated)(lambda patient: seen.append(patient.vorname) if patient.nachname == mark else None)
        Running(again.run)
        wait_until(lambda: "c" in seen, "the successor handles the rest")
        assert seen == ["b", "c"]

    def test_failing_event_is_passed_over_where_that_is_asked_for(self, place: Place, mark: str) -> None:
        producer, seen = place.producer(), list[str]()
        consumer = place.consumer(on_error="skip", retry=QUICK)

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.nachname == mark:
                if patient.vorname == "b":
                    raise ValueError("no")
                seen.append(patient.vorname)

        publish_abc(producer, mark)
        Running(consumer.run)
        wait_until(lambda: len(seen) >= 2, "the others are handled")
        assert seen == ["a", "c"]
        assert consumer.status().passed >= 1

    def test_exhausted_event_becomes_a_dead_letter_byte_for_byte_with_its_reason(self, place: Place, mark: str) -> None:
        seen, group = list[str](), f"matching-service.{mark[:8]}"
        consumer = place.consumer(group, retry=Retry(attempts=2, first=0.01))

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.nachname == mark:
                if patient.vorname == "b":
                    raise ValueError(patient.nachname)
                seen.append(patient.vorname)

        producer = place.producer()
        ids = [
            producer.publish(PatientCreated(patient_id=1, vorname=name, nachname=mark), headers={"trace": b"\x00\xff"})
            for name in "abc"
        ]
        Running(consumer.run)
        wait_until(lambda: seen == ["a", "c"], "the others are handled, in order")
        (letter,) = place.read("patient-events.matching-service.dlq", lambda one: mark.encode() in (one.value or b""))
        (source,) = place.read("patient-events", lambda one: ids[1].encode() in (one.value or b""))
        headers = dict(letter.headers)
        assert (letter.key, letter.value, letter.headers[0]) == (source.key, source.value, ("trace", b"\x00\xff"))
        assert headers["pyevents-topic"] == b"patient-events"
        assert headers["pyevents-partition"] == str(source.partition).encode()
        assert headers["pyevents-offset"] == str(source.offset).encode()
        assert headers["pyevents-timestamp"] == str(source.timestamp).encode()
        assert headers["pyevents-event-type"] == b"patient.created"
        assert headers["pyevents-event-id"] == ids[1].encode()
        assert headers["pyevents-group"] == group.encode()
        assert headers["pyevents-error"] == b"ValueError"
        assert headers["pyevents-error-at"].startswith(__file__.encode() + b":")
        assert headers["pyevents-attempts"] == b"2"
        assert 0 < int(headers["pyevents-first-failure"]) <= int(headers["pyevents-last-failure"])
        assert not any(mark.encode() in (value or b"") for value in headers.values()), "no payload in our headers"
        wait_until(lambda: consumer.status().dead_letters >= 1, "the dead letter is counted")

    def test_rejected_event_is_tried_once(self, place: Place, mark: str) -> None:
        tried = list[str]()
        consumer = place.consumer(keep_message=True)

        @consumer.on(PatientDeleted)
        def refuse(patient: PatientDeleted) -> None:
            if patient.patient_id == number:
                tried.append("once")
                raise Reject("nobody knows this patient")

        number = int(mark[:8], 16) + 1
        event_id = place.producer().publish(PatientDeleted(patient_id=number))
        Running(consumer.run)
        topic = "patient-events.matching-service.dlq"
        (letter,) = place.read(topic, lambda one: event_id.encode() in (one.value or b""))
        assert tried == ["once"]
        assert dict(letter.headers)["pyevents-error"] == b"pyevents.errors.Reject"
        assert dict(letter.headers)["pyevents-error-message"] == b"nobody knows this patient"

    def test_bytes_that_are_no_event_become_a_dead_letter_and_stop_nobody(self, place: Place, mark: str) -> None:
        junk = b"\xff" + mark.encode()
        seen = list[str]()
        consumer = place.consumer()
        consumer.on(PatientCreated)(lambda patient: seen.append(patient.vorname) if patient.nachname == mark else None)
        place.send_raw(Record("patient-events", b"\xfe", junk, (("empty", b""), ("null", None))))
        place.producer().publish(PatientCreated(patient_id=1, vorname="a", nachname=mark))
        Running(consumer.run)
        wait_until(lambda: seen == ["a"], "the good event is handled")
        topic = "patient-events.matching-service.dlq"
        (letter,) = place.read(topic, lambda one: one.value == junk)
        assert (letter.key, letter.headers[:2]) == (b"\xfe", (("empty", b""), ("null", None)))
        assert dict(letter.headers)["pyevents-error"] == b"Undecodable/framing"

    def test_other_keys_go_on_while_one_waits_for_its_next_attempt(self, place: Place, mark: str) -> None:
        producer, seen = place.producer(), list[tuple[int, str]]()
        consumer = place.consumer(concurrency=4, retry=QUICK)
        away = threading.Event()

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.nachname != mark:
                return
            if patient.patient_id == 1 and not away.is_set():
                raise ConnectionError("the database is away")
            seen.append((patient.patient_id, patient.vorname))

        for number in range(20):
            producer.publish(PatientCreated(patient_id=number % 4 + 1, vorname=str(number), nachname=mark))
        Running(consumer.run)
        wait_until(lambda: len(seen) == 15, "the other keys are handled")
        assert not any(key == 1 for key, _ in seen)
        wait_until(lambda: any(one.waiting_keys for one in consumer.status().partitions.values()), "status says so")
        away.set()
        wait_until(lambda: len(seen) == 20, "the key that waited is handled")
        for key in range(1, 5):
            expected = [str(number) for number in range(20) if number % 4 + 1 == key]
            assert [name for found, name in seen if found == key] == expected, f"key {key}"

    def test_event_on_the_retry_topic_is_handled_as_a_replay(self, place: Place, mark: str) -> None:
        seen = list[tuple[str, bool]]()
        consumer = place.consumer()

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated, event: EventSchema) -> None:
            if patient.nachname == mark:
                seen.append((event.event_id, event.replayed))

        event_id = place.producer().publish(PatientCreated(patient_id=1, vorname="a", nachname=mark))
        (source,) = place.read("patient-events", lambda one: event_id.encode() in (one.value or b""))
        place.send_raw(Record("patient-events.matching-service.retry", source.key, source.value, source.headers))
        Running(consumer.run)
        wait_until(lambda: len(seen) >= 2, "both are handled")
        assert sorted(seen) == [(event_id, False), (event_id, True)]

    def test_handler_that_asks_for_it_stops_the_consumer_at_its_event(self, place: Place, mark: str) -> None:
        group = f"matching-service.{mark[:8]}"
        consumer = place.consumer(group, retry=Retry(attempts=1))
        failed = list[ConsumerStopped]()

        @consumer.on(PatientCreated, on_error="stop")
        def match(patient: PatientCreated) -> None:
            if patient.nachname == mark:
                raise ValueError(mark)

        def run() -> int:
            try:
                return consumer.run()
            except ConsumerStopped as error:
                failed.append(error)
                return 0

        event_id = place.producer().publish(PatientCreated(patient_id=1, vorname="a", nachname=mark))
        Running(run).join()
        assert mark not in str(failed[0]) and "ValueError" in str(failed[0])
        again, seen = place.consumer(group), list[str]()
        again.on(PatientCreated)(lambda patient, event: seen.append(event.event_id))
        Running(again.run)
        wait_until(lambda: event_id in seen, "the successor begins with that event")

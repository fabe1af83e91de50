"""What a service's own tests can rely on, in memory and on the embedded broker alike."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from pyevents import EventSchema, Retry
from pyevents.errors import ConsumerStopped
from pyevents.events import MatchCreated, PatientCreated, PatientDeleted
from pyevents.testing import EventBroker

__all__ = ["BrokerSuite"]

ANNA = PatientCreated(patient_id=7, vorname="Anna", nachname="Muster")
BERT = PatientCreated(patient_id=8, vorname="Bert", nachname="Muster")


class BrokerSuite:
    """To be run with a fixture `broker`."""

    def test_handlers_see_what_was_published_and_what_they_publish_is_seen(self, broker: EventBroker) -> None:
        producer = broker.producer("matching-service")
        consumer = broker.consumer("matching-service")

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            producer.publish(MatchCreated(match_id=patient.patient_id, patient_id=patient.patient_id, therapist_id=1))

        broker.publish(ANNA, BERT, PatientDeleted(patient_id=8))
        status = broker.handle(consumer)
        assert (status.handled, status.skipped) == (2, 1)
        assert sorted(made.patient_id for made in broker.published(MatchCreated)) == [7, 8]
        assert broker.published(PatientCreated) == [ANNA, BERT]
        types = [event.event_type for event in broker.published()]
        assert sorted(types) == ["match.created"] * 2 + ["patient.created"] * 2 + ["patient.deleted"]
        assert broker.dead_letters() == []

    def test_hours_of_retries_take_no_time(self, broker: EventBroker) -> None:
        times = []
        consumer = broker.consumer("matching-service", retry=Retry(attempts=8, first=600, max=3600, jitter=0))

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            times.append(broker.clock())
            if len(times) < 8:
                raise ConnectionError("the database is away")

        broker.publish(ANNA)
        began = time.monotonic()
        assert broker.handle(consumer, timeout=60).handled == 1
        assert len(times) == 8
        assert timedelta(seconds=times[-1] - times[0]) > timedelta(hours=4)
        assert time.monotonic() - began < 60

    def test_what_was_given_up_is_a_dead_letter_with_its_reason(self, broker: EventBroker) -> None:
        consumer = broker.consumer("matching-service", retry=Retry(attempts=3))

        @consumer.on(PatientCreated)
        def match(patient: PatientCreated) -> None:
            if patient.patient_id == 7:
                raise LookupError("no therapist for Anna")

        broker.publish(ANNA, BERT)
        broker.put("patient-events", b"{", b"9")
        status = broker.handle(consumer)
        assert (status.handled, status.dead_letters) == (1, 2)
        failed, broken = sorted(broker.dead_letters("matching-service"), key=lambda letter: -letter.attempts)
        assert (failed.event_type, failed.attempts, failed.message.key) == ("patient.created", 3, b"7")
        assert "LookupError" in failed.error
        assert "Anna" not in str(failed.summary())
        assert broken.message.value == b"{"
        assert broker.dead_letters("communication-service") == []

    def test_a_later_consumer_of_the_group_goes_on_where_the_first_ended(self, broker: EventBroker) -> None:
        seen: list[int] = []
        for event in (ANNA, BERT):
            broker.publish(event)
            consumer = broker.consumer("matching-service")
            consumer.on(PatientCreated)(lambda patient: seen.append(patient.patient_id))
            broker.handle(consumer)
        assert seen == [7, 8]

    def test_coroutines_and_batches_are_handled_too(self, broker: EventBroker) -> None:
        seen: list[object] = []
        consumer = broker.consumer("matching-service")

        @consumer.on(PatientDeleted)
        async def forget(patient: PatientDeleted) -> None:
            seen.append(patient.patient_id)

        @consumer.on_batch(PatientCreated, max_size=10, max_wait=3600)
        def match(patients: list[PatientCreated]) -> None:
            seen.extend(patient.patient_id for patient in patients)

        broker.publish(ANNA, BERT, PatientDeleted(patient_id=9))
        broker.handle(consumer)
        assert sorted(map(str, seen)) == ["7", "8", "9"]

    def test_consumer_that_stops_by_its_rules_says_so(self, broker: EventBroker) -> None:
        consumer = broker.consumer("matching-service", on_error="stop", retry=Retry(attempts=1))

        @consumer.on(PatientCreated)
        def match(event: EventSchema) -> None:
            raise ValueError("no")

        broker.publish(ANNA)
        with pytest.raises(ConsumerStopped):
            broker.handle(consumer)

    def test_what_never_ends_is_told_with_what_is_left(self, broker: EventBroker) -> None:
        consumer = broker.consumer("matching-service", on_error="retry")

        @consumer.on(PatientCreated)
        def match(event: EventSchema) -> None:
            raise ValueError("no")

        broker.publish(ANNA)
        with pytest.raises(TimeoutError, match="0 of 1 messages"):
            broker.handle(consumer, timeout=2)

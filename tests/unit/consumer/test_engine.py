"""The consumer on the broker in memory: what its parts do together that no part does alone."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyevents import Retry
from pyevents.consumer.letter import key_hash
from pyevents.consumer.limit import DeadLetterLimit
from pyevents.errors import ConfigurationInvalid, ConsumerStopped, RegistryUnreachable
from pyevents.events import EmailSend, PatientCreated, PatientDeleted
from pyevents.registry import Schema
from pyevents.transport import Record
from tests.suite.place import Place, Running, in_memory, wait_until


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PYEVENTS_CACHE_DIR", str(tmp_path))
    with in_memory(partitions=1) as made:
        yield made


def delete(place: Place, *keys: int) -> None:
    producer = place.producer()
    for key in keys:
        producer.publish(PatientDeleted(patient_id=key))
    assert producer.flush(10) == 0


@pytest.mark.parametrize("kind", ["functions", "coroutines"])
def test_as_many_keys_are_handled_at_the_same_time_as_concurrency_says(place: Place, kind: str) -> None:
    delete(place, *range(1, 31))
    consumer, inside, most = place.consumer(concurrency=10), set[int](), list[int]()
    together = threading.Barrier(10)

    def handle(patient: PatientDeleted) -> None:
        inside.add(patient.patient_id)
        together.wait(30)
        most.append(len(inside))
        inside.discard(patient.patient_id)

    async def handle_async(patient: PatientDeleted) -> None:
        inside.add(patient.patient_id)
        while len(inside) < 10 and patient.patient_id <= 10:
            await asyncio.sleep(0.001)
        most.append(len(inside))
        await asyncio.sleep(0.001)
        inside.discard(patient.patient_id)

    consumer.on(PatientDeleted)(handle if kind == "functions" else handle_async)
    Running(consumer.run)
    wait_until(lambda: len(most) == 30, "all are handled")
    assert max(most) <= 10


def test_functions_and_coroutines_are_handled_beside_each_other(place: Place) -> None:
    consumer, seen = place.consumer(concurrency=4), list[str]()
    consumer.on(PatientDeleted)(lambda patient: seen.append(threading.current_thread().name))

    @consumer.on(PatientCreated)
    async def match(patient: PatientCreated) -> None:
        await asyncio.sleep(0)
        seen.append(threading.current_thread().name)

    delete(place, 1, 2)
    place.producer().publish(PatientCreated(patient_id=3, vorname="Anna", nachname="Muster"))
    Running(consumer.run)
    wait_until(lambda: len(seen) == 3, "all are handled")
    assert sum(name.endswith("loop") for name in seen) == 1


def test_event_behind_a_dead_letter_is_handled_by_a_coroutine_without_anything_further_to_come(place: Place) -> None:
    consumer, seen = place.consumer(retry=Retry(attempts=1)), list[int]()

    @consumer.on(PatientDeleted)
    async def handle(patient: PatientDeleted) -> None:
        if patient.patient_id == 1:
            raise ValueError
        seen.append(patient.patient_id)

    delete(place, 1, 2)
    Running(consumer.run)
    wait_until(lambda: seen == [2], "it is handled")


def test_key_that_hangs_holds_up_no_other_until_the_partition_pauses_and_says_so(place: Place) -> None:
    consumer, seen, freed = place.consumer(concurrency=3, max_gap=200), list[int](), threading.Event()

    @consumer.on(PatientDeleted)
    def handle(patient: PatientDeleted) -> None:
        if patient.patient_id == 1:
            freed.wait(60)
        seen.append(patient.patient_id)

    delete(place, 1, *range(2, 150))
    Running(consumer.run)
    wait_until(lambda: len(seen) == 148, "all other keys are handled, within max_gap")
    delete(place, *range(150, 2_000))
    wait_until(lambda: any(one.paused for one in consumer.status().partitions.values()), "the partition pauses")
    (status,) = (one for one in consumer.status().partitions.values() if one.paused)
    assert status.blocked_by == key_hash(b"1")
    assert status.position is not None and status.position < 200 + 500, "reading is bounded"
    assert sum(place.transport().committed(consumer.group_id).values()) == 0  # type: ignore[attr-defined]
    wait_until(lambda: "held by key" in consumer.healthy(patience=0.5).reason, "it is ill, and says why")
    assert key_hash(b"1") in consumer.healthy(patience=0.5).reason
    freed.set()
    wait_until(lambda: len(seen) == 1_999, "once it is done, all are handled")
    assert consumer.healthy()


def test_handler_that_hangs_keeps_nobody_from_closing_and_its_event_comes_again(place: Place) -> None:
    freed, begun, seen = threading.Event(), threading.Event(), list[int]()
    consumer = place.consumer("matching-service", drain_timeout=0.2)

    @consumer.on(PatientDeleted)
    def hang(patient: PatientDeleted) -> None:
        begun.set()
        freed.wait(60)

    delete(place, 1, 2)
    running = Running(consumer.run)
    assert begun.wait(30)
    consumer.close()
    assert running.join() == 0
    again = place.consumer("matching-service")
    again.on(PatientDeleted)(lambda patient: seen.append(patient.patient_id))
    Running(again.run)
    wait_until(lambda: seen == [1, 2], "the successor begins with that event")
    freed.set()


def test_partition_that_was_lost_commits_nothing(place: Place) -> None:
    consumer, begun, freed = place.consumer(), threading.Event(), threading.Event()

    @consumer.on(PatientDeleted)
    def handle(patient: PatientDeleted) -> None:
        begun.set()
        freed.wait(60)

    delete(place, 1)
    Running(consumer.run)
    assert begun.wait(30)
    engine = consumer._engine
    assert engine is not None
    engine.lost(list(engine.status().assigned))
    freed.set()
    consumer.close()
    assert sum(place.transport().committed(consumer.group_id).values()) == 0  # type: ignore[attr-defined]


def test_slow_handler_is_reported_with_its_stack(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    consumer, freed = place.consumer(slow_after=0.1), threading.Event()

    @consumer.on(PatientDeleted)
    def slow_one(patient: PatientDeleted) -> None:
        freed.wait(60)

    delete(place, 1)
    with caplog.at_level(logging.WARNING, "pyevents.consumer"):
        Running(consumer.run)
        wait_until(lambda: "in slow_one" in caplog.text, "the stack is in the log")
    freed.set()


def test_event_that_comes_twice_is_handled_once(place: Place) -> None:
    consumer, seen = place.consumer(), list[int]()
    consumer.on(PatientDeleted)(lambda patient: seen.append(patient.patient_id))
    delete(place, 1)
    (first,) = place.transport().messages("patient-events")  # type: ignore[attr-defined]
    place.send_raw(Record(first.topic, first.key, first.value))
    delete(place, 2)
    Running(consumer.run)
    wait_until(lambda: 2 in seen, "what follows is handled")
    assert seen == [1, 2]
    assert consumer.status().doubles == 1


def test_every_event_that_comes_is_handled_where_doubles_are_wanted(place: Place) -> None:
    consumer, seen = place.consumer(doubles=0), list[int]()
    consumer.on(PatientDeleted)(lambda patient: seen.append(patient.patient_id))
    delete(place, 1)
    (first,) = place.transport().messages("patient-events")  # type: ignore[attr-defined]
    place.send_raw(Record(first.topic, first.key, first.value))
    Running(consumer.run)
    wait_until(lambda: seen == [1, 1], "both are handled")


def test_consumer_stops_rather_than_making_dead_letters_of_everything(place: Place) -> None:
    limit = DeadLetterLimit(count=5, share=0.5)
    consumer = place.consumer(dead_letter_limit=limit, retry=Retry(attempts=1))

    @consumer.on(PatientDeleted)
    def broken(patient: PatientDeleted) -> None:
        raise KeyError("column")

    delete(place, *range(1, 50))
    with pytest.raises(ConsumerStopped, match="dead_letter_limit"):
        consumer.run()
    assert len(place.transport().messages("patient-events.matching-service.dlq")) == 5  # type: ignore[attr-defined]
    assert sum(place.transport().committed(consumer.group_id).values()) == 5  # type: ignore[attr-defined]


def test_batch_that_fails_for_good_is_handled_one_by_one(place: Place) -> None:
    consumer, seen = place.consumer(retry=Retry(attempts=1)), list[list[int]]()

    @consumer.on_batch(PatientDeleted, max_size=5, max_wait=0.1)
    def handle(patients: list[PatientDeleted]) -> None:
        if any(patient.patient_id == 3 for patient in patients):
            raise ValueError
        seen.append([patient.patient_id for patient in patients])

    delete(place, *range(1, 6))
    Running(consumer.run)
    wait_until(lambda: consumer.status().dead_letters == 1, "the event at fault is a dead letter")
    wait_until(lambda: sum(map(len, seen)) == 4, "the others are handled")
    assert seen == [[1], [2], [4], [5]]


def test_avro_waits_for_a_registry_that_is_away_and_is_never_a_dead_letter(place: Place) -> None:
    known = place.registry()

    class Away:
        url, away = "http://registry", True
        register, look_up = known.register, known.look_up

        def schema_of(self, schema_id: int) -> Schema:
            if self.away:
                raise RegistryUnreachable(self.url, "ConnectError")
            return known.schema_of(schema_id)

    registry, seen = Away(), list[Any]()
    place.producer("matching-service").publish(
        EmailSend(request_id="1", empfaenger_email="a@example.org", empfaenger_name="A", betreff="B", inhalt_text="C")
    )
    consumer = place.consumer("communication-service", registry=registry)
    consumer.on(EmailSend)(seen.append)
    Running(consumer.run)
    wait_until(lambda: consumer.status().failures >= 1, "it is tried")
    registry.away = False
    wait_until(lambda: seen, "it is handled once the registry is there")
    assert consumer.status().dead_letters == 0


def test_schema_id_that_the_registry_denies_long_enough_is_a_dead_letter(place: Place) -> None:
    consumer = place.consumer(schema_patience=0)
    consumer.on(PatientDeleted)(lambda patient: None)
    place.send_raw(Record("patient-events", b"1", b"\x00\x00\x00\x00\x63binary"))
    Running(consumer.run)
    wait_until(lambda: consumer.status().dead_letters == 1, "it is a dead letter")
    (letter,) = place.transport().messages("patient-events.matching-service.dlq")  # type: ignore[attr-defined]
    assert letter.value == b"\x00\x00\x00\x00\x63binary"
    assert dict(letter.headers)["pyevents-error"] == b"pyevents.errors.SchemaUnknown"


@pytest.mark.parametrize("error", [SystemExit(1), StopIteration(), asyncio.CancelledError()])
def test_whatever_a_handler_raises_the_consumer_goes_on(place: Place, error: BaseException) -> None:
    consumer, seen = place.consumer(retry=Retry(attempts=1), concurrency=2), list[int]()

    @consumer.on(PatientDeleted)
    def handle(patient: PatientDeleted) -> None:
        if patient.patient_id == 1:
            raise error
        seen.append(patient.patient_id)

    delete(place, 1, 2)
    Running(consumer.run)
    wait_until(lambda: seen == [2] and consumer.status().dead_letters == 1, "the other is handled")


@pytest.mark.parametrize(
    ("options", "function", "setting"),
    [({"retry": 3}, print, "retry: int is no Retry"), ({}, "print", "handler: str is no function")],
)
def test_handler_that_cannot_be_called_is_refused_before_an_event_comes(
    place: Place, options: dict[str, Any], function: Any, setting: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=setting):
        place.consumer(**options).on("patient.deleted")(function)


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"on_error": "dlq"}, {"max_gap": 0}, {"drain_timeout": -1}, {"doubles": -1}],
)
def test_impossible_setting_is_refused_with_its_name(place: Place, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationInvalid, match=next(iter(options))):
        place.consumer(**options)

"""What a real broker calls corrupt for ever: a row of the outbox, a dead letter, a replay. Others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session

from pyevents import Reject, outbox
from pyevents.catalog import load
from pyevents.deadletter import DeadLetterTopic
from pyevents.errors import ClusterRefused
from pyevents.events import PatientUpdated, TherapistUpdated
from pyevents.kafka import KafkaTransport
from pyevents.memory import MemoryRegistry
from pyevents.outbox import Outbox, Relay
from pyevents.outbox.table import OUTBOX
from pyevents.transport import Record
from tests.real.load import PATIENTS
from tests.real.proxy import CORRUPT, LOOK_OFTEN, Proxy
from tests.suite.place import Place, Running, wait_until

LETTERS = "patient-events.matching-service.dlq"
MARK = "Oschatz"


@pytest.fixture
def place(proxy: Proxy) -> Iterator[Place]:
    registry = MemoryRegistry()
    with Place(lambda: KafkaTransport(proxy.servers, LOOK_OFTEN), lambda: registry, proxy.kafka) as made:
        yield made
        proxy.relent()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path}/service.db")
    outbox.metadata.create_all(made)
    yield made
    made.dispose()


def town(body: bytes | None) -> str:
    return str(json.loads((body or b"")[5:])["payload"]["ort"])


def commit(engine: Engine, *events: PatientUpdated | TherapistUpdated) -> None:
    with Session(engine) as session, session.begin():
        for event in events:
            Outbox(session).publish(event)


def test_row_that_is_corrupt_to_the_broker_is_put_aside_and_the_others_go_on(
    proxy: Proxy, place: Place, engine: Engine
) -> None:
    towns = [f"Wurzen {number:02}" for number in range(40)]
    rows = [PatientUpdated(patient_id=number % 3 + 1, ort=name) for number, name in enumerate(towns)]
    commit(engine, *rows[:20], PatientUpdated(patient_id=1, ort=MARK), *rows[20:])
    proxy.refuse(MARK.encode(), CORRUPT)
    with Relay(engine, transport=place.transport(), registry=place.registry(), auto_register=True) as relay:
        wait_until(lambda: relay.status().refused == 1, "the row is put aside", 60)
        commit(engine, TherapistUpdated(therapist_id=1, ort="Halle"))
        wait_until(lambda: relay.status().sent == 41, "the others are sent")
        assert relay.status().waiting == {}
        with engine.begin() as connection:
            reasons = list(connection.scalars(select(OUTBOX.c.refused)))
            proxy.relent()
            connection.execute(update(OUTBOX).values(refused=None))
        wait_until(lambda: relay.status().sent == 42, "the row is sent once the cause is gone")
    assert reasons == ["INVALID_MSG: the broker finds the record corrupt"]
    there = set[str]()
    found = place.read(PATIENTS, lambda one: not (town(one.value) in there or there.add(town(one.value))), 41)
    for key in (b"1", b"2", b"3"):
        of_key = [town(one.value) for one in found if one.key == key]
        assert of_key == towns[int(key) - 1 :: 3] + [MARK] * (key == b"1"), f"the order of key {key!r}"


def test_dead_letter_that_is_corrupt_to_the_broker_is_tried_until_it_is_taken_and_the_others_go_on(
    proxy: Proxy, place: Place
) -> None:
    producer, consumer = place.producer(), place.consumer(concurrency=10)

    @consumer.on(PatientUpdated)
    def refuse(patient: PatientUpdated) -> None:
        if patient.patient_id > 100:
            raise Reject("nobody knows this patient")

    for number, name in enumerate(["Borna", MARK, "Colditz", "Delitzsch"]):
        producer.publish(PatientUpdated(patient_id=101 + number, ort=name))
    assert producer.flush(30) == 0
    proxy.refuse(MARK.encode(), CORRUPT)
    Running(consumer.run)
    wait_until(lambda: consumer.status().dead_letters == 3, "the others are dead letters", 60)
    producer.publish(PatientUpdated(patient_id=105, ort="Eilenburg"))
    wait_until(lambda: consumer.status().dead_letters == 4, "one more is a dead letter")
    assert not [one for one in place.read(LETTERS, lambda one: True, 4) if MARK.encode() in (one.value or b"")]
    proxy.relent()
    (letter,) = place.read(LETTERS, lambda one: MARK.encode() in (one.value or b""))
    assert letter.key == b"102"
    wait_until(lambda: consumer.status().dead_letters == 5, "it is confirmed")


def test_replay_of_what_is_corrupt_to_the_broker_ends_with_the_reason(proxy: Proxy, place: Place) -> None:
    letters = next(topic for topic in load().catalog.every_topic if topic.name == LETTERS)
    proxy.refuse(MARK.encode(), CORRUPT)
    with (
        DeadLetterTopic(KafkaTransport(proxy.servers, LOOK_OFTEN), letters, timeout=60) as opened,
        pytest.raises(ClusterRefused, match="however often it is sent") as refusal,
    ):
        opened.send([Record(LETTERS, b"1", MARK.encode())])
    assert MARK not in str(refusal.value)

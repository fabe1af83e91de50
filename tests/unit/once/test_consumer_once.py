"""A consumer with an inbox, and one that meets other majors than its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, func, insert, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.errors import ConfigurationInvalid, ConsumerStopped
from pyevents.events import PatientCreated, PatientDeleted
from pyevents.inbox.sql import AsyncSqlInbox, SqlInbox
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.retry import Retry
from tests.suite.majors import NextPlatform
from tests.suite.place import Running, wait_until

EFFECTS = Table("effects", MetaData(), Column("number", Integer))
LETTERS = "patient-events.matching-service.dlq"
QUICK = Retry(first=0.01, max=0.02)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> NextPlatform:
    return NextPlatform(tmp_path_factory.mktemp("next"))


@pytest.fixture
def make(broker: MemoryTransport, registry: MemoryRegistry) -> Iterator[Any]:
    made: list[KafkaConsumer] = []

    def consumer(**options: Any) -> KafkaConsumer:
        made.append(KafkaConsumer(None, "matching-service", transport=broker, registry=registry, **options))
        return made[-1]

    yield consumer
    for one in made:
        one.close()


def publish(broker: MemoryTransport, registry: MemoryRegistry, *events: Any, catalog: Any = "pyevents.events") -> None:
    options: dict[str, Any] = {"transport": broker, "registry": registry, "auto_register": True, "catalog": catalog}
    with RobustKafkaProducer(service_name="patient-service", **options) as producer:
        for event in events:
            producer.publish(event)


def effects(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(EFFECTS)) or 0


def test_event_that_is_delivered_twice_has_one_effect(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    EFFECTS.metadata.create_all(engine)
    publish(broker, registry, *(PatientDeleted(patient_id=number) for number in range(1, 6)))
    for _ in range(2):  # the second member is given everything again, as after a crash before the commit
        inbox = SqlInbox(sessionmaker(engine))
        consumer = make(inbox=inbox)

        @consumer.on(PatientDeleted)
        def forget(patient: PatientDeleted, inbox: SqlInbox = inbox) -> None:
            inbox.session.execute(insert(EFFECTS).values(number=patient.patient_id))

        running = Running(consumer.run)
        wait_until(lambda consumer=consumer: consumer.status().handled == 5, "all are handled")
        consumer.close()
        running.join()
        broker._groups.clear()
    assert effects(engine) == 5


def test_handler_that_fails_is_rolled_back_and_tried_again(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    EFFECTS.metadata.create_all(engine)
    inbox, attempts = SqlInbox(sessionmaker(engine)), list[int]()
    consumer = make(inbox=inbox, retry=QUICK)

    @consumer.on(PatientDeleted)
    def forget(patient: PatientDeleted) -> None:
        inbox.session.execute(insert(EFFECTS).values(number=patient.patient_id))
        attempts.append(patient.patient_id)
        if len(attempts) < 3:
            raise ConnectionError

    publish(broker, registry, PatientDeleted(patient_id=1))
    Running(consumer.run)
    wait_until(lambda: consumer.status().handled == 1, "it is handled in the end")
    assert (len(attempts), effects(engine)) == (3, 1)


def test_coroutine_has_one_effect_through_an_asynchronous_session(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    EFFECTS.metadata.create_all(engine)
    url = engine.url.render_as_string(hide_password=False).replace("sqlite:", "sqlite+aiosqlite:")
    inbox = AsyncSqlInbox(async_sessionmaker(create_async_engine(url)))
    consumer = make(inbox=inbox)

    @consumer.on(PatientDeleted)
    async def forget(patient: PatientDeleted) -> None:
        await asyncio.sleep(0)
        await inbox.session.execute(insert(EFFECTS).values(number=patient.patient_id))

    publish(broker, registry, PatientDeleted(patient_id=1), PatientDeleted(patient_id=2))
    Running(consumer.run)
    wait_until(lambda: consumer.status().handled == 2, "both are handled")
    assert effects(engine) == 2


def test_inbox_that_does_not_fit_its_handler_is_refused_at_the_start(engine: Engine, make: Any) -> None:
    consumer = make(inbox=SqlInbox(sessionmaker(engine)))

    @consumer.on(PatientDeleted)
    async def forget(patient: PatientDeleted) -> None: ...

    with pytest.raises(ConfigurationInvalid, match="AsyncSqlInbox"):
        consumer.run()
    batches = make(inbox=SqlInbox(sessionmaker(engine)))
    batches.on_batch(PatientDeleted)(lambda patients: None)
    with pytest.raises(ConfigurationInvalid, match="takes batches"):
        batches.run()


def test_handler_of_the_newer_major_gets_both(
    platform: NextPlatform, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    events, seen = platform.package, list[Any]()
    consumer = make(catalog=events)
    consumer.on(events.PatientCreatedV2)(seen.append)
    old = PatientCreated(patient_id=1, vorname="A", nachname="B", strasse="Lange Gasse 12a")
    publish(broker, registry, old)
    new = events.PatientCreatedV2(patient_id=1, vorname="A", nachname="B", strasse="Weg", hausnummer="3")
    publish(broker, registry, new, catalog=events)
    Running(consumer.run)
    wait_until(lambda: len(seen) == 2, "both arrive")
    assert {type(one) for one in seen} == {events.PatientCreatedV2}
    assert [(one.strasse, one.hausnummer) for one in seen] == [("Lange Gasse", "12a"), ("Weg", "3")]


def test_upcaster_that_fails_is_a_dead_letter_with_the_step_named(
    platform: NextPlatform, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    consumer = make(catalog=platform.package, keep_message=True)
    consumer.on(platform.package.PatientCreatedV2)(lambda patient: None)
    publish(broker, registry, PatientCreated(patient_id=1, vorname="A", nachname="B", strasse="Nowhere"))
    Running(consumer.run)
    wait_until(lambda: broker.messages(LETTERS), "it is a dead letter")
    (letter,) = broker.messages(LETTERS)
    told = b" ".join(value for _, value in letter.headers)
    assert b"UpcastFailed" in told
    assert b"from major 1 to 2 by split_street" in told


@pytest.mark.parametrize("known", [True, False], ids=["handler of the older major", "package of the older major"])
def test_newer_major_is_never_skipped_in_silence(
    platform: NextPlatform, broker: MemoryTransport, registry: MemoryRegistry, make: Any, known: bool
) -> None:
    events = platform.package
    consumer = make(catalog=events) if known else make()
    consumer.on(events.PatientCreated if known else PatientCreated)(lambda patient: None)
    publish(broker, registry, events.PatientCreatedV2(patient_id=1, vorname="A", nachname="B"), catalog=events)
    Running(consumer.run)
    wait_until(lambda: broker.messages(LETTERS), "it is a dead letter")
    told = dict(broker.messages(LETTERS)[0].headers)
    assert told["pyevents-error"] == b"UnknownMajor/version"


def test_newer_major_stops_or_is_skipped_by_option(
    platform: NextPlatform, broker: MemoryTransport, registry: MemoryRegistry, make: Any
) -> None:
    new = platform.package.PatientCreatedV2(patient_id=1, vorname="A", nachname="B")
    publish(broker, registry, new, catalog=platform.package)
    stopping = make(on_new_major="stop")
    stopping.on(PatientCreated)(lambda patient: None)
    with pytest.raises(ConsumerStopped, match="majors 1; update the package"):
        stopping.run()
    skipping = make(on_new_major="skip")
    skipping.on(PatientCreated)(lambda patient: None)
    Running(skipping.run)
    wait_until(lambda: skipping.status().passed == 1, "it is skipped and counted")
    assert not broker.messages(LETTERS)


def test_missing_upcaster_is_told_at_the_start(tmp_path: Path, make: Any) -> None:
    events = NextPlatform(tmp_path, upcast=False).package
    consumer = make(catalog=events)
    consumer.on(events.PatientCreatedV2)(lambda patient: None)
    with pytest.raises(ConfigurationInvalid, match="no function makes PatientCreatedV2 from PatientCreated"):
        consumer.run()

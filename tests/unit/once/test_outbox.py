"""Publishing in the service's own transaction: committed together, sent once, in order per key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from pyevents.envelope import EventSchema
from pyevents.errors import ConfigurationInvalid, EventInvalid, EventTooLarge, WrongTopic
from pyevents.events import PatientCreated, PatientDeleted, TherapistUnblocked
from pyevents.memory import MemoryRegistry, MemoryTransport
from pyevents.outbox import AsyncOutbox, Outbox, Relay, table
from pyevents.outbox.table import OUTBOX
from pyevents.transport import Fault
from tests.suite.place import wait_until
from tests.suite.refusing import RefusingTransport


def patient(number: int, name: str = "Muster") -> PatientCreated:
    return PatientCreated(patient_id=number, vorname="Anna", nachname=name)


def commit(engine: Engine, *events: Any) -> None:
    with Session(engine) as session, session.begin():
        for event in events:
            Outbox(session, "patient-service").publish(event)


def left(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(OUTBOX)) or 0


def sent(broker: MemoryTransport, topic: str = "patient-events") -> list[EventSchema]:
    return [EventSchema.from_json((message.value or b"")[5:]) for message in broker.messages(topic)]


@contextmanager
def relay(engine: Engine, broker: MemoryTransport, registry: MemoryRegistry, **options: Any) -> Iterator[Relay]:
    with Relay(engine, transport=broker, registry=registry, **{"auto_register": True} | options) as running:
        yield running


def test_event_is_sent_once_its_transaction_is_committed(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    with relay(engine, broker, registry) as running:
        with Session(engine) as session, session.begin():
            event_id = Outbox(session, "patient-service").publish(patient(7))
        wait_until(lambda: running.status().sent == 1, "the relay sends it")
    (event,) = sent(broker)
    assert (event.event_id, event.producer, event.payload["patient_id"]) == (event_id, "patient-service", 7)
    assert left(engine) == 0


def test_event_of_a_transaction_that_is_rolled_back_is_never_sent(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    with Session(engine) as session:
        Outbox(session).publish(patient(1))
        session.rollback()
    commit(engine, patient(2))
    with relay(engine, broker, registry) as running:
        wait_until(lambda: running.status().sent == 1, "the relay sends what was committed")
    assert [event.payload["patient_id"] for event in sent(broker)] == [2]


def test_what_the_contract_refuses_is_refused_at_the_caller_and_nothing_is_written(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        outbox = Outbox(session)
        with pytest.raises(EventInvalid):
            outbox.send_event("patient-events", "patient.created", {"patient_id": 7})
        with pytest.raises(WrongTopic):
            outbox.send_event("therapist-events", "patient.deleted", {"patient_id": 7})
        with pytest.raises(EventTooLarge):
            outbox.publish(patient(7), headers={"note": "x" * 1_000_000})
    assert left(engine) == 0


def test_events_of_one_key_are_in_the_order_of_their_commits(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    # The second transaction begins while the first is open: it waits, so that its event cannot have a lower place.
    begun, second = threading.Event(), Session(engine)

    def publish_second() -> None:
        begun.set()
        with second, second.begin():
            Outbox(second).publish(patient(1, "second"))

    thread = threading.Thread(target=publish_second, daemon=True)
    with Session(engine) as session, session.begin():
        Outbox(session).publish(patient(1, "first"))
        thread.start()
        begun.wait(10)
        thread.join(0.2)
        assert thread.is_alive(), "the second transaction did not wait for the first"
        Outbox(session).publish(patient(1, "also first"))
    thread.join(30)
    with relay(engine, broker, registry) as running:
        wait_until(lambda: running.status().sent == 3, "the relay sends all")
    assert [event.payload["nachname"] for event in sent(broker)] == ["first", "also first", "second"]


def test_event_that_commits_after_a_later_one_was_sent_is_not_passed_over(
    postgres: Any, broker: MemoryTransport, registry: MemoryRegistry, request: pytest.FixtureRequest
) -> None:
    """The classic gap of polling by id: only PostgreSQL has two writers at once."""
    postgres.psql("CREATE DATABASE gap;")
    engine = create_engine(postgres.get_uri(database="gap").replace("postgresql:", "postgresql+psycopg:"))
    OUTBOX.metadata.create_all(engine)
    with relay(engine, broker, registry) as running:
        with Session(engine) as slow, slow.begin():
            Outbox(slow).publish(patient(1))
            commit(engine, patient(2))
            wait_until(lambda: running.status().sent == 1, "the relay sends the quick transaction's event")
        wait_until(lambda: running.status().sent == 2, "the relay sends the slow transaction's event")
    assert sorted(event.payload["patient_id"] for event in sent(broker)) == [1, 2]
    engine.dispose()


def test_two_relays_send_every_event_once_and_one_takes_over(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    with relay(engine, broker, registry) as first, relay(engine, broker, registry) as second:
        wait_until(lambda: first.status().active or second.status().active, "one is active")
        commit(engine, *(patient(number) for number in range(1, 51)))
        wait_until(lambda: left(engine) == 0, "all is sent")
        active, standby = (first, second) if first.status().active else (second, first)
        assert not standby.status().active
        assert standby.status().sent == 0
        active.close()
        commit(engine, patient(51))
        wait_until(lambda: standby.status().sent == 1, "the other takes over")
    assert sorted(event.payload["patient_id"] for event in sent(broker)) == list(range(1, 52))


def test_events_stay_in_the_table_while_the_broker_is_away(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    broker.stop()
    with relay(engine, broker, registry) as running:
        commit(engine, *(patient(1, str(number)) for number in range(20)))
        wait_until(lambda: running.status().active, "the relay is up")
        assert left(engine) == 20
    with relay(engine, broker, registry) as running:
        broker.start()
        wait_until(lambda: left(engine) == 0, "the next relay sends what the first could not")
    assert [event.payload["nachname"] for event in sent(broker)] == [str(number) for number in range(20)]


def test_relay_that_ends_between_sending_and_deleting_sends_again_under_the_same_id(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = table.remove, [OperationalError("DELETE", {}, ConnectionError())]

    def remove(connection: Connection, ids: list[int]) -> None:
        if failures:
            raise failures.pop()
        real(connection, ids)

    monkeypatch.setattr(table, "remove", remove)
    commit(engine, patient(7))
    with relay(engine, broker, registry) as running:
        wait_until(lambda: running.status().sent == 1, "it is deleted in the end")
    first, second = sent(broker)
    assert first.event_id == second.event_id
    assert left(engine) == 0


def test_topic_without_a_registered_schema_waits_and_others_go_on(
    engine: Engine, broker: MemoryTransport, registry: MemoryRegistry
) -> None:
    with relay(engine, broker, registry) as running:  # registers therapist.unblocked
        commit(engine, TherapistUnblocked(therapist_id=1))
        wait_until(lambda: running.status().sent == 1, "the therapist's event is sent")
    with relay(engine, broker, registry, auto_register=False) as running:
        commit(engine, PatientDeleted(patient_id=1), TherapistUnblocked(therapist_id=2))
        wait_until(lambda: running.status().sent == 1, "the other topic goes on")
        wait_until(lambda: "patient-events" in running.status().waiting, "the status says what waits")
        assert "pyevents registry apply" in running.status().waiting["patient-events"]
    assert left(engine) == 1


async def _publish_async(url: str) -> str:
    engine = create_async_engine(url)
    async with AsyncSession(engine) as session, session.begin():
        outbox = AsyncOutbox(session, "patient-service")
        event_id = await outbox.publish(patient(7))
        await outbox.send_event("patient-events", "patient.deleted", {"patient_id": 7})
    await engine.dispose()
    return event_id


def test_asynchronous_session_publishes_too(engine: Engine, broker: MemoryTransport, registry: MemoryRegistry) -> None:
    import asyncio

    url = engine.url.render_as_string(hide_password=False).replace("sqlite:", "sqlite+aiosqlite:")
    event_id = asyncio.run(_publish_async(url))
    with relay(engine, broker, registry) as running:
        wait_until(lambda: running.status().sent == 2, "the relay sends both")
    assert [event.event_type for event in sent(broker)] == ["patient.created", "patient.deleted"]
    assert sent(broker)[0].event_id == event_id


def test_database_that_is_away_is_asked_again(broker: MemoryTransport, registry: MemoryRegistry, tmp_path: Any) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere", connect_args={"connect_timeout": 1})
    with relay(nowhere, broker, registry) as running:
        wait_until(lambda: running.status().last_error, "the status says what is wrong")
        assert "database does not answer" in str(running.status().last_error)


def test_other_databases_are_refused_with_a_remedy() -> None:
    from sqlalchemy.dialects import mysql

    engine = create_engine("sqlite://")
    engine.dialect = mysql.dialect()  # type: ignore[assignment]  # no driver of it is installed
    with pytest.raises(ConfigurationInvalid, match="PostgreSQL or SQLite"), engine.connect() as connection:
        Outbox(connection)


@pytest.mark.parametrize("silent", [True, False], ids=["repeated without a word", "refused with its batch"])
def test_row_that_the_broker_never_takes_is_put_aside_and_the_others_go_on(
    engine: Engine, registry: MemoryRegistry, silent: bool
) -> None:
    broker = RefusingTransport(b"Oschatz", Fault("INVALID_MSG", ""), silent=silent)
    names = [str(number) for number in range(20)]
    commit(engine, *(patient(1, name) for name in [*names[:10], "Oschatz", *names[10:]]))
    with relay(engine, broker, registry) as running:
        wait_until(lambda: running.status().refused == 1, "the row is put aside")
        commit(engine, TherapistUnblocked(therapist_id=1))
        wait_until(lambda: running.status().sent == 21, "the others are sent")
        assert running.status().waiting == {}
    assert [event.payload["nachname"] for event in sent(broker)] == names
    with engine.connect() as connection:
        assert list(connection.scalars(select(OUTBOX.c.refused))) == [
            "INVALID_MSG: the broker finds the record corrupt"
        ]


def test_topic_that_takes_nothing_is_told_with_the_reason_and_loses_nothing(
    engine: Engine, registry: MemoryRegistry
) -> None:
    broker = RefusingTransport(b"Torgau", Fault("NOT_ENOUGH_REPLICAS", "too few"), silent=True)
    commit(engine, patient(1, "Torgau"), TherapistUnblocked(therapist_id=1))
    with relay(engine, broker, registry) as running:
        wait_until(lambda: "too few" in running.status().waiting.get("patient-events", ""), "the status says why")
        assert (running.status().sent, running.status().refused) == (1, 0)
        broker.mark = b"nothing any more"
        wait_until(lambda: running.status().sent == 2, "it is sent in the end")
        assert running.status().waiting == {}


def test_relay_goes_on_once_the_certificate_for_a_new_client_is_there(engine: Engine, registry: MemoryRegistry) -> None:
    broker = RefusingTransport(b"Oschatz", Fault("INVALID_MSG", ""), silent=False)
    with relay(engine, broker, registry) as running:
        broker.unmade = 2
        commit(engine, patient(1, "Oschatz"), patient(1, "Halle"))
        wait_until(lambda: "certificate" in str(running.status().last_error), "the status says what is wrong")
        wait_until(lambda: (running.status().sent, running.status().refused) == (1, 1), "both have their fate")

"""The service that is tortured: it consumes, writes a row and publishes from the outbox, all in one transaction.

python -m tests.torture.once.service DATABASE BROKER REGISTRY
"""

from __future__ import annotations

import sys

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, insert
from sqlalchemy.orm import sessionmaker

from pyevents import EventSchema, KafkaConsumer
from pyevents.events import MatchCreated, PatientCreated
from pyevents.inbox.sql import SqlInbox
from pyevents.outbox import Outbox, Relay
from pyevents.retry import Retry

__all__ = ["EFFECTS", "GROUP", "engine_of"]

GROUP = "matching-service.torture"

EFFECTS = Table(
    "effects",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("input_id", String(36), nullable=False),
    Column("output_id", String(36), nullable=False),
)


def engine_of(database: str) -> Engine:
    """Return the engine; connections that a killed database left are noticed before they are used."""
    return create_engine(database.replace("postgresql:", "postgresql+psycopg:"), pool_pre_ping=True)


def main() -> None:
    """Serve until SIGTERM."""
    database, broker, registry = sys.argv[1:]
    engine = engine_of(database)
    inbox = SqlInbox(sessionmaker(engine))
    # No memory of its own beside the inbox: doubles have to reach it.
    consumer = KafkaConsumer(
        None, GROUP, broker, schema_registry_url=registry, concurrency=4, inbox=inbox, doubles=0, on_error="retry",
        retry=Retry(first=0.1, max=1), properties={"session.timeout.ms": 6_000},
    )  # fmt: skip

    @consumer.on(PatientCreated)
    def match(patient: PatientCreated, event: EventSchema) -> None:
        session = inbox.session
        made = MatchCreated(
            match_id=patient.patient_id, patient_id=patient.patient_id, therapist_id=int(patient.vorname)
        )
        output = Outbox(session, "matching-service").publish(made, headers={"input": event.event_id})
        session.execute(insert(EFFECTS).values(input_id=event.event_id, output_id=output))

    with Relay(engine, broker, schema_registry_url=registry):
        consumer.run()


if __name__ == "__main__":
    main()

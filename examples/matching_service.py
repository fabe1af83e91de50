"""matching-service, with Flask: handles each new patient once, and answers with an event of its own.

    flask --app examples.matching_service run

Reads DATABASE_URL (default: a SQLite file), KAFKA_BOOTSTRAP_SERVERS and SCHEMA_REGISTRY_URL.
"""

from __future__ import annotations

import os
import threading

from flask import Flask
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from pyevents import KafkaConsumer, outbox
from pyevents.events import MatchCreated, PatientCreated
from pyevents.inbox import sql
from pyevents.outbox import Outbox, Relay

DATABASE = os.environ.get("DATABASE_URL", "sqlite:///matches.db")
THERAPIST = 1


class Base(DeclarativeBase):
    pass


class Match(Base):
    __tablename__ = "matches"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int]
    therapist_id: Mapped[int]


engine = create_engine(DATABASE)
for metadata in (Base.metadata, outbox.metadata, sql.metadata):  # a real service leaves this to its migrations
    metadata.create_all(engine)

inbox = sql.SqlInbox(sessionmaker(engine))
consumer = KafkaConsumer(group_id="matching-service", inbox=inbox)


@consumer.on(PatientCreated)
def match(patient: PatientCreated) -> None:
    """Write the match and the event about it in the transaction that remembers the patient's event."""
    made = Match(patient_id=patient.patient_id, therapist_id=THERAPIST)
    inbox.session.add(made)
    inbox.session.flush()
    event = MatchCreated(match_id=made.id, patient_id=made.patient_id, therapist_id=made.therapist_id)
    Outbox(inbox.session, "matching-service").publish(event)


app = Flask(__name__)
Relay(engine).start()
threading.Thread(target=consumer.run, daemon=True).start()


@app.get("/matches")
def matches() -> list[dict[str, int]]:
    with Session(engine) as session:
        return [{"match_id": one.id, "patient_id": one.patient_id} for one in session.scalars(select(Match))]

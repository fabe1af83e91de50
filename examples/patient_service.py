"""patient-service, with FastAPI: a patient and the event that tells of it are one transaction.

    uvicorn examples.patient_service:app

Reads DATABASE_URL (default: a SQLite file), KAFKA_BOOTSTRAP_SERVERS and SCHEMA_REGISTRY_URL.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pyevents import outbox
from pyevents.events import PatientCreated
from pyevents.outbox import AsyncOutbox, Relay

DATABASE = os.environ.get("DATABASE_URL", "sqlite:///patients.db")


class Base(DeclarativeBase):
    pass


class Patient(Base):
    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    vorname: Mapped[str]
    nachname: Mapped[str]


class NewPatient(BaseModel):
    vorname: str
    nachname: str


engine = create_engine(DATABASE)
sessions = async_sessionmaker(create_async_engine(DATABASE.replace("sqlite:", "sqlite+aiosqlite:")))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    for metadata in (Base.metadata, outbox.metadata):  # a real service leaves this to its migrations
        metadata.create_all(engine)
    with Relay(engine):
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/patients", status_code=201)
async def create_patient(new: NewPatient) -> dict[str, int]:
    async with sessions.begin() as session:
        patient = Patient(vorname=new.vorname, nachname=new.nachname)
        session.add(patient)
        await session.flush()
        event = PatientCreated(patient_id=patient.id, vorname=patient.vorname, nachname=patient.nachname)
        await AsyncOutbox(session, "patient-service").publish(event)
        return {"patient_id": patient.id}

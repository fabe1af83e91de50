"""The relay: sends what services committed into their outbox, and deletes what the broker has confirmed."""

from __future__ import annotations

import logging
import threading
import time
from types import ModuleType
from typing import NamedTuple, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from pyevents.catalog import load
from pyevents.codec.framing import frame
from pyevents.config import Properties
from pyevents.errors import ConfigurationInvalid, EventRefused
from pyevents.outbox import table
from pyevents.outbox.batch import Batch
from pyevents.outbox.lead import Lead, taken
from pyevents.outbox.table import Row, Span
from pyevents.outbox.waits import Waits
from pyevents.outcome import REPEATED, Outcome, after_fault, in_words
from pyevents.registry import HttpRegistry, Ids, Registry, Schema
from pyevents.registry.ids import Wanted
from pyevents.retry import Backoff
from pyevents.transport import Sender, Transport

__all__ = ["Relay", "RelayStatus"]

log = logging.getLogger("pyevents.outbox")

_ROWS = 2_000
_ASKING = 0.02
_LOOK = 0.5
_POLL = 0.5
"""Seconds: how often the table is looked at where no commit is told of, and a relay on stand-by asks for the lock."""


class RelayStatus(NamedTuple):
    """What one relay has done, and what it waits for."""

    active: bool
    """It sends; otherwise it stands by for the one that does."""

    sent: int
    """Events confirmed by the broker and deleted, since the start."""

    refused: int
    """Events put aside since the start; they stay in the table with the reason."""

    waiting: dict[str, str]
    """Topics that wait, with the reason."""

    last_error: str | None


class Relay:
    """Sends the events of one database's outbox, in the order of their ids, without a spool: the table is one.

    Of several relays on a database one is active; the others stand by and take over when it ends. A relay that is
    killed between the broker's confirmation and the deletion leaves rows that the next one sends again, with the same
    event ids.

    Args:
        engine: To the database, of PostgreSQL or SQLite; with psycopg a commit is heard of at once, else by polling.
        bootstrap_servers: As for `RobustKafkaProducer`.
        schema_registry_url: As for `RobustKafkaProducer`.
        catalog: The generated package with the contracts.
        auto_register: Register schemas that the registry lacks; for development and tests.
        properties: Of librdkafka, by their own names.
        transport: Another way than Kafka.
        registry: Another registry than that of the URL.

    Raises:
        ConfigurationInvalid: A setting cannot work.
        CatalogInvalid: There is no readable catalog.
    """

    def __init__(
        self,
        engine: Engine,
        bootstrap_servers: str | None = None,
        *,
        schema_registry_url: str | None = None,
        catalog: str | ModuleType = "pyevents.events",
        auto_register: bool = False,
        properties: Properties | None = None,
        transport: Transport | None = None,
        registry: Registry | None = None,
    ) -> None:
        self._engine = engine
        self._catalog = load(catalog)
        self._transport = transport or _kafka(bootstrap_servers, properties)
        self._sender = self._transport.sender("pyevents-outbox", watched=True)
        self._stopped = threading.Event()
        registry = registry or HttpRegistry(schema_registry_url)
        self._ids = Ids(registry, auto_register=auto_register, on_change=lambda: None)
        self._active = False
        self._sent = self._refused = 0
        self._last_error: str | None = None
        self._waits = Waits(time.monotonic)
        self._suspects: dict[str, int] = {}
        """Topics of which a row up to this id is refused; which one is not known yet."""
        self._schemas: dict[tuple[str, str], Wanted] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Run in a thread of its own, which `close` ends."""
        self._thread = threading.Thread(target=self.run, name="pyevents-outbox", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Send until `close`; a database that is away is asked again."""
        attempt = 0
        while not self._stopped.is_set():
            self._sender.poll(0)
            try:
                with taken(self._engine, self._stopped) as lead:
                    attempt = 0
                    if lead is None:
                        self._stopped.wait(_POLL)
                    else:
                        self._lead(lead)
            except DBAPIError as error:
                attempt += 1
                self._note(f"the database does not answer: {type(error.orig).__name__}")
                self._stopped.wait(Backoff().delay(attempt))

    def status(self) -> RelayStatus:
        """Return what was sent, and what waits."""
        return RelayStatus(self._active, self._sent, self._refused, self._waits.reasons(), self._last_error)

    def stop(self) -> None:
        """Let `run` end; may be called from a signal handler."""
        self._stopped.set()

    def close(self, timeout: float = 10.0) -> None:
        """End, waiting at most `timeout` seconds for the thread; rows that are not confirmed stay in the table."""
        self.stop()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._ids.close()
        self._sender.close(0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lead(self, lead: Lead) -> None:
        self._active = True
        log.info("this relay is the active one")
        rows: list[Row] = []
        try:
            while not self._stopped.is_set() and lead.held():
                self._sender.poll(0)
                rows = rows or self._select()
                if rows:
                    rows = self._send(rows, lead)
                else:
                    lead.wait(_POLL)
        finally:
            self._active = False

    def _select(self, in_flight: Span | None = None) -> list[Row]:
        with self._engine.connect() as connection:
            return table.unsent(connection, _ROWS, self._waits.now(), in_flight)

    def _send(self, rows: list[Row], lead: Lead) -> list[Row]:
        """Send some rows, and return the next ones, which were selected while these were on their way.

        Where one of these could not be sent, or is sent alone, the next are none: others of its key may be among them.
        So it is where the ids of these have gaps: a transaction that was open may commit into one, before others of
        its key.
        """
        first = {row.topic: row.id for row in reversed(rows)}
        self._suspects = {topic: last for topic, last in self._suspects.items() if first.get(topic, 0) <= last}
        alone = [row for row in rows if row.topic in self._suspects]
        batch = Batch(self._sender, self._message)
        batch.hand_over(row for row in rows if row.topic not in self._suspects)
        span = Span(rows[0].id, rows[-1].id)
        ahead = self._select(span) if span.last - span.first == len(rows) - 1 and not alone else []
        if not self._finish(batch, lead):
            for topic in self._sender.retrying:
                self._wait_for(topic, REPEATED)
            self._suspects |= {row.topic: row.id for row in rows if row.topic in self._sender.retrying}
            self._replace()  # what is still with the client is purged; its rows are there
            return []
        self._judge(batch)
        if alone:
            self._send_alone([row for row in alone if row.id <= self._suspects[row.topic]], lead)
        return ahead if batch.complete else []

    def _send_alone(self, rows: list[Row], lead: Lead) -> None:
        """Send rows one after the other by a client that gives up after a while, so that a fault means its row."""
        sender = self._client("pyevents-outbox-alone", singly=True)
        batch = Batch(sender, self._message)
        try:
            for row in rows:
                batch.hand_over([row])
                if not (self._finish(batch, lead) and lead.held()) or batch.faults:
                    break
            self._judge(batch, alone=True)
        finally:
            sender.close(0)

    def _finish(self, batch: Batch, lead: Lead) -> bool:
        """Delete what is confirmed until every row has its report; False where that is not to be waited for."""
        looked = time.monotonic()
        while batch.open:
            batch.sender.poll(0.05)
            if self._stopped.is_set() or time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                self._forget(batch.confirmed())
                if self._stopped.is_set() or batch.sender.retrying or not lead.held():
                    return False
        batch.sender.poll(0)
        self._forget(batch.confirmed())
        return True

    def _forget(self, rows: list[Row]) -> None:
        """Delete what the broker has, and wait no longer for its topics."""
        if not rows:
            return
        with self._engine.begin() as connection:
            table.remove(connection, [row.id for row in rows])
        self._sent += len(rows)
        self._waits.end({row.topic for row in rows})

    def _judge(self, batch: Batch, *, alone: bool = False) -> None:
        """Draw the consequences of what was not sent; a refusal means its row only where rows were sent alone."""
        for topic, row in batch.without_id.items():
            reason = self._why_no_id(row)
            if reason:
                self._wait_for(topic, reason)
            else:
                self._stopped.wait(_ASKING)
        hopeless: dict[int, str] = {}
        trouble = batch.sender.trouble
        replace = trouble is not None and trouble.fatal
        for number, (row, fault) in batch.faults.items():
            outcome = after_fault(fault)
            replace = replace or outcome is Outcome.REPLACE
            if outcome is not Outcome.REJECT:
                self._wait_for(row.topic, in_words(fault))
            elif alone:
                hopeless[number] = in_words(fault)
                self._waits.end([row.topic])
            else:
                self._suspects[row.topic] = max(number, self._suspects.get(row.topic, 0))
        if hopeless:
            with self._engine.begin() as connection:
                table.refuse(connection, hopeless)
            self._refused += len(hopeless)
            log.error("%d events were refused for good and stay in the outbox with the reason", len(hopeless))
        if replace and not alone:
            self._replace()

    def _wait_for(self, topic: str, reason: str) -> None:
        if self._waits.add(topic, reason):
            self._note(f"{topic} waits: {reason}")

    def _note(self, problem: str) -> None:
        if problem != self._last_error:
            log.warning("%s", problem)
        self._last_error = problem

    def _replace(self) -> None:
        self._sender.close(0)
        self._sender = self._client("pyevents-outbox", watched=True)

    def _client(self, name: str, **options: bool) -> Sender:
        while True:
            try:
                return self._transport.sender(name, **options)
            except ConfigurationInvalid as error:  # a certificate whose file is being replaced, say
                self._note(str(error))
                if self._stopped.wait(_POLL):
                    raise

    def _message(self, row: Row) -> bytes | None:
        try:
            schema_id = self._ids.id_of(self._wanted(row))
        except EventRefused:  # written by a service with a newer package
            return None
        return None if schema_id is None else frame(schema_id, row.body)

    def _why_no_id(self, row: Row) -> str | None:
        """Return why a row has no schema id, or None while the registry is being asked for the first time."""
        try:
            wanted = self._wanted(row)
        except EventRefused as error:
            return str(error)
        failure = self._ids.failure(wanted.subject, wanted.fingerprint)
        return str(failure) if failure else None

    def _wanted(self, row: Row) -> Wanted:
        wanted = self._schemas.get((row.event_type, row.version))
        if wanted is None:
            major, version = self._catalog.contract(row.event_type).find(row.version)
            wanted = Wanted(major.subject, version.fingerprint, Schema(version.format, version.schema))
            self._schemas[row.event_type, row.version] = wanted
        return wanted


def _kafka(servers: str | None, properties: Properties | None) -> Transport:
    from pyevents.kafka import KafkaTransport

    return KafkaTransport(servers, properties)

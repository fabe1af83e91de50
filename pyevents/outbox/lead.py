"""Which relay is the active one: a lock that ends with its holder, and how the holder hears of commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pyevents.errors import ConfigurationInvalid
from pyevents.outbox.table import CHANNEL
from pyevents.spool.lock import acquire

__all__ = ["Lead", "taken"]

# Any number that others are unlikely to lock in the same database.
_LOCK = 0x70796576_656E7473


class Lead(Protocol):
    """The right to send, for as long as it is held."""

    def held(self) -> bool:
        """Ask whether it still is."""

    def wait(self, timeout: float) -> None:
        """Return when something was committed, or after `timeout` seconds."""


@contextmanager
def taken(engine: Engine, stopped: threading.Event) -> Iterator[Lead | None]:
    """Try to become the active relay of a database; None if another one is.

    On PostgreSQL the lock is a session's (pg_try_advisory_lock): it goes when the connection does, however its process
    ends. For a SQLite file it is a lock on a file beside it; a database in memory has no other process.

    Raises:
        ConfigurationInvalid: The database is of another kind.
        DBAPIError: It cannot be reached.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            held = connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK})
            try:
                yield _PostgresLead(connection, stopped) if held else None
            finally:
                connection.invalidate()  # the session ends, and with it the lock and LISTEN
    elif engine.dialect.name == "sqlite":
        database = engine.url.database
        lock = acquire(Path(f"{database}.relay")) if database and database != ":memory:" else None
        try:
            yield _FileLead(stopped) if lock or not database or database == ":memory:" else None
        finally:
            if lock:
                lock.release()
    else:
        kind = engine.dialect.name
        raise ConfigurationInvalid("engine", f"an outbox in {kind} is not supported", "Use PostgreSQL or SQLite.")


class _PostgresLead:
    def __init__(self, connection: Connection, stopped: threading.Event) -> None:
        self._connection = connection
        self._stopped = stopped
        self._driver: Any = connection.connection.driver_connection
        if hasattr(self._driver, "notifies"):
            connection.execute(text(f"LISTEN {CHANNEL}"))

    def held(self) -> bool:
        try:
            return bool(self._connection.scalar(text("SELECT true")))
        except DBAPIError:
            return False

    def wait(self, timeout: float) -> None:
        if not hasattr(self._driver, "notifies"):  # only psycopg can wait for one
            self._stopped.wait(timeout)
            return
        with suppress(self._connection.dialect.loaded_dbapi.Error):  # `held` says that the connection is gone
            for _ in self._driver.notifies(timeout=timeout, stop_after=1):
                return


class _FileLead:
    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def held(self) -> bool:
        return True

    def wait(self, timeout: float) -> None:
        self._stopped.wait(timeout)

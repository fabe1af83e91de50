"""An inbox in the service's own database: the effect of a handler and the memory of it are one transaction.

A service adds `metadata` to what its migrations know (Alembic: `target_metadata = [Base.metadata, sql.metadata]`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Delete, Dialect, MetaData, String, Table, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.dml import ReturningInsert

from pyevents.errors import ConfigurationInvalid

__all__ = ["INBOX", "AsyncSqlInbox", "SqlInbox", "metadata"]

metadata = MetaData()

INBOX = Table(
    "pyevents_inbox",
    metadata,
    Column("consumer_group", String(255), primary_key=True),
    Column("event_id", String(36), primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, index=True),
)

_PRUNE_EVERY = 60.0
_PRUNE_ROWS = 1_000


class SqlInbox:
    """Runs each handler in a transaction that also holds the event's id.

    Two members that are given the same event at the same time do it one after the other: the second waits at the
    insert, and finds it done. What a handler does outside of the session (a mail, a call) is not covered: it may
    happen again after a failure.

    Args:
        sessions: Makes the session of each handling; PostgreSQL or SQLite.
        retention: How long an id is kept. An event that comes again later than that is handled again, so take more
            than the topics' own retention where that matters.
    """

    def __init__(self, sessions: sessionmaker[Session], *, retention: timedelta = timedelta(days=7)) -> None:
        self._sessions = sessions
        self._session: ContextVar[Session] = ContextVar("pyevents_inbox_session")
        self._pruning = _Pruning(retention)

    @property
    def session(self) -> Session:
        """The session of the handler that runs in this thread; the inbox commits it when the handler returns.

        Raises:
            LookupError: No handler runs here.
        """
        return self._session.get()

    @contextmanager
    def handling(self, group: str, event_id: str) -> Iterator[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before."""
        with self._sessions.begin() as session:
            connection = session.connection()
            found = connection.execute(_remember(connection.dialect, group, event_id))
            token = self._session.set(session)
            try:
                yield found.first() is not None
            finally:
                self._session.reset(token)
        if self._pruning.due():
            self.prune()

    def prune(self) -> int:
        """Forget what is older than the retention, and return how many ids went.

        Done now and then by `handling`; in small transactions, so that no handler waits long for one.
        """
        gone = 0
        while True:
            with self._sessions.begin() as session:
                result = session.connection().execute(self._pruning.statement())
            gone += result.rowcount
            if result.rowcount < _PRUNE_ROWS:
                return gone


class AsyncSqlInbox:
    """The same for coroutine handlers and asynchronous sessions; see `SqlInbox`.

    Args:
        sessions: Makes the session of each handling; PostgreSQL or SQLite.
        retention: How long an id is kept.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, retention: timedelta = timedelta(days=7)) -> None:
        self._sessions = sessions
        self._session: ContextVar[AsyncSession] = ContextVar("pyevents_inbox_session")
        self._pruning = _Pruning(retention)

    @property
    def session(self) -> AsyncSession:
        """The session of the handler that runs in this task; the inbox commits it when the handler returns.

        Raises:
            LookupError: No handler runs here.
        """
        return self._session.get()

    @asynccontextmanager
    async def handling_async(self, group: str, event_id: str) -> AsyncIterator[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before."""
        async with self._sessions.begin() as session:
            connection = await session.connection()
            found = await connection.execute(_remember(connection.dialect, group, event_id))
            token = self._session.set(session)
            try:
                yield found.first() is not None
            finally:
                self._session.reset(token)
        if self._pruning.due():
            await self.prune()

    async def prune(self) -> int:
        """Forget what is older than the retention, and return how many ids went."""
        gone = 0
        while True:
            async with self._sessions.begin() as session:
                result = await (await session.connection()).execute(self._pruning.statement())
            gone += result.rowcount
            if result.rowcount < _PRUNE_ROWS:
                return gone


class _Pruning:
    """When old ids go, and which."""

    def __init__(self, retention: timedelta) -> None:
        if retention <= timedelta(0):
            raise ConfigurationInvalid("retention", "it is not above zero", "Give for example timedelta(days=7).")
        self._retention = retention
        self._next = time.monotonic() + _PRUNE_EVERY

    def due(self) -> bool:
        """Say whether it is time; True once a minute."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _PRUNE_EVERY
        return True

    def statement(self) -> Delete:
        """Return what deletes some of the old ids."""
        place = tuple_(INBOX.c.consumer_group, INBOX.c.event_id)
        old = select(INBOX.c.consumer_group, INBOX.c.event_id).where(
            INBOX.c.handled_at < datetime.now(UTC) - self._retention
        )
        # A row that another member prunes at this moment is passed over rather than waited for.
        return delete(INBOX).where(place.in_(old.limit(_PRUNE_ROWS).with_for_update(skip_locked=True)))


def _remember(dialect: Dialect, group: str, event_id: str) -> ReturningInsert[Any]:
    values = {"consumer_group": group, "event_id": event_id, "handled_at": datetime.now(UTC)}
    if dialect.name == "postgresql":
        return postgresql.insert(INBOX).values(values).on_conflict_do_nothing().returning(INBOX.c.event_id)
    if dialect.name == "sqlite":
        return sqlite.insert(INBOX).values(values).on_conflict_do_nothing().returning(INBOX.c.event_id)
    raise ConfigurationInvalid("sessions", f"an inbox in {dialect.name} is not supported", "Use PostgreSQL or SQLite.")

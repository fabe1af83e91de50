"""An inbox in the service's own database: the effect of a handler and the memory of it are one transaction.

A service adds `metadata` to what its migrations know (Alembic: `target_metadata = [Base.metadata, sql.metadata]`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, DateTime, MetaData, String, Table, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

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

AnySession = TypeVar("AnySession", Session, AsyncSession)

_INSERTS: dict[str, Callable[[Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_PRUNE_EVERY = 60.0
_PRUNE_ROWS = 1_000


class _Remembering(Generic[AnySession]):
    """What both inboxes are: the session of the handler that runs, and when old ids go."""

    def __init__(self, retention: timedelta) -> None:
        if retention <= timedelta(0):
            raise ConfigurationInvalid("retention", "it is not above zero", "Give for example timedelta(days=7).")
        self._retention = retention
        self._next = time.monotonic() + _PRUNE_EVERY
        self._session: ContextVar[AnySession] = ContextVar("pyevents_inbox_session")

    @property
    def session(self) -> AnySession:
        """The session of the handler that runs in this thread or task; the inbox commits it when the handler returns.

        Raises:
            LookupError: No handler runs here.
        """
        return self._session.get()

    @contextmanager
    def _running_in(self, session: AnySession) -> Iterator[None]:
        token = self._session.set(session)
        try:
            yield
        finally:
            self._session.reset(token)

    def _is_due(self) -> bool:
        """Say whether it is time to prune; True once a minute."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _PRUNE_EVERY
        return True

    def _forget_some(self, session: Session) -> int:
        """Delete some of the old ids, and return how many."""
        place = tuple_(INBOX.c.consumer_group, INBOX.c.event_id)
        old = select(INBOX.c.consumer_group, INBOX.c.event_id).where(
            INBOX.c.handled_at < datetime.now(UTC) - self._retention
        )
        # A row that another member prunes at this moment is passed over rather than waited for.
        some = old.limit(_PRUNE_ROWS).with_for_update(skip_locked=True)
        return session.connection().execute(delete(INBOX).where(place.in_(some))).rowcount


class SqlInbox(_Remembering[Session]):
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
        super().__init__(retention)
        self._sessions = sessions

    @contextmanager
    def handling(self, group: str, event_id: str) -> Iterator[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before."""
        with self._sessions.begin() as session:
            fresh = _remember(session, group, event_id)
            with self._running_in(session):
                yield fresh
        if self._is_due():
            self.prune()

    def prune(self) -> int:
        """Forget what is older than the retention, and return how many ids went.

        Done now and then by `handling`; in small transactions, so that no handler waits long for one.
        """
        gone = 0
        while True:
            with self._sessions.begin() as session:
                some = self._forget_some(session)
            gone += some
            if some < _PRUNE_ROWS:
                return gone


class AsyncSqlInbox(_Remembering[AsyncSession]):
    """The same for coroutine handlers and asynchronous sessions; see `SqlInbox`.

    Args:
        sessions: Makes the session of each handling; PostgreSQL or SQLite.
        retention: How long an id is kept.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, retention: timedelta = timedelta(days=7)) -> None:
        super().__init__(retention)
        self._sessions = sessions

    @asynccontextmanager
    async def handling_async(self, group: str, event_id: str) -> AsyncIterator[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before."""
        async with self._sessions.begin() as session:
            fresh = await session.run_sync(_remember, group, event_id)
            with self._running_in(session):
                yield fresh
        if self._is_due():
            await self.prune()

    async def prune(self) -> int:
        """Forget what is older than the retention, and return how many ids went."""
        gone = 0
        while True:
            async with self._sessions.begin() as session:
                some = await session.run_sync(self._forget_some)
            gone += some
            if some < _PRUNE_ROWS:
                return gone


def _remember(session: Session, group: str, event_id: str) -> bool:
    """Insert an event's id, and say whether it was not there."""
    connection = session.connection()
    kind = connection.dialect.name
    if kind not in _INSERTS:
        raise ConfigurationInvalid("sessions", f"an inbox in {kind} is not supported", "Use PostgreSQL or SQLite.")
    values = {"consumer_group": group, "event_id": event_id, "handled_at": datetime.now(UTC)}
    statement = _INSERTS[kind](INBOX).values(values).on_conflict_do_nothing().returning(INBOX.c.event_id)
    return connection.execute(statement).first() is not None

"""Publishing into the transaction that a service has open: the event is committed with the row, or with neither."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping
from types import ModuleType
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pyevents.catalog import load
from pyevents.codec import Encoded, Encoder
from pyevents.errors import ConfigurationInvalid, EventTooLarge
from pyevents.outbox.table import add
from pyevents.transport import LARGEST, header_pairs

__all__ = ["AsyncOutbox", "Outbox"]

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Outbox:
    """Accepts events in the caller's transaction; a `Relay` sends them once it is committed.

    Use it instead of a producer wherever an event tells of a row that is written: a producer beside a commit can
    publish what is then rolled back, or commit what is then never published.

    Order is promised per key: while one transaction has published for a key, others that do so wait for its end. Two
    that take the same two keys in opposite order are a deadlock, which PostgreSQL ends by an error for one of them.

    Args:
        session: A session or connection of SQLAlchemy, to PostgreSQL or SQLite; the outbox never commits.
        service_name: The envelope's `producer`.
        catalog: The generated package with the contracts.

    Raises:
        ConfigurationInvalid: The database is of another kind.
        CatalogInvalid: There is no readable catalog.
    """

    def __init__(
        self,
        session: Session | Connection,
        service_name: str = "unknown-service",
        *,
        catalog: str | ModuleType = "pyevents.events",
    ) -> None:
        self._encoder = _encoder(catalog if isinstance(catalog, str) else catalog.__name__, service_name)
        self._connection = session.connection() if isinstance(session, Session) else session
        kind = self._connection.dialect.name
        if kind not in ("postgresql", "sqlite"):
            raise ConfigurationInvalid("session", f"an outbox in {kind} is not supported", "Use PostgreSQL or SQLite.")

    def publish(
        self, event: Struct, *, key: str | None = None, headers: Mapping[str, str | bytes] | None = None
    ) -> str:
        """Accept *event* with the transaction, and return its event id; arguments as for the producer's `publish`.

        Raises:
            EventRefused: The event cannot be published, and the message says why; nothing was written.
        """
        return self._add(self._encoder.encode(event, key), headers)

    def send_event(
        self,
        topic: str,
        event_type: str,
        payload: Mapping[str, Any],
        key: str | None = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> bool:
        """Accept a dictionary with the transaction; arguments as for the producer's `send_event`.

        Returns:
            True: it was accepted. What fails raises.

        Raises:
            EventRefused: See `publish`; also an unknown type or version, or a wrong topic.
        """
        self._add(self._encoder.encode_payload(topic, event_type, payload, key, version), headers)
        return True

    def _add(self, encoded: Encoded, headers: Mapping[str, str | bytes] | None) -> str:
        pairs = header_pairs(headers or {})
        if (size := encoded.size(pairs)) > LARGEST:
            raise EventTooLarge(encoded.event_type, size, LARGEST)
        add(self._connection, encoded, pairs)
        return encoded.event_id


def _in_the_session(
    method: Callable[Concatenate[Outbox, Given], Made],
) -> Callable[Concatenate[AsyncOutbox, Given], Coroutine[Any, Any, Made]]:
    """Return a method of `Outbox` as one of `AsyncOutbox`, with the same arguments."""

    @functools.wraps(method)
    async def awaited(self: AsyncOutbox, /, *arguments: Given.args, **options: Given.kwargs) -> Made:
        def run(session: Session) -> Made:
            return method(Outbox(session, self.service_name, catalog=self.catalog), *arguments, **options)

        return await self.session.run_sync(run)

    return awaited


class AsyncOutbox:
    """The same for an `AsyncSession`: `await outbox.publish(…)`, `await outbox.send_event(…)`.

    Args:
        session: To PostgreSQL or SQLite.
        service_name: The envelope's `producer`.
        catalog: The generated package with the contracts.
    """

    def __init__(
        self,
        session: AsyncSession,
        service_name: str = "unknown-service",
        *,
        catalog: str | ModuleType = "pyevents.events",
    ) -> None:
        self.session = session
        self.service_name = service_name
        self.catalog = catalog

    publish = _in_the_session(Outbox.publish)
    send_event = _in_the_session(Outbox.send_event)


@functools.cache
def _encoder(catalog: str, service_name: str) -> Encoder:
    """Return the encoder of a service; it is compiled once, since an outbox lives as long as a transaction."""
    return Encoder(load(catalog), service_name)

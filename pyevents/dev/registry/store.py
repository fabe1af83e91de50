"""The schemas, their ids, the versions of subjects and the settings, in SQLite; it holds them and decides nothing.

Ids count up from 1, are never given twice, and the same content has the same id in every subject. One thread at a
time: the registry above it has the lock. In memory, or in one file that the next start goes on with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from pyevents.dev.registry.schema import Schema
from pyevents.errors import ConfigurationInvalid

__all__ = ["Store", "Version", "Which"]

Which = Literal["live", "all", "deleted"]
"""Versions that are in use, with those that were (softly) deleted, or only the latter."""


_TABLES = """
CREATE TABLE IF NOT EXISTS schemas (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, text TEXT, companions TEXT, identity TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS versions (
    subject TEXT, number INTEGER, id INTEGER, deleted INTEGER DEFAULT 0, PRIMARY KEY (subject, number));
CREATE INDEX IF NOT EXISTS uses ON versions (id);
CREATE TABLE IF NOT EXISTS settings (name TEXT, subject TEXT, value TEXT, PRIMARY KEY (name, subject));
"""
_WANTED = {"live": "NOT deleted", "all": "TRUE", "deleted": "deleted"}


class Version(NamedTuple):
    """One version of a subject."""

    subject: str
    number: int
    id: int
    deleted: bool = False


class Store:
    """Everything that was registered.

    Args:
        file: Where it stays; None is in memory only.

    Raises:
        ConfigurationInvalid: The file cannot be used, or another process has it.
    """

    def __init__(self, file: Path | None = None) -> None:
        try:
            self._database = sqlite3.connect(
                file or ":memory:", timeout=0, isolation_level=None, check_same_thread=False
            )
            self._database.executescript(f"PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; {_TABLES} COMMIT;")
        except sqlite3.Error as error:
            remedy = "Name another one, or end the process that has it."
            raise ConfigurationInvalid("registry file", f"{file} cannot be used: {error}", remedy) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is changed meanwhile, or nothing where an error ends it."""
        self._database.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Give the file up."""
        self._database.close()

    def subjects(self, which: Which = "live") -> list[str]:
        """Return the names of the subjects that have such versions, sorted."""
        found = self._database.execute(f"SELECT DISTINCT subject FROM versions WHERE {_WANTED[which]} ORDER BY subject")
        return [name for (name,) in found]

    def versions(self, subject: str, which: Which = "live") -> list[Version]:
        """Return such versions of a subject, oldest first; none if there is no such subject."""
        return self._versions(f"subject = ? AND {_WANTED[which]} ORDER BY number", subject)

    def schema(self, schema_id: int) -> Schema | None:
        """Return the schema of an id."""
        asked = "SELECT kind, text, companions FROM schemas WHERE id = ?"
        found = self._database.execute(asked, (schema_id,)).fetchone()
        return Schema(*found) if found else None

    def schemas(self) -> list[tuple[int, Schema]]:
        """Return every schema with its id."""
        found = self._database.execute("SELECT id, kind, text, companions FROM schemas ORDER BY id")
        return [(schema_id, Schema(*columns)) for schema_id, *columns in found]

    def id_of(self, schema: Schema) -> int | None:
        """Return the id of a schema, if it was ever registered and not removed since."""
        found = self._database.execute("SELECT id FROM schemas WHERE identity = ?", (schema.guid,)).fetchone()
        return found[0] if found else None

    def uses(self, schema_id: int, which: Which = "live") -> list[Version]:
        """Return the versions of all subjects that are this schema."""
        return self._versions(f"id = ? AND {_WANTED[which]} ORDER BY subject, number", schema_id)

    def add(self, subject: str, schema: Schema, *, schema_id: int | None = None, number: int | None = None) -> Version:
        """Add a version to a subject and return it.

        Args:
            subject: Made if it is not there.
            schema: A known one keeps its id.
            schema_id: For a schema that is not known; the next free one by default.
            number: The one after the highest, deleted ones included, by default.
        """
        known = self.id_of(schema)
        if known is None:
            row = (schema_id, *schema, schema.guid)
            known = self._database.execute("INSERT INTO schemas VALUES (?, ?, ?, ?, ?)", row).lastrowid
            assert known is not None
        highest = max((version.number for version in self.versions(subject, "all")), default=0)
        version = Version(subject, number or highest + 1, known)
        self._database.execute("INSERT INTO versions VALUES (?, ?, ?, ?)", version)
        return version

    def mark_deleted(self, version: Version) -> None:
        """Take a version out of use; its id goes on to be answered."""
        self._database.execute(
            "UPDATE versions SET deleted = TRUE WHERE subject = ? AND number = ?", (version.subject, version.number)
        )

    def remove(self, version: Version) -> None:
        """Forget a version, and its schema where no other version is the same."""
        self._database.execute(
            "DELETE FROM versions WHERE subject = ? AND number = ?", (version.subject, version.number)
        )
        if not self.uses(version.id, "all"):
            self._database.execute("DELETE FROM schemas WHERE id = ?", (version.id,))

    def setting(self, name: str, subject: str) -> str | None:
        """Return what was set."""
        asked = "SELECT value FROM settings WHERE name = ? AND subject = ?"
        found = self._database.execute(asked, (name, subject)).fetchone()
        return found[0] if found else None

    def set(self, name: str, subject: str, value: str | None) -> None:
        """Set a value; None takes it away."""
        if value is None:
            self._database.execute("DELETE FROM settings WHERE name = ? AND subject = ?", (name, subject))
        else:
            self._database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", (name, subject, value))

    def _versions(self, condition: str, value: str | int) -> list[Version]:
        found = self._database.execute(f"SELECT subject, number, id, deleted FROM versions WHERE {condition}", (value,))
        return [Version(subject, number, schema_id, bool(deleted)) for subject, number, schema_id, deleted in found]

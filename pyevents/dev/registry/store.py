"""The schemas, their ids and the versions of subjects; it holds them and decides nothing.

Ids count up from 1, are never given twice, and the same content has the same id in every subject. One thread at a
time: the registry above it has the lock.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pyevents.dev.registry.schema import Schema

__all__ = ["Store", "Version", "Which"]

Which = Literal["live", "all", "deleted"]
"""Versions that are in use, with those that were (softly) deleted, or only the latter."""


class Version(NamedTuple):
    """One version of a subject."""

    subject: str
    number: int
    id: int
    deleted: bool = False

    def is_in(self, which: Which) -> bool:
        """Say whether it is among those."""
        return which == "all" or self.deleted == (which == "deleted")


class Store:
    """Everything that was registered, in memory."""

    def __init__(self) -> None:
        self._schemas: dict[int, Schema] = {}
        self._ids: dict[tuple[str, str, str], int] = {}
        self._subjects: dict[str, dict[int, Version]] = {}
        self._last_id = 0

    def subjects(self, which: Which = "live") -> list[str]:
        """Return the names of the subjects that have such versions, sorted."""
        return sorted(name for name in self._subjects if self.versions(name, which))

    def versions(self, subject: str, which: Which = "live") -> list[Version]:
        """Return such versions of a subject, oldest first; none if there is no such subject."""
        found = self._subjects.get(subject, {})
        return [found[number] for number in sorted(found) if found[number].is_in(which)]

    def schema(self, schema_id: int) -> Schema | None:
        """Return the schema of an id."""
        return self._schemas.get(schema_id)

    def schemas(self) -> list[tuple[int, Schema]]:
        """Return every schema with its id."""
        return list(self._schemas.items())

    def id_of(self, schema: Schema) -> int | None:
        """Return the id of a schema, if it was ever registered and not removed since."""
        return self._ids.get(schema.identity)

    def uses(self, schema_id: int, which: Which = "live") -> list[Version]:
        """Return the versions of all subjects that are this schema."""
        return [
            version
            for subject in sorted(self._subjects)
            for version in self.versions(subject, which)
            if version.id == schema_id
        ]

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
            known = schema_id or self._last_id + 1
            self._last_id = max(self._last_id, known)
            self._ids[schema.identity] = known
            self._schemas[known] = schema
        versions = self._subjects.setdefault(subject, {})
        version = Version(subject, number or max(versions, default=0) + 1, known)
        versions[version.number] = version
        return version

    def mark_deleted(self, version: Version) -> None:
        """Take a version out of use; its id goes on to be answered."""
        self._subjects[version.subject][version.number] = version._replace(deleted=True)

    def remove(self, version: Version) -> None:
        """Forget a version, and its schema where no other version is the same."""
        versions = self._subjects[version.subject]
        del versions[version.number]
        if not versions:
            del self._subjects[version.subject]
        if not self.uses(version.id, "all"):
            del self._ids[self._schemas.pop(version.id).identity]

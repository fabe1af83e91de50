"""The rules of the registry: what may be registered, looked up, deleted and changed; it knows no HTTP."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from pyevents.dev.registry.associations import Associations
from pyevents.dev.registry.refusal import Refusal, no_schema, no_subject
from pyevents.dev.registry.schema import Schema
from pyevents.dev.registry.settings import Setting
from pyevents.dev.registry.store import Store, Version, Which
from pyevents.errors import ToolchainMissing
from pyevents.registry.levels import LEVELS, pairs

__all__ = ["MODES", "Registry"]

MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT")

_ONCE_MORE = "was soft deleted. Set permanent=true to delete permanently"


class Registry:
    """A registry, in memory or in one file.

    `lock` is held while one question is answered, so that two clients that register at once get one id.

    Args:
        file: Where it stays; None is in memory only.

    Raises:
        ConfigurationInvalid: The file cannot be used.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.store = Store(file)
        self.levels = Setting(self.store, "compatibility level", LEVELS, "BACKWARD", 42203)
        self.modes = Setting(self.store, "mode", MODES, "READWRITE", 42204)
        self.associations = Associations(self.store)

    def register(
        self, subject: str, schema: Schema, *, schema_id: int | None = None, number: int | None = None
    ) -> Version:
        """Add a schema to a subject, or find it there.

        Args:
            subject: Made if it is not there.
            schema: Compared with the versions that are there as the subject's level demands.
            schema_id: Asked for by the client; possible in the mode IMPORT only.
            number: Version asked for by the client; likewise.

        Raises:
            Refusal: It is incompatible, or the mode forbids it.
        """
        self.check_writable(subject)
        importing = self.modes.of(subject) == "IMPORT"
        found = self._newest_use(subject, schema, "live")
        if found is not None and (schema_id or found.id) == found.id:
            return found
        if (schema_id or number) and not importing:
            raise Refusal(42205, f"Subject {subject} is not in import mode")
        if importing:
            self._check_import(subject, schema, schema_id, number)
            return self.store.add(subject, schema, schema_id=schema_id, number=number)
        reasons = self.reasons_against(subject, schema, self.store.versions(subject))
        if reasons:
            said = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
            raise Refusal(409, f"{said}, details: [{'; '.join(reasons)}]")
        return self.store.add(subject, schema)

    def reasons_against(self, subject: str, schema: Schema, older: list[Version]) -> list[str]:
        """Say why a schema may not follow these versions; nothing if it may."""
        level = self.levels.of(subject)
        reasons: list[str] = []
        for reader, writer in pairs(level, schema, [self.schema(version.id) for version in older]):
            which = "the new schema cannot read what an older one wrote"
            if reader is not schema:
                which = "an older schema cannot read what the new one writes"
            if reader.kind != writer.kind:
                reasons.append(f"{which}: {writer.kind} is not {reader.kind}")
                continue
            answer = _judge(reader, writer)
            if not answer.compatible:
                reasons.append(f"{which}: {'; '.join(answer.reasons)}")
        return reasons and [*reasons, f"compatibility: {level}"]

    def look_up(self, subject: str, schema: Schema, which: Which) -> Version:
        """Return the newest version of a subject that is this schema.

        Raises:
            Refusal: The subject is not there, or does not have it.
        """
        self.versions(subject, which)
        found = self._newest_use(subject, schema, which)
        if found is None:
            raise no_schema()
        return found

    def schema(self, schema_id: int) -> Schema:
        """Return the schema of an id.

        Raises:
            Refusal: There is none.
        """
        found = self.store.schema(schema_id)
        if found is None:
            raise no_schema(schema_id)
        return found

    def versions(self, subject: str, which: Which = "live") -> list[Version]:
        """Return the versions of a subject, oldest first.

        Raises:
            Refusal: There are none.
        """
        found = self.store.versions(subject, which)
        if not found:
            raise no_subject(subject)
        return found

    def version(self, subject: str, number: int | None, which: Which = "live") -> Version:
        """Return one version of a subject, the newest for None.

        Raises:
            Refusal: The subject or the version is not there.
        """
        versions = self.versions(subject, which)
        if number is None:
            return versions[-1]
        for version in versions:
            if version.number == number:
                return version
        raise Refusal(40402, f"Version {number} not found.")

    def delete_subject(self, subject: str, *, permanent: bool) -> list[int]:
        """Delete all versions: first out of use, then for good; return their numbers.

        Raises:
            Refusal: It is not there, or the first step was not done, or was done before.
        """
        self.check_writable(subject)
        versions = self.versions(subject, "all")
        live = [version for version in versions if not version.deleted]
        if permanent and live:
            raise Refusal(40405, f"Subject '{subject}' was not deleted first before being permanently deleted")
        if not permanent and not live:
            raise Refusal(40404, f"Subject '{subject}' {_ONCE_MORE}")
        for version in versions if permanent else live:
            self._delete(version, permanent)
        return [version.number for version in (versions if permanent else live)]

    def delete_version(self, subject: str, number: int | None, *, permanent: bool) -> int:
        """Delete one version: first out of use, then for good; return its number.

        Raises:
            Refusal: It is not there, or the first step was not done, or was done before.
        """
        self.check_writable(subject)
        version = self.version(subject, number, "all" if permanent or number is not None else "live")
        if permanent and not version.deleted:
            message = "was not deleted first before being permanently deleted"
            raise Refusal(40407, f"Subject '{subject}' Version {version.number} {message}")
        if not permanent and version.deleted:
            raise Refusal(40406, f"Subject '{subject}' Version {version.number} {_ONCE_MORE}")
        self._delete(version, permanent)
        return version.number

    def set_mode(self, subject: str | None, mode: str, *, force: bool) -> None:
        """Set the mode of a subject, or the global one.

        Raises:
            Refusal: Schemas are there that an import could contradict, and `force` is not given.
        """
        there = self.store.versions(subject) if subject is not None else self.store.subjects()
        if mode == "IMPORT" and there and not force:
            raise Refusal(42205, "Cannot import since found existing subjects")
        self.modes.set(subject, mode)

    def check_writable(self, subject: str | None) -> None:
        """Raise `Refusal` where the mode allows no change."""
        if self.modes.of(subject) in ("READONLY", "READONLY_OVERRIDE"):
            raise Refusal(42205, f"Subject {subject or ''} is in read-only mode")

    def describe(self, version: Version) -> dict[str, Any]:
        """Return a version as clients read it."""
        deleted = {"deleted": True} if version.deleted else {}
        named = {"subject": version.subject, "version": version.number, "id": version.id}
        return named | self.schema(version.id).to_dict() | deleted

    def _newest_use(self, subject: str, schema: Schema, which: Which) -> Version | None:
        schema_id = self.store.id_of(schema)
        same = [version for version in self.store.versions(subject, which) if version.id == schema_id]
        return same[-1] if same else None

    def _check_import(self, subject: str, schema: Schema, schema_id: int | None, number: int | None) -> None:
        known = self.store.id_of(schema)
        there = self.store.schema(schema_id) if schema_id else None
        if (known and schema_id and known != schema_id) or (there and there.identity != schema.identity):
            raise Refusal(42205, f"Overwrite new schema with id {schema_id} is not permitted.")
        if number and any(version.number == number for version in self.store.versions(subject, "all")):
            raise Refusal(42205, f"Overwrite version {number} of subject {subject} is not permitted.")

    def _delete(self, version: Version, permanent: bool) -> None:
        if permanent:
            self.store.remove(version)
            return
        self.store.mark_deleted(version)
        if not self.store.versions(version.subject):
            self.levels.set(version.subject, None)
            self.modes.set(version.subject, None)


def _judge(reader: Schema, writer: Schema) -> Any:
    """Return what Confluent's rules say of a reader that follows a writer of the same kind."""
    try:
        from pyevents_codegen import confluent

        return confluent.judge(reader.text, writer.text, reader.kind.lower())
    except ModuleNotFoundError:
        raise ToolchainMissing("comparing schemas", "codegen") from None

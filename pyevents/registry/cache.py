"""Schema ids on disk, one file per registry, so that a restart needs no network."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

__all__ = ["IdCache"]


class _File(msgspec.Struct):
    ids: dict[str, int] = {}
    schemas: dict[str, tuple[str, str]] = {}


class IdCache:
    """What one registry has said before; an unreadable file counts as empty, and what cannot be saved is asked again.

    A registry in memory ends with its process, so nothing of it is kept.

    Args:
        folder: Where the files are.
        url: Of the registry; only its hash is written.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._path = folder / "registry" / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"
        self._lasting = url.startswith("http")
        try:
            if not self._lasting:
                raise FileNotFoundError(url)
            self._known = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except (OSError, msgspec.DecodeError, UnicodeError):
            self._known = _File()

    def id_of(self, subject: str, fingerprint: str) -> int | None:
        """Return the id that the registry gave, or None."""
        return self._known.ids.get(f"{subject}#{fingerprint}")

    def schema_of(self, schema_id: int) -> tuple[str, str] | None:
        """Return format and text of an id, or None."""
        return self._known.schemas.get(str(schema_id))

    def remember_id(self, subject: str, fingerprint: str, schema_id: int) -> None:
        """Keep an id."""
        if self.id_of(subject, fingerprint) != schema_id:
            self._known.ids[f"{subject}#{fingerprint}"] = schema_id
            self._save()

    def remember_schema(self, schema_id: int, format: str, text: str) -> None:
        """Keep the schema of an id."""
        if self.schema_of(schema_id) != (format, text):
            self._known.schemas[str(schema_id)] = (format, text)
            self._save()

    def forget(self) -> None:
        """Drop everything: the registry is not the one that it was."""
        self._known = _File()
        self._save()

    def _save(self) -> None:
        if not self._lasting:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(self._known))
            os.replace(name, self._path)
        except OSError:
            return  # a cache that cannot be kept costs a question, nothing else

"""Schemas by id for a consumer: each id is asked for once, and remembered on disk."""

from __future__ import annotations

import logging
from pathlib import Path

from pyevents.config import cache_folder
from pyevents.errors import RegistryUnreachable
from pyevents.registry.cache import IdCache
from pyevents.registry.client import Registry, Schema

__all__ = ["Remembered", "Schemas"]

log = logging.getLogger("pyevents.registry")


class Remembered(Schema):
    """A schema from the disk, which the registry has not confirmed in this process: ask again for it."""


class Schemas:
    """The schemas of one registry.

    The registry is asked first, since one that was recreated gives an old number to another schema; the cache
    answers where the registry does not.

    Args:
        registry: Whom to ask.
        folder: Of the cache.
    """

    def __init__(self, registry: Registry, folder: Path | None = None) -> None:
        self._registry = registry
        self._cache = IdCache(folder or cache_folder(), registry.url)
        self._known: dict[int, Schema] = {}

    def schema_of(self, schema_id: int) -> Schema:
        """Return the schema of an id, `Remembered` while the registry does not answer.

        Raises:
            SchemaUnknown: The registry does not have it.
            RegistryUnreachable: It does not answer, and this id was never met before.
        """
        known = self._known.get(schema_id)
        if known is None:
            known = self._ask(schema_id)
            if not isinstance(known, Remembered):
                self._known[schema_id] = known
        return known

    def _ask(self, schema_id: int) -> Schema:
        cached = self._cache.schema_of(schema_id)
        try:
            found = self._registry.schema_of(schema_id)
        except RegistryUnreachable:
            if cached is None:
                raise
            return Remembered(*cached)
        if cached not in (None, found):
            log.error(
                "the registry at %s has another schema under id %d than before: was it recreated? "
                "The cache is dropped; messages from before cannot be told from newer ones by their ids",
                self._registry.url,
                schema_id,
            )
            self._cache.forget()
        self._cache.remember_schema(schema_id, found.format, found.text)
        return found

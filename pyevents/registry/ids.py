"""Schema ids for a producer: asked for in the background, cached, confirmed once per process.

The sender never waits here: it asks for an id and gets it, or is woken once there is one.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyevents.config import cache_folder
from pyevents.errors import IdUnconfirmed, RegistryError, RegistryUnreachable
from pyevents.registry.cache import IdCache
from pyevents.registry.client import Registry, Schema
from pyevents.retry import Backoff

__all__ = ["Ids", "Wanted"]

log = logging.getLogger("pyevents.registry")

_SECONDS_TO_END = 3.0


class Wanted(NamedTuple):
    """A schema whose id is needed."""

    subject: str
    fingerprint: str
    schema: Schema


class Ids:
    """The ids of one registry for one producer.

    Args:
        registry: Whom to ask.
        auto_register: Register what is not there; otherwise the topic waits until somebody does.
        on_change: Called from the background thread when an id came or went.
        folder: Of the cache.
        backoff: Between two questions that were not answered.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        auto_register: bool,
        on_change: Callable[[], None],
        folder: Path | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._registry = registry
        self._auto_register = auto_register
        self._on_change = on_change
        self._backoff = backoff or Backoff(first=0.5, longest=15)
        self._cache = IdCache(folder or cache_folder(), registry.url)
        self._known: dict[str, int] = {}
        self._open: dict[str, Wanted] = {}
        self._failures: dict[str, RegistryError] = {}
        self._recreated = False
        self._changed = threading.Condition()
        self._closed = False
        self._worker: threading.Thread | None = None

    def id_of(self, wanted: Wanted) -> int | None:
        """Return the id, or None after asking for it in the background.

        An id from the cache is good at once, and confirmed as soon as the registry answers. Where it turns out
        to be wrong, there is no id, and the topic waits, until the new number reads back as this very schema.
        """
        place = wanted.subject + wanted.fingerprint
        known = self._known.get(place)
        if known is not None:
            return known
        with self._changed:
            if place not in self._open and not self._closed:
                cached = self._cache.id_of(wanted.subject, wanted.fingerprint)
                if cached is not None:
                    self._known[place] = cached
                self._open[place] = wanted
                self._start()
                self._changed.notify_all()
            return self._known.get(place)

    def failure(self, subject: str, fingerprint: str) -> RegistryError | None:
        """Return why there is no confirmed id yet, or None."""
        return self._failures.get(subject + fingerprint)

    def close(self) -> None:
        """Stop asking.

        A question that is under way is waited for: at the end of the interpreter, a thread that is still inside
        an extension (importing the client, say) brings the process down with SIGABRT.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._worker and self._worker is not threading.current_thread():
            self._worker.join(_SECONDS_TO_END)

    def _start(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._run, name="pyevents-registry", daemon=True)
            self._worker.start()

    def _run(self) -> None:
        attempt = 0
        while True:
            with self._changed:
                while not self._open and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                waiting = list(self._open.items())
            settled = [self._settle(place, wanted) for place, wanted in waiting]
            attempt = 0 if all(settled) else attempt + 1
            if attempt:
                with self._changed:
                    self._changed.wait(self._backoff.delay(attempt))

    def _settle(self, place: str, wanted: Wanted) -> bool:
        try:
            found = self._ask(wanted)
            if self._known.get(place, found) != found:
                self._hold(wanted, f"it is {found} now")
            if self._recreated:
                self._read_back(wanted, found)
        except RegistryError as error:
            self._fail(place, wanted, error)
            return False
        with self._changed:
            self._known[place] = found
            del self._open[place]
            self._failures.pop(place, None)
        self._cache.remember_id(wanted.subject, wanted.fingerprint, found)
        self._on_change()
        return True

    def _ask(self, wanted: Wanted) -> int:
        if self._auto_register:
            return self._registry.register(wanted.subject, wanted.schema)
        return self._registry.look_up(wanted.subject, wanted.schema)

    def _fail(self, place: str, wanted: Wanted, error: RegistryError) -> None:
        if type(self._failures.get(place)) is not type(error):
            log.warning("no schema id for %s yet: %s", wanted.subject, error)
        self._failures[place] = error
        if not isinstance(error, RegistryUnreachable) and place in self._known:
            self._hold(wanted, "it is not there any more")

    def _hold(self, wanted: Wanted, why: str) -> None:
        """Use none of the ids that are not confirmed yet: the registry is not the one that they came from."""
        self._cache.forget()
        self._recreated = True
        with self._changed:
            for place in self._open:
                self._known.pop(place, None)
        log.error(
            "the schema id of %s at %s is another than before (%s): was the registry recreated? The cache is dropped, "
            "and topics wait until their ids are confirmed; messages sent since the start bear the old id",
            wanted.subject,
            self._registry.url,
            why,
        )
        self._on_change()

    def _read_back(self, wanted: Wanted, found: int) -> None:
        if _names(self._registry.schema_of(found)) != _names(wanted.schema):
            raise IdUnconfirmed(wanted.subject, self._registry.url, found)


def _names(schema: Schema) -> tuple[object, ...]:
    """Return what says which event a schema is of: registries may rewrite the rest of a text."""
    text = json.loads(schema.text)
    return schema.format, *(text.get(member) for member in ("title", "namespace", "name"))

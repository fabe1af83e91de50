"""Where a producer's events wait: the choice between disk and memory, and what the place is worth."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Literal

from pyevents.errors import ConfigurationInvalid
from pyevents.spool.durability import Durability
from pyevents.spool.folder import DiskSpool, cluster_of
from pyevents.spool.memory import MemorySpool
from pyevents.spool.place import default_folder, rests_on
from pyevents.spool.stream import Spool
from pyevents.transport import Transport

__all__ = ["Store", "open_store"]

log = logging.getLogger("pyevents.producer")

_LIMIT = 1 << 30
_said: set[str] = set()


class Store:
    """A spool, and what an event in it survives, in one word for `status()`."""

    def __init__(self, spool: Spool, durability: str) -> None:
        self.spool = spool
        self.durability = durability


def open_store(
    spool: Spool | Literal["disk"] | None,
    service: str,
    transport: Transport,
    *,
    folder: str | Path | None,
    limit: int | None,
    durability: str,
) -> Store:
    """Return the spool that the producer's arguments ask for; those that it gets are in `RobustKafkaProducer`.

    A transport that ends with this process gets a queue that does too: nobody could send the events later.

    Raises:
        FolderUnusable: The folder cannot hold events, with the command that mends it.
        ConfigurationInvalid: An argument cannot work.
    """
    parsed = Durability.parse(durability)
    if spool == "disk" and transport.lasting:
        return _on_disk(service, transport, folder, _LIMIT if limit is None else limit, durability, parsed)
    if folder is not None:
        raise ConfigurationInvalid("spool_dir", "there is no spool on disk to put there", "Leave it or `spool` out.")
    if spool is None or spool == "disk":
        return Store(MemorySpool() if limit is None else MemorySpool(limit=limit), "memory")
    if isinstance(spool, str):
        remedy = "Use 'disk' (its folder is `spool_dir`), None for memory, or a Spool."
        raise ConfigurationInvalid("spool", f"{spool!r} is not known", remedy)
    return Store(spool, "memory" if spool.where == "memory" else durability)


def _on_disk(
    service: str, transport: Transport, given: str | Path | None, limit: int, durability: str, parsed: Durability
) -> Store:
    given = given or os.environ.get("PYEVENTS_SPOOL_DIR")
    folder = Path(given).expanduser() if given else default_folder()
    spool = DiskSpool(folder, service, cluster_of(transport.name), limit=limit, durability=parsed)
    resting = rests_on(folder)
    if resting == "disk":
        return Store(spool, durability)
    if spool.where not in _said:
        _said.add(spool.where)
        log.warning(
            "the spool at %s ends with this %s: mount a volume there, or point PYEVENTS_SPOOL_DIR to one",
            spool.where,
            "container" if resting == "container" else "machine's memory",
        )
    return Store(spool, resting)

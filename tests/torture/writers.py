"""The writers as the torturer sees them: started, mistreated and listened to from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.torture.verdict import Seen
from tests.torture.writer import KEYS, THREADS, Settings

__all__ = ["Ledger", "Slot"]

_ROOT = Path(__file__).parents[2]


class Ledger:
    """Every accepted event, in the words of the writers."""

    def __init__(self) -> None:
        self.events: list[Seen] = []
        self._readers: list[threading.Thread] = []

    def listen(self, process: subprocess.Popen[str]) -> None:
        """Write down what a writer and its forked children say until the last of them is gone."""
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        self._readers.append(reader)

    def close(self) -> None:
        """Wait for the last word of everybody."""
        for reader in self._readers:
            reader.join(60)
            if reader.is_alive():
                raise TimeoutError("a writer or its forked child did not end")

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            words = line.split()
            if len(words) == 4 and line.endswith("\n"):  # else killed in the middle of a word
                self.events.append(Seen(f"{words[0]} {words[1]}", int(words[2]), words[3]))


class Slot:
    """One writer, and its successor whenever it was killed.

    Args:
        settings: Of the first writer; key numbers of others are far away.
        heir: The successor goes on with the keys. Only where nobody else can adopt the streams in between, that
            is with a service name of its own; else each process has fresh keys.
        ledger: Listens.
        folder: For the writers' logs and caches.
    """

    def __init__(self, settings: Settings, *, heir: bool, ledger: Ledger, folder: Path) -> None:
        self.settings = settings
        self.heir = heir
        self._ledger = ledger
        self._folder = folder
        self._generation = 0
        self._fresh = settings.first_key
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start a writer, its cache of schema ids empty."""
        self._generation += 1
        settings = self.settings._replace(numbers=self._numbers(), seed=self.settings.seed + self._generation)
        if not self.heir:
            settings = settings._replace(first_key=self._take_keys())
        name = f"{settings.service}-{settings.first_key}-{self._generation}"
        with open(self._folder / f"{name}.log", "w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.writer", json.dumps(settings._asdict())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=_ROOT,
                env={**os.environ, "PYEVENTS_CACHE_DIR": str(self._folder / f"cache-{name}")},
            )
        self._ledger.listen(self._process)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM, which Python turns into an end without atexit."""
        self._end(signal.SIGTERM)

    def fork(self, seconds: float) -> None:
        """Fork a child that publishes on keys of its own."""
        self._tell(f"fork {self._take_keys()} {seconds:.2f}")

    def quota(self, size: int) -> None:
        """Let its files grow no further than *size* bytes; 0 lifts it."""
        self._tell(f"quota {size}")

    def lift_quota(self) -> None:
        """Give the disk back; a writer that was killed meanwhile has none."""
        with suppress(BrokenPipeError):
            self.quota(0)

    def close(self) -> None:
        """Let it end in an orderly way."""
        assert self._process is not None
        self._tell("close")
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGABRT)
            raise

    def _take_keys(self) -> int:
        self._fresh += THREADS * KEYS
        return self._fresh

    def _numbers(self) -> dict[str, int]:
        """Where the counts may go on: past whatever was published and not told."""
        if not self.heir:
            return {}
        numbers: dict[str, int] = {}
        for seen in list(self._ledger.events):
            numbers[seen.key] = max(numbers.get(seen.key, 0), seen.number + 1000)
        return numbers

    def _tell(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)

"""One server process of ours: started, waited for, stopped, killed, suspended; gone when we are gone.

It owns the process, its log file and its data folder. What is run in it, and when that is ready, the
subclasses say: `kafka`, `apicurio`.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pyevents.dev.real import keeper
from pyevents.errors import PyEventsError

__all__ = ["Server", "ServerFailed", "free_port"]

LINES = 20
COMPLAINT = re.compile(r"\bERROR\b|\bFATAL\b|Exception\b")
PAUSE = 0.05

# Below every system's range for outgoing connections. From within it, a client that knocks at a port whose
# server is down may be given that very port for its own end, and keep the server from coming back.
PORTS = range(15_000, 32_000)
_random = random.SystemRandom()


class ServerFailed(PyEventsError):
    """A real server did not start.

    Args:
        name: Of the server.
        problem: What it did instead.
        log: Its log file.
        said: What it logged since it was started. The message quotes it from the first complaint on, because
            a server that gives up says much more before it is gone; without a complaint, its last lines.
    """

    def __init__(self, name: str, problem: str, log: Path, said: str) -> None:
        self.log = log
        lines = said.splitlines()
        first = next((number for number, line in enumerate(lines) if COMPLAINT.search(line)), len(lines) - LINES)
        quoted = "\n".join(f"    {line}" for line in lines[max(first, 0) :][:LINES])
        super().__init__(f"{name} {problem}. Its log is {log}; there it says:\n{quoted}")


def free_port() -> int:
    """Return a port on the loopback interface that nobody listens on."""
    while True:
        port = _random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Server(ABC):
    """A server on this machine, with a folder that outlives its restarts.

    Between the server and this process stands `keeper`, which ends it when this process ends, by whatever
    means.

    Args:
        name: For logs and errors.
        folder: Keeps data and log; made if absent. None is a temporary one, removed by `close`.
    """

    timeout = 60.0
    """Seconds that it may take to become ready, and then again to stop."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self._temporary = folder is None
        self.folder = (folder or Path(tempfile.mkdtemp(prefix=f"pyevents-{name}-"))).absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / f"{name}.log"
        self._keeper: subprocess.Popen[str] | None = None
        self._pid = 0

    @abstractmethod
    def _command(self) -> tuple[list[str], Mapping[str, str]]:
        """Prepare what has to be there, and return the command line and additions to the environment."""

    @abstractmethod
    def _is_ready(self, said: str) -> bool:
        """Say whether it serves; *said* is its log since this start."""

    @property
    def running(self) -> bool:
        """Whether the process is there, suspended or not."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the server itself.

        Raises:
            ProcessLookupError: It is not running.
        """
        if not self.running:
            raise ProcessLookupError(f"{self.name} is not running")
        return self._pid

    def start(self) -> None:
        """Start it and return when it serves; on the port and with the data it had before.

        Raises:
            ServerFailed: It ended instead, or was not ready in time.
        """
        if self.running:
            return
        command, environment = self._command()
        self.log.touch()
        begin = self.log.stat().st_size
        leftover = str(self.folder) if self._temporary else ""
        keeping = [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid()), str(self.log), leftover]
        self._keeper = subprocess.Popen(
            [*keeping, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env={**os.environ, **environment},
            text=True,
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as first_line:
            self._pid = int(first_line.readline() or 0)
        self._wait_until_ready(begin)

    def stop(self) -> None:
        """End it in an orderly way (SIGTERM) and return when it has ended; kill it if it takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would; return when it has ended."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `suspend` (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop it, and remove its folder if that is a temporary one."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_ready(self, begin: int) -> None:
        deadline = time.monotonic() + self.timeout
        while not self._is_ready(self._said_since(begin)):
            if not self.running:
                raise ServerFailed(self.name, "ended while it was starting", self.log, self._said_since(begin))
            if time.monotonic() > deadline:
                self.kill()
                problem = f"was not ready within {self.timeout:.0f} s"
                raise ServerFailed(self.name, problem, self.log, self._said_since(begin))
            time.sleep(PAUSE)

    def _said_since(self, begin: int) -> str:
        with open(self.log, "rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def _end(self, how: signal.Signals) -> None:
        if self._keeper is None or not self.running:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, how)
            if how is signal.SIGTERM:
                os.kill(self._pid, signal.SIGCONT)  # a suspended process acts on nothing but SIGKILL
        try:
            self._keeper.wait(self.timeout)
        except subprocess.TimeoutExpired:
            os.kill(self._pid, signal.SIGKILL)
            self._keeper.wait()

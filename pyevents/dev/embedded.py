"""The embedded pair, from outside: starts the helper process, tells it what to do, and ends it.

Nothing of the broker and the registry runs in this process; see `process` for the other side.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyevents.catalog import Topic
from pyevents.config import Properties
from pyevents.errors import Closed, PyEventsError

__all__ = ["Embedded", "EmbeddedFailed"]

_SECONDS_TO_START = 20.0
_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_END = 5.0


class EmbeddedFailed(PyEventsError):
    """The helper process did not start, did not do what it was told, or is gone."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"the embedded pair could not {what}: {problem}")


class Embedded:
    """A Kafka broker and a schema registry in one helper process, for development and tests.

    They are up from construction until `close`, or the end of this process by whatever means. Both listen on
    loopback, on ports of their own, so several pairs do not disturb each other. What they hold is in memory, and
    survives stopping and starting them.

    Args:
        topics: Created before anybody can use them, for example `catalog.load().catalog.every_topic`. A topic
            that is not created comes into being at its first use, with four partitions.
        registry_file: SQLite file that the registry goes on with; None is in memory.

    Raises:
        EmbeddedFailed: The helper process does not start.
    """

    bootstrap_servers: str
    registry_url: str

    consumer_properties: Properties = MappingProxyType(
        {"session.timeout.ms": 2_000, "heartbeat.interval.ms": 400, "fetch.wait.max.ms": 50}
    )
    """What a consumer should be made with here, so that the second member of a group, or the successor of one
    that left, has its partitions in 1 s. The mock broker waits a second less than the session timeout at every
    rebalance but a group's first one: 14 s with our default, 44 s with librdkafka's. And where it has nothing yet,
    it answers after the whole fetch wait, whatever comes meanwhile: 0.5 s by default (measured)."""

    def __init__(self, topics: Iterable[Topic] = (), *, registry_file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._rest = b""
        self._closed = False
        self._process = _spawn([str(registry_file)] if registry_file else [])
        try:
            hello = self._answer("start", _SECONDS_TO_START)
            self.bootstrap_servers = hello["bootstrap_servers"]
            self.registry_url = hello["registry_url"]
            self.create_topics(topics)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Process id of the helper."""
        return self._process.pid

    def create_topic(self, name: str, partitions: int = 3) -> None:
        """Create one topic; nothing happens where it was created before with as many partitions.

        Raises:
            EmbeddedFailed: It exists with another number of partitions.
        """
        self._tell("create_topics", topics={name: partitions})

    def create_topics(self, topics: Iterable[Topic]) -> None:
        """Create the topics of a catalog; their number of replicas and their settings mean nothing here.

        Raises:
            EmbeddedFailed: One exists with another number of partitions.
        """
        self._tell("create_topics", topics={topic.name: topic.partitions for topic in topics})

    def stop_broker(self) -> None:
        """Cut every connection to the broker and let new ones be refused; once it returns, the broker is gone."""
        self._tell("stop_broker")

    def start_broker(self) -> None:
        """Let the broker accept connections again, with what it held, at the same address."""
        self._tell("start_broker")

    def stop_registry(self) -> None:
        """Cut every connection to the registry and let new ones be refused."""
        self._tell("stop_registry")

    def start_registry(self) -> None:
        """Let the registry accept connections again, with what it held, at the same address."""
        self._tell("start_registry")

    def close(self) -> None:
        """End the helper process, and wait until it is gone; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            assert self._process.stdin and self._process.stdout
            self._process.stdin.close()
            try:
                self._process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()

    def __enter__(self) -> Embedded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, command: str, **more: Any) -> None:
        with self._lock:
            if self._closed:
                raise Closed("embedded pair")
            assert self._process.stdin
            what = command.replace("_", " ")
            try:
                self._process.stdin.write(json.dumps({"do": command, **more}).encode() + b"\n")
            except BrokenPipeError:
                raise EmbeddedFailed(what, self._end()) from None
            self._answer(what, _SECONDS_TO_ANSWER)

    def _answer(self, what: str, seconds: float) -> dict[str, str]:
        """Wait for one line of the helper."""
        assert self._process.stdout
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    raise EmbeddedFailed(what, f"its process did not answer within {seconds:.0f} s.")
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    raise EmbeddedFailed(what, self._end())
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, str] = json.loads(line)
        if "problem" in answer:
            raise EmbeddedFailed(what, answer["problem"])
        return answer

    def _end(self) -> str:
        try:
            status = self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return "its process says nothing any more."
        return f"its process ended with status {status}; what it said is on standard error. Start a new one."


def _spawn(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the helper with this process's own module path, so that it runs the same pyevents from any folder."""
    path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "pyevents.dev", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=os.environ | {"PYTHONPATH": path},
        # Ctrl-C reaches every process of the terminal's group; this one has to outlive those that drain because of it.
        start_new_session=True,
    )

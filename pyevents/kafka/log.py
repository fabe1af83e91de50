"""librdkafka's own words in our log: each kind of line once a minute, so that an outage does not flood it."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable

__all__ = ["Overheard", "Seldom", "librdkafka_log"]

_EVERY = 60.0
# Ports, milliseconds, ids of clients and counters: what differs between two lines that say the same.
_NUMBERS = re.compile(r"\d+")
# librdkafka calls the setting experimental at every start; that it is needed was measured (`transport._SENDER`).
# One environment serves producers and consumers: each ignores, with a warning, what is meant for the other.
# And a client that is closed gives back what is in flight, which it calls fatal.
_EXPECTED = re.compile("enable.gapless.guarantee|property and will be ignored by this|failed: Local: Purged in flight")


class Seldom(logging.Filter):
    """Lets a line pass unless one that differs in numbers alone did lately; the next one says how many were left out.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _EXPECTED.search(text):
            return False
        kind, now = _NUMBERS.sub("#", text), self._clock()
        with self._lock:
            last, left_out = self._said.get(kind, (-_EVERY, 0))
            if now - last < _EVERY:
                self._said[kind] = last, left_out + 1
                return False
            self._said[kind] = now, 0
        if left_out:
            record.msg, record.args = f"{text} (and {left_out} such lines since the last one)", None
        return True


class Overheard:
    """What a client is given as its logger, so that somebody hears its lines before the log leaves out some.

    Args:
        hear: Is given librdkafka's name for the kind of line, such as `FAIL`, and the line.
    """

    def __init__(self, hear: Callable[[str, str], None]) -> None:
        self._hear = hear

    def log(self, level: int, form: str, kind: str, client: str, line: str) -> None:
        """Take one line, as confluent_kafka gives it."""
        self._hear(kind, line)
        librdkafka_log.log(level, form, kind, client, line)


librdkafka_log = logging.getLogger("pyevents.kafka.librdkafka")
librdkafka_log.addFilter(Seldom())

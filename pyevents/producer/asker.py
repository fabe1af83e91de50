"""When clients are asked which cluster answers them: where something depends on it, and by a thread that may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from pyevents.producer.client import Client

__all__ = ["Asker"]

# librdkafka says nothing of a connection that is closed after so many seconds without use (`log.connection.close`).
_UNUSED = 60.0
_QUIET = 5.0
_PAUSE = 0.1


class Asker:
    """Looks after the clients of one producer.

    Args:
        wake: Called when there is an answer.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._used = self._heard = time.monotonic()

    def look(self, common: Client, others: Iterable[Client], waiting: int, heard: bool) -> None:
        """Have those asked of which it has to be known who answers them; the others where the common one is sure.

        Args:
            common: That all topics share.
            others: That topics have of their own.
            waiting: How many events the broker has not confirmed.
            heard: Whether there was a report since the last look.
        """
        now, trouble, used = time.monotonic(), common.trouble, waiting > 0 or heard
        if used:
            self._used = now
        elif now > self._used + _UNUSED:
            common.doubt()
        if heard or not waiting or common.asked:
            self._heard = now
        quiet = now > self._heard + _QUIET  # a broker that is frozen keeps its connections
        if (used and not common.sure) or common.in_vain or quiet or (trouble is not None and not trouble.fatal):
            self._ask(common, now)
            return
        for client in others:
            if not client.sure:
                self._ask(client, now)

    def _ask(self, client: Client, now: float) -> None:
        if not client.due(now):
            return
        client.asked = True
        try:
            threading.Thread(target=self._wait, args=(client,), name="pyevents-asker", daemon=True).start()
        except RuntimeError:  # there are no new threads while the interpreter ends (Python 3.12)
            client.ask()

    def _wait(self, client: Client) -> None:
        client.ask(_PAUSE)
        self._wake()

"""What a consumer asks of an inbox, for functions and for coroutines, and one that lasts as long as its process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Protocol, runtime_checkable

__all__ = ["AsyncInbox", "Inbox", "MemoryInbox"]


@runtime_checkable
class Inbox(Protocol):
    """Surrounds one handling of one event by a function."""

    def handling(self, group: str, event_id: str) -> AbstractContextManager[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before.

        Leaving without an error remembers the event; leaving with one forgets that it came.
        """


@runtime_checkable
class AsyncInbox(Protocol):
    """Surrounds one handling of one event by a coroutine function."""

    def handling_async(self, group: str, event_id: str) -> AbstractAsyncContextManager[bool]:
        """As `Inbox.handling`."""


class MemoryInbox:
    """Remembers the last events of each group; for tests, and where an effect done twice costs little.

    What it remembers goes with the process, and no other member of the group knows it: after a restart or a rebalance
    an event may be handled again. For effects in a database take `SqlInbox`.

    Args:
        size: Events to remember in all.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._handled: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def handling(self, group: str, event_id: str) -> Iterator[bool]:
        """Enter with True where the event is to be handled, with False where it was handled before."""
        fresh = (group, event_id) not in self._handled
        yield fresh
        if fresh:
            self._remember(group, event_id)

    @asynccontextmanager
    async def handling_async(self, group: str, event_id: str) -> AsyncIterator[bool]:
        """As `handling`, for a coroutine."""
        with self.handling(group, event_id) as fresh:
            yield fresh

    def _remember(self, group: str, event_id: str) -> None:
        with self._lock:
            self._handled[group, event_id] = None
            while len(self._handled) > self._size:
                self._handled.popitem(last=False)

"""What a consumer asks of an inbox, as protocols: one for functions, one for coroutines."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, runtime_checkable

__all__ = ["AsyncInbox", "Inbox"]


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

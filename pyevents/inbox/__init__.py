"""The inbox: remembers which events a group has handled, so that an event that comes twice has one effect.

`SqlInbox` needs the extra `sql`.
"""

from pyevents.inbox.inbox import AsyncInbox, Inbox, MemoryInbox

__all__ = ["AsyncInbox", "Inbox", "MemoryInbox"]

"""The outbox: events written in a service's own transaction, and the relay that sends what was committed.

Needs the extra `sql`. For the other direction, a handler that runs once, see `pyevents.inbox`.
"""

from pyevents.outbox.outbox import AsyncOutbox, Outbox
from pyevents.outbox.relay import Relay, RelayStatus
from pyevents.outbox.table import metadata

__all__ = ["AsyncOutbox", "Outbox", "Relay", "RelayStatus", "metadata"]

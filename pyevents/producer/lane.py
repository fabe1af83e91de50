"""One topic's way out: the streams that a predecessor left come first, then this process's own.

Its owner holds the producer's lock around every call.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator

from pyevents.producer.outbound import Outbound, Send, Unsendable
from pyevents.spool.errors import OtherCluster
from pyevents.spool.record import Entry

__all__ = ["Lane"]

log = logging.getLogger("pyevents.producer")


class Lane:
    """The streams of one topic, in the order in which they are sent.

    Args:
        open_own: Makes this process's own stream, at the first event and again after it was taken away.
    """

    def __init__(self, open_own: Callable[[], Outbound]) -> None:
        self._open_own = open_own
        self._own: Outbound | None = None
        self._adopted: deque[Outbound] = deque()

    def __iter__(self) -> Iterator[Outbound]:
        yield from self._adopted
        if self._own is not None:
            yield self._own

    def own(self) -> Outbound:
        """Return this process's own stream."""
        if self._own is None or self._own.stream.closed:
            self._own = self._open_own()
        return self._own

    def adopt(self, outbound: Outbound) -> None:
        """Send what a predecessor left before anything of our own that has not gone yet."""
        self._adopted.append(outbound)

    def hand_over(self, position: int, entry: Entry, send: Send) -> bool:
        """Give an own event that was just appended to the client, if nothing is before it."""
        return self._own is not None and not self._adopted and self._own.hand_over(position, entry, send)

    def advance(self, send: Send, cluster_id: str | None) -> None:
        """Give the client what waits, as far as it takes it; left streams only to the cluster they are for."""
        while self._adopted:
            if cluster_id is None:
                return
            first = self._adopted[0]
            try:
                first.stream.confirm_cluster(cluster_id)
                first.advance(send)
                if not first.finished:
                    return
            except (OtherCluster, Unsendable) as error:
                log.error("%s is left as it is: %s", first.stream.name, error)
            first.stream.close()
            self._adopted.popleft()
        if self._own is not None:
            self._own.advance(send)

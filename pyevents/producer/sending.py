"""The background thread of a producer: serves delivery reports and sends what waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from pyevents.errors import Closed
from pyevents.outcome import in_words
from pyevents.producer.asker import Asker
from pyevents.producer.client import Client, Cluster, Verdict
from pyevents.producer.lane import Lane
from pyevents.producer.outbound import Outbound, Told, Word
from pyevents.producer.receipt import LEFT
from pyevents.producer.succession import Succession
from pyevents.spool.record import Entry
from pyevents.spool.stream import Stream
from pyevents.transport import Fault, Transport

__all__ = ["Sending"]

log = logging.getLogger("pyevents.producer")

# Those who publish serve reports themselves: a report is a call that needs the interpreter, and each one that another
# thread serves takes it away from them.
_SERVED_EVERY = 64
_MANY = 50
_PAUSE = 0.01
_PAUSE_IN_BACKLOG = 0.001  # the client's share is full, and a long pause would let it run dry
_GATHERING = 1.0
_ROUNDS = 10


class Sending:
    """Owns the client that all topics share, and a lane for each topic.

    Args:
        transport: Where clients come from.
        client_id: Their name at the broker.
        lock: The producer's; held while events change hands.
        open_stream: Returns this process's own stream of a topic.
        message_of: Returns the message of an entry, or None while its schema id is not known.
    """

    def __init__(
        self,
        transport: Transport,
        client_id: str,
        lock: threading.Lock,
        open_stream: Callable[[str], Stream],
        message_of: Callable[[Entry], bytes | None],
    ) -> None:
        self.sent = 0
        self.last_error: str | None = None
        self.last_error_at: float | None = None
        self.cluster = Cluster()
        self.discarded: deque[Client] = deque()
        """Clients to be closed by somebody who has the time."""
        self._transport = transport
        self._client_id = client_id
        self._lock = lock
        self._open_stream = open_stream
        self._message_of = message_of
        self._succession = Succession(transport, client_id, self.cluster, self.note)
        self._client = self._succession.first()
        self._asker = Asker(self.wake)
        self._left: deque[Stream] = deque()
        self._lanes: dict[str, Lane] = {}
        self._awake = threading.Event()
        self._idle = False
        self._flushing = 0
        self._stale = False
        self._served = False
        """Somebody who published has served reports since the last turn."""
        self._empty = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="pyevents-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def append(self, entry: Entry, told: Told | None = None) -> None:
        """Put an event into its stream and on its way; the caller has the lock.

        Args:
            entry: The event.
            told: Is told of the broker's word, by the sender's thread.

        Raises:
            SpoolError: The spool cannot take it.
        """
        if self._left:
            self._take_in()
        lane = self._lanes.get(entry.label.topic) or self._lane(entry.label.topic)
        own = lane.own()
        try:
            position = own.stream.append(entry)
        except Closed:  # it was taken from us
            own = lane.own()
            position = own.stream.append(entry)
        if told is not None:
            own.told[position] = told
        try:
            if self._idle:
                self._client.poll(0)  # nobody has looked for a while whether its connection is still there
            lane.hand_over(own, position, entry, self._client.send)
            if not position % _SERVED_EVERY:
                self._client.poll(0)
                self._served = True
        except BaseException:
            # A signal's handler raised, between any two steps: nobody knows what the client has.
            self.renew()
            raise
        if self._idle:
            self._idle = False
            self._awake.set()

    def adopt(self, stream: Stream) -> None:
        """Send what another process left."""
        log.info("%s: %d events of a process that is gone are sent first", stream.topic, stream.pending.events)
        self._left.append(stream)
        self._awake.set()

    def renew(self) -> None:
        """Have the client replaced: a new one reads certificates anew, and gets what this one may have or not."""
        self._stale = True
        self._awake.set()

    @property
    def here(self) -> bool:
        """Whether this runs in the sender's own thread."""
        return threading.current_thread() is self._thread

    def note(self, error: str) -> None:
        """Remember the last thing that went wrong, in words."""
        self.last_error, self.last_error_at = error, time.time()

    @property
    def trouble(self) -> Fault | None:
        """Why no broker takes anything, or None."""
        return self._client.trouble

    @property
    def connected(self) -> bool:
        """Whether a broker of the right cluster answered, and none has been found away since."""
        known = self.sent > 0 or self.cluster.id is not None
        return known and self.trouble is None and self.cluster.other is None and not self._client.in_vain

    def wake(self) -> None:
        """Look at what waits now rather than a little later."""
        self._awake.set()

    def lanes(self) -> list[Lane]:
        """Return every topic that is being sent to."""
        return list(self._lanes.values())

    def outbounds(self) -> list[Outbound]:
        """Return every stream that is being sent."""
        with self._lock:
            return list(self._outbounds())

    def waiting(self) -> int:
        """Return how many events the broker has not confirmed."""
        with self._lock:
            return self.unconfirmed()

    def unconfirmed(self) -> int:
        """Return the same for a caller that has the lock, or cannot have it."""
        own = sum(outbound.waiting for outbound in self._outbounds())
        return own + sum(stream.pending.events for stream in self._left)

    def wait_empty(self, timeout: float) -> int:
        """Wait until nothing is pending, at most `timeout` seconds; return how many events are left."""
        with self._empty:
            self._flushing += 1
            self._awake.set()
            try:
                self._empty.wait_for(lambda: self.waiting() == 0, timeout)
            finally:
                self._flushing -= 1
        return self.waiting()

    def stop(self, timeout: float) -> int:
        """Wait until nothing is pending or the time is over, then end; return how many events are left."""
        self.wait_empty(timeout)
        self._stopped = True
        self._awake.set()
        self._thread.join()
        for lane in self.lanes():
            lane.close()
        self.discarded.append(self._client)
        while self.discarded:
            self.discarded.popleft().close(0)
        self._settle()
        for outbound in self.outbounds():
            outbound.leave(LEFT)
        self._settle()
        return self.waiting()

    def _take_in(self) -> None:
        while self._left:
            stream = self._left.popleft()
            lane = self._lanes.get(stream.topic) or self._lane(stream.topic)
            lane.adopt(Outbound(stream, self._message_of))

    def _outbounds(self) -> Iterator[Outbound]:
        for lane in self._lanes.values():
            yield from lane

    def _lane(self, topic: str) -> Lane:
        lane = self._lanes[topic] = Lane(
            topic,
            lambda: self._open(topic),
            lambda: Client(self._transport.sender(f"{self._client_id}-{topic}", singly=True), self.cluster),
            self.discarded.append,
        )
        return lane

    def _open(self, topic: str) -> Outbound:
        stream = self._open_stream(topic)
        if self.cluster.id is not None:
            stream.confirm_cluster(self.cluster.id)
        return Outbound(stream, self._message_of)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._turn()
            except Exception:  # a mistake of ours must not end the sending of everything
                log.exception("the sender goes on after an error that it should not have made")
                time.sleep(1)

    def _turn(self) -> None:
        own = [lane.client for lane in self.lanes() if lane.client is not None]
        # Those that send one event at a time wait for nothing but its report.
        served = sum(client.poll(0.005) for client in own)
        if self._served and not self._flushing:
            self._served = False
        else:
            served += self._client.poll(0.0 if own or self._awake.is_set() else 0.02)
        self._learn()
        sent = self.sent
        left = self._settle()
        trouble, client = self.trouble, self._client
        # What a failed client reported is settled first, if it counts.
        if self._stale or (trouble and trouble.fatal and not client.in_doubt) or self._find_retrying():
            self._replace()
        if self._lanes:
            others = (lane.client for lane in self.lanes() if lane.client is not None)
            self._asker.look(self._client, others, left, self.sent > sent)
        behind = self._advance()
        if left >= _MANY and not self._flushing:
            if not behind and not own:
                backlog = any(outbound.next <= outbound.stream.last for outbound in self.outbounds())
                self._awake.wait(_PAUSE_IN_BACKLOG if backlog else _PAUSE)
                self._awake.clear()
        elif not left:
            self._idle = True
            if not self.waiting():
                self._awake.wait(1.0)
            self._idle = False
            self._awake.clear()
        elif self._flushing or not served:
            self._awake.clear()

    def _settle(self) -> int:
        """Settle every report that has come, and return how many events are left."""
        words: list[tuple[Told, Word]] = []
        with self._lock:
            left = 0
            for lane in self._lanes.values():
                if not (lane.client or self._client).in_doubt:
                    delivered, fault = lane.settle()
                    self.sent += delivered
                    if fault is not None:
                        self.note(f"{lane.topic}: {in_words(fault)}")
                for outbound in lane:
                    outbound.acknowledge()
                    left += outbound.waiting
                    words += outbound.words
                    outbound.words.clear()
        for told, word in words:
            try:
                told(word)
            except BaseException:  # the caller's code, in our thread, which `sys.exit` would end, and nothing else
                log.exception("a callback of `on_delivery` failed")
        if not left:
            with self._empty:
                self._empty.notify_all()
        return left

    def _advance(self) -> bool:
        """Give the clients what waits, and say whether they would take more."""
        with self._lock:
            self._take_in()
        behind = False
        send = None if self._client.in_doubt else self._client.send
        for lane in self.lanes():
            for _ in range(_ROUNDS):
                with self._lock:
                    more = lane.advance(send, self.cluster.id)
                if not more:
                    break
            behind = behind or more
        return behind

    def _find_retrying(self) -> bool:
        """Take topics off the common client whose events it repeats in vain, and say whether there are any."""
        retrying = self._client.retrying
        if retrying:
            with self._lock:
                for topic in retrying:
                    self._lanes[topic].suspect_all()
        return bool(retrying)

    def _replace(self) -> None:
        """Go on with a new client, from the first unconfirmed event."""
        successor = self._succession.after_failure(self.trouble, self.sent)
        if successor is None:
            time.sleep(_PAUSE)
            return
        deadline = time.monotonic() + _GATHERING
        while self._client.poll(0.1) and time.monotonic() < deadline:
            pass
        self._settle()
        self.discarded.append(self._go_on_with(successor))

    def _learn(self) -> None:
        """Draw the consequences of what a cluster answered to the common client."""
        learned = self._client.learn()
        if learned is None:
            return
        verdict, found = learned
        if verdict is not Verdict.OURS:
            successor = self._succession.after_answer(verdict, found)
            if successor is not None:
                self._go_on_with(successor).close(0)  # at once, for it sends what it has
            return
        if self.cluster.id is None:
            with self._lock:
                self.cluster.id = found
                for outbound in self._outbounds():
                    if not outbound.adopted:
                        outbound.stream.confirm_cluster(found)
        if self.cluster.other is not None:
            self.cluster.other = None
            log.info("the cluster %s answers again", found)

    def _go_on_with(self, successor: Client) -> Client:
        """Begin again from the first unconfirmed event, and return the client that is not asked any more."""
        with self._lock:
            former, self._client, self._stale = self._client, successor, False
            for lane in self._lanes.values():
                lane.restart()
        return former

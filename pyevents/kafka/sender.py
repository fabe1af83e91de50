"""Producing with librdkafka."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from pyevents.kafka.inherited import keep_in_children
from pyevents.kafka.log import Overheard
from pyevents.kafka.retrying import Retrying
from pyevents.transport import Backpressure, Delivery, Fault, Record, Refused

__all__ = ["KafkaSender"]

# The reason why a broker does not talk to us; that all are down is only its consequence.
_REFUSED = frozenset({"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "_SSL"})

_RECENT = 10.0
_ANY = -1  # the partition is the client's choice


class KafkaSender:
    """The sending side of a Kafka cluster.

    Args:
        make: Makes a configured client that is given these functions to call.
    """

    def __init__(self, make: Callable[[dict[str, Any]], confluent_kafka.Producer]) -> None:
        self.trouble: Fault | None = None
        self.retrying: frozenset[str] = frozenset()
        self.losses = 0
        self.mixed = False
        self._heard = -math.inf, ""
        self._retrying = Retrying()
        self._client = make({"error_cb": self._note, "stats_cb": self._look, "logger": Overheard(self._hear)})
        keep_in_children(self)

    def send(self, record: Record, done: Callable[[Delivery], None], number: int = 0) -> None:
        """Take one record; `done` is called from `poll`."""
        value = record.value
        report = _Report(number, len(value) if value else 0, -1, -1, None, done)
        headers: list[tuple[str, str | bytes | None]] | None = list(record.headers) if record.headers else None
        try:
            # By position: the client takes longer to look for arguments by name than for all the rest.
            self._client.produce(record.topic, value, record.key, _ANY, report, None, record.timestamp, headers)
        except BufferError:
            raise Backpressure from None
        except KafkaException as error:
            raise Refused(_fault_of(error.args[0])) from None

    def poll(self, timeout: float) -> int:
        """Serve delivery reports."""
        try:
            return int(self._client.poll(timeout))
        except KafkaException as error:  # a fatal error is raised here, once, and not given to `error_cb`
            self._note(error.args[0])
            return 1

    def cluster_id(self, timeout: float) -> str | None:
        """Return the id that the cluster was formatted with."""
        losses = self.losses
        try:
            answer: str | None = self._client.list_topics(timeout=timeout).cluster_id
        except (KafkaException, AttributeError):  # the latter where another thread has just closed it
            return None
        if self.trouble is not None and not self.trouble.fatal and self.losses == losses:
            self.trouble = None
        return answer

    def close(self, timeout: float) -> int:
        """Send what can be sent; return how many records are left without a report."""
        self._flush(timeout)
        left = len(self._client)
        if left:
            self._client.purge()
            self._flush(1)
        del self._client  # the last reference: it is destroyed here, not in a child that is forked later
        return left

    def _flush(self, timeout: float) -> None:
        """Serve reports to the end; a fatal error is of no interest any more.

        While librdkafka's error is raised, flush goes on to call reports, and Python's answer to that is a SystemError.
        """
        with suppress(KafkaException, SystemError):
            self._client.flush(timeout)

    def _look(self, statistics: str) -> None:
        self.retrying = self._retrying.look(statistics)

    def _hear(self, kind: str, line: str) -> None:
        """Hear of a lost connection; of one among several, librdkafka tells its log alone, and of idle ones nobody."""
        if kind == "CLUSTERID":
            self.mixed = True
        if kind == "CLUSTERID" or (kind == "FAIL" and "in state UP" in line):
            self.losses += 1

    def _note(self, error: KafkaError) -> None:
        fault = _fault_of(error)
        self.losses += fault.code == "_ALL_BROKERS_DOWN"
        if "SSL routines" in fault.text and " alert " in fault.text:
            # In TLS 1.3 a broker refuses our certificate when the handshake is over: to librdkafka a lost connection.
            fault = fault._replace(code="_SSL")
        refused = self.trouble is not None and self.trouble.code in _REFUSED
        if fault.fatal or fault.code in _REFUSED:
            self.trouble = fault
        elif fault.code == "_ALL_BROKERS_DOWN" and not refused:
            at, reason = self._heard
            self.trouble = fault._replace(text=reason) if time.monotonic() - at < _RECENT else fault
        else:
            self._heard = time.monotonic(), fault.text  # why a connection failed, before it is said that all did


class _Report(Delivery, gc=False):
    """A word that is still to be said, which librdkafka calls with it."""

    done: Callable[[Delivery], None]

    def __call__(self, error: KafkaError | None, message: confluent_kafka.Message) -> None:
        if error is None:
            self.partition = message.partition()  # type: ignore[assignment]  # it was delivered, so there is one
            self.offset = message.offset()  # type: ignore[assignment]
        else:
            self.fault = _fault_of(error)
        self.done(self)


def _fault_of(error: KafkaError) -> Fault:
    """Return a librdkafka error as a value; the text is librdkafka's and holds no payload."""
    return Fault(error.name(), error.str(), error.fatal() or error.name() == "_FATAL")

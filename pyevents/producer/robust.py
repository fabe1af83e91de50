"""The producer that services use: `publish` and `send_event`, and what they promise."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Literal, Self

from msgspec import Struct

from pyevents.catalog import load
from pyevents.codec import Encoded, Encoder
from pyevents.config import Properties
from pyevents.errors import Closed, ConfigurationInvalid, EventRejected, EventTooLarge
from pyevents.label import Label
from pyevents.producer.outbound import Told
from pyevents.producer.receipt import LEFT, Receipt, Unconfirmed
from pyevents.producer.running import Running, Setup
from pyevents.producer.status import ProducerStatus
from pyevents.producer.storage import open_store
from pyevents.registry import HttpRegistry, Registry
from pyevents.spool.record import Entry
from pyevents.spool.stream import Spool
from pyevents.transport import Transport, header_pairs

__all__ = ["RobustKafkaProducer"]

log = logging.getLogger("pyevents.producer")

_living: weakref.WeakSet[RobustKafkaProducer] = weakref.WeakSet()
_forking: list[RobustKafkaProducer] = []

_HANDLER = 1.0


class RobustKafkaProducer:
    """Publishes events that their contracts accept, in order, broker or not.

    Constructing it returns at once; brokers and registries that are away delay sending, never publishing. Events
    wait in the spool on disk until the broker has confirmed them; what a process leaves there, the next one of the
    same service sends. Any number of threads may publish at the same time, and it may be made before a fork.

    Args:
        bootstrap_servers: `host:port`, comma-separated; default `KAFKA_BOOTSTRAP_SERVERS`, then `kafka:9092`.
        service_name: The envelope's `producer`.
        schema_registry_url: Default `SCHEMA_REGISTRY_URL`, then the compose file's.
        catalog: The generated package with the contracts.
        auto_register: Register schemas that the registry lacks; for development and tests.
        framing: `"confluent"` puts the schema id before each message, `"none"` sends bare JSON for services that
            cannot read it yet (see docs/migration.md).
        properties: Of librdkafka, by their own names.
        spool: `"disk"`, None for memory (what waits is lost with the process), or a spool of your own.
        spool_dir: Default `PYEVENTS_SPOOL_DIR`, then the user state folder. It has to be there, mode 0700.
        spool_limit: Bytes that may wait; default 1 GiB on disk, 256 MiB in memory.
        durability: What an accepted event survives: `"os"` the end of the process, `"fsync"` power loss,
            `"interval:200"` power loss but for the last 200 milliseconds.
        add_headers: Each is asked for further headers of every message; see docs/observability.md.
        transport: Another way than Kafka, such as `pyevents.memory.MemoryTransport`.
        registry: Another registry than that of the URL.

    Raises:
        ConfigurationInvalid: A setting cannot work.
        FolderUnusable: The spool's folder cannot be used, with the command that mends it.
        CatalogInvalid: There is no readable catalog.
    """

    def __init__(
        self,
        bootstrap_servers: str | None = None,
        service_name: str = "unknown-service",
        *,
        schema_registry_url: str | None = None,
        catalog: str | ModuleType = "pyevents.events",
        auto_register: bool = False,
        framing: Literal["confluent", "none"] = "confluent",
        properties: Properties | None = None,
        spool: Spool | Literal["disk"] | None = "disk",
        spool_dir: str | Path | None = None,
        spool_limit: int | None = None,
        durability: str = "os",
        add_headers: Sequence[Callable[[Encoded], Mapping[str, str | bytes]]] = (),
        transport: Transport | None = None,
        registry: Registry | None = None,
    ) -> None:
        if framing not in ("confluent", "none"):
            raise ConfigurationInvalid("framing", "it is neither 'confluent' nor 'none'", "Choose one of them.")
        transport = transport or _kafka(bootstrap_servers, properties)
        loaded = load(catalog)
        store = open_store(spool, service_name, transport, folder=spool_dir, limit=spool_limit, durability=durability)
        self.service_name = service_name
        self._encoder = Encoder(loaded, service_name)
        self._bare = framing == "none"
        self._setup = Setup(
            service_name,
            loaded,
            transport,
            registry or HttpRegistry(schema_registry_url),
            auto_register,
            not self._bare,
            store,
        )
        self._add_headers = tuple(add_headers)
        self._closed = False
        self._lock = threading.Lock()
        self._running: Running | None = Running(self._setup, self._lock)
        self._largest = transport.largest
        self._running.start()
        _living.add(self)

    def publish(
        self,
        event: Struct,
        *,
        key: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        on_delivery: Callable[[Receipt], None] | None = None,
    ) -> str:
        """Accept *event* for delivery, and return its event id; never waits for broker or registry.

        Args:
            event: An instance of a generated class; checked against its contract.
            key: Orders events; default is the contract's key field, as text, and nothing else is accepted.
            headers: Of the Kafka message.
            on_delivery: Called with the broker's word, by the sender's thread: it must not block. It ends with this
                process, the event does not.

        Raises:
            EventRefused: The event cannot be published, and the message says why; nothing was written.
            SpoolFull: Too much waits already; the broker has been away for long.
            Closed: `close` was called.
        """
        return self._accept(self._encoder.encode(event, key), headers, on_delivery)

    async def publish_and_confirm(
        self, event: Struct, *, key: str | None = None, headers: Mapping[str, str | bytes] | None = None
    ) -> Receipt:
        """Publish *event* and wait for the broker's word, without holding up the event loop.

        For the caller that has to know; cancelling it, with `asyncio.timeout` for example, does not take the event
        back: it was accepted.

        Raises:
            EventRefused: See `publish`.
            EventRejected: The broker never takes it; it was set aside.
            SpoolFull: See `publish`.
            Closed: See `publish`.
            Unconfirmed: The producer was closed meanwhile; the event was accepted.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = loop.create_future()

        def settle(receipt: Receipt) -> None:
            if not answer.done():
                answer.set_result(receipt)

        self.publish(
            event, key=key, headers=headers, on_delivery=lambda receipt: _call_soon(loop, lambda: settle(receipt))
        )
        receipt = await answer
        if receipt.problem == LEFT:
            raise Unconfirmed(receipt.event_id, self._setup.store.spool.where)
        if receipt.problem is not None:
            raise EventRejected(receipt.topic, receipt.event_id, receipt.problem)
        return receipt

    def send_event(
        self,
        topic: str,
        event_type: str,
        payload: Mapping[str, Any],
        key: str | None = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> bool:
        """Accept a dictionary for delivery; what `publish` says holds here too.

        Args:
            topic: Has to be the contract's.
            event_type: For example `patient.created`.
            payload: Checked against the contract.
            key: As for `publish`.
            version: `MAJOR.MINOR`; default is the newest minor of the contract's current major.
            headers: Of the Kafka message.

        Returns:
            True: it was accepted. What fails raises.

        Raises:
            EventRefused: See `publish`; also an unknown type or version, or a wrong topic.
            SpoolFull: See `publish`.
            Closed: See `publish`.
        """
        self._accept(self._encoder.encode_payload(topic, event_type, payload, key, version), headers, None)
        return True

    def flush(self, timeout: float = 10.0) -> int:
        """Wait until the broker has everything, at most `timeout` seconds; return how many events are left."""
        running = self._running
        return running.sending.wait_empty(timeout) if running else 0

    def status(self) -> ProducerStatus:
        """Return what waits, what was sent and what is wrong."""
        running = self._running
        if running is None:
            return ProducerStatus(False, 0, 0, None, 0, 0, 0, {}, None, None, self._setup.store.durability)
        return running.status()

    def close(self, timeout: float = 10.0) -> int:
        """Send what can be sent within `timeout` seconds and stop; return how many events are left.

        Those stay in the spool, and the next process of the service sends them. Calling it again does nothing. It
        runs by itself when the interpreter ends.
        """
        running = self._running
        if running and running.sending.here:  # in `on_delivery`, whose thread is waited for
            threading.Thread(target=self.close, args=(timeout,), name="pyevents-close").start()
            return running.sending.waiting()
        # A signal handler may run inside `publish`, which has the lock; atexit closes it then.
        if not self._lock.acquire(timeout=_HANDLER):
            return self._running.sending.unconfirmed() if self._running else 0
        try:
            if self._closed:
                return 0
            self._closed = True
            running, self._running = self._running, None
        finally:
            self._lock.release()
        left = running.stop(timeout) if running else 0
        self._setup.store.spool.close()
        _living.discard(self)
        if left:
            where = self._setup.store.spool.where
            fate = "end with this process" if where == "memory" else f"wait in {where}; the next process sends them"
            log.warning("events that the broker has not confirmed: %d; they %s", left, fate)
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RobustKafkaProducer of {self.service_name}>"

    def _accept(
        self,
        encoded: Encoded,
        headers: Mapping[str, str | bytes] | None,
        on_delivery: Callable[[Receipt], None] | None,
    ) -> str:
        for add in self._add_headers:
            headers = {**add(encoded), **(headers or {})}
        pairs = header_pairs(headers) if headers else ()
        if (size := encoded.size(pairs)) > self._largest:
            raise EventTooLarge(encoded.event_type, size, self._largest)
        if self._bare:
            self._refuse_avro(encoded.label)
        entry = Entry(encoded.label, encoded.key, pairs, encoded.timestamp, encoded.body)
        told = None if on_delivery is None else _telling(encoded, on_delivery)
        with self._lock:
            if self._closed:
                raise Closed("producer")
            running = self._running or self._restart()
            running.sending.append(entry, told)
        return encoded.event_id

    def _refuse_avro(self, label: Label) -> None:
        _, version = self._setup.catalog.contract(label.event_type).find(label.version)
        if version.format != "json":
            raise ConfigurationInvalid(
                "framing", f"{label.event_type} is Avro, which cannot be sent without a schema id", "Use 'confluent'."
            )

    def _restart(self) -> Running:
        """Begin anew in a forked child."""
        self._running = running = Running(self._setup, self._lock)
        running.start()
        return running

    def _begin_anew(self) -> None:
        """In a forked child: leave client and streams to the parent; own ones are made at the first publish."""
        self._lock = threading.Lock()
        self._running = None
        self._setup.store.spool.after_fork_in_child()


def _telling(encoded: Encoded, tell: Callable[[Receipt], None]) -> Told:
    return lambda word: tell(Receipt(encoded.event_id, encoded.topic, *word))


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
        loop.call_soon_threadsafe(call)


def _kafka(servers: str | None, properties: Properties | None) -> Transport:
    from pyevents.kafka import KafkaTransport

    return KafkaTransport(servers, properties)


@atexit.register
def _close_living() -> None:
    for producer in list(_living):
        producer.close()


def _before_fork() -> None:
    """Hold every producer's lock, so that no event is half-written in the child's copy of the memory."""
    _forking.extend(sorted(_living, key=id))
    for producer in _forking:
        producer._lock.acquire()


def _after_fork_in_parent() -> None:
    while _forking:
        _forking.pop()._lock.release()


def _after_fork_in_child() -> None:
    while _forking:
        _forking.pop()._begin_anew()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

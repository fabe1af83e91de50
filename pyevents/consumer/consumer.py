"""The consumer that services use: typed handlers, or one function for every event."""

from __future__ import annotations

import difflib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType, TracebackType
from typing import Any, Literal, Self, TypeVar

from msgspec import Struct

from pyevents.catalog import load
from pyevents.codec import Decoder
from pyevents.config import Properties
from pyevents.consumer.engine import Engine
from pyevents.consumer.handlers import Call, call_of
from pyevents.consumer.status import ConsumerStatus
from pyevents.envelope import EventSchema
from pyevents.errors import Closed, ConfigurationInvalid
from pyevents.registry import HttpRegistry, Registry
from pyevents.registry.schemas import Schemas
from pyevents.retry import Backoff
from pyevents.transport import Transport

__all__ = ["KafkaConsumer"]

Handler = TypeVar("Handler", bound=Callable[..., Any])


class KafkaConsumer:
    """Hands events to functions, in order per partition, and commits what they have done.

    An event whose handler fails is tried again in its place, with backoff; meanwhile its partition waits and the
    others go on. Offsets never move past an event that was not handled, unless `on_error="skip"` says so.

    Args:
        topics: To read; default are those of the handlers.
        group_id: The consumer group.
        bootstrap_servers: `host:port`, comma-separated; default `KAFKA_BOOTSTRAP_SERVERS`, then `kafka:9092`.
        auto_offset_reset: Where a new group begins, `"earliest"` or `"latest"`.
        schema_registry_url: Default `SCHEMA_REGISTRY_URL`, then the compose file's.
        catalog: The generated package with the contracts.
        on_error: `"retry"` or `"skip"`.
        backoff: Between two attempts at one event.
        properties: Of librdkafka, by their own names.
        transport: Another way than Kafka, such as `pyevents.memory.MemoryTransport`.
        registry: Another registry than that of the URL.

    Raises:
        ConfigurationInvalid: A setting cannot work, or no contract knows a topic.
        CatalogInvalid: There is no readable catalog.
    """

    def __init__(
        self,
        topics: Iterable[str] | None = None,
        group_id: str = "",
        bootstrap_servers: str | None = None,
        auto_offset_reset: Literal["earliest", "latest"] = "earliest",
        *,
        schema_registry_url: str | None = None,
        catalog: str | ModuleType = "pyevents.events",
        on_error: Literal["retry", "skip"] = "retry",
        backoff: Backoff | None = None,
        properties: Properties | None = None,
        transport: Transport | None = None,
        registry: Registry | None = None,
    ) -> None:
        self._catalog = load(catalog)
        self._topics = self._check_topics([topics] if isinstance(topics, str) else list(topics or ()))
        _check("group_id", bool(group_id), "it is empty", "Name the service, for example group_id='matching-service'.")
        _check(
            "auto_offset_reset",
            auto_offset_reset in ("earliest", "latest"),
            "it is neither earliest nor latest",
            "Choose one of them.",
        )
        _check("on_error", on_error in ("retry", "skip"), "it is neither retry nor skip", "Choose one of them.")
        self.group_id = group_id
        self._on_error: Literal["retry", "skip"] = on_error
        self._backoff = backoff or Backoff(first=0.5, longest=30)
        self._schemas = Schemas(registry or HttpRegistry(schema_registry_url))
        transport = transport or _kafka(bootstrap_servers, properties)
        self._receiver = transport.receiver(group_id, client_id=group_id, auto_offset_reset=auto_offset_reset)
        self._handlers: dict[str, Call] = {}
        self._engine: Engine | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._runner: threading.Thread | None = None

    def on(self, *events: type[Struct] | str) -> Callable[[Handler], Handler]:
        """Register a function for one or several events: `@consumer.on(PatientCreated)`.

        The function takes the typed object, or the `EventSchema` (by annotation), or both in this order; it may be
        a coroutine function.

        Args:
            events: Generated classes, or event types.

        Raises:
            UnknownEventType: No contract has it.
            ConfigurationInvalid: Another function handles it already, or the arguments do not fit.
        """
        types = [self._event_type(event) for event in events]

        def register(handler: Handler) -> Handler:
            call = call_of(handler)
            for event_type in types:
                if event_type in self._handlers:
                    raise ConfigurationInvalid(
                        f"handler of {event_type}", "there is one already", "Call both functions from one handler."
                    )
                self._handlers[event_type] = call
            return handler

        return register

    def run(self) -> int:
        """Handle events with the functions registered by `on` until `close`, SIGTERM or SIGINT.

        Signals are heeded in the main thread only, and what handled them before does so again afterwards.

        Returns:
            How many events were handled.

        Raises:
            ConfigurationInvalid: No function is registered.
            Closed: `close` was called before.
        """
        _check("handlers", bool(self._handlers), "there is none", "Register functions with `@consumer.on(…)` first.")
        return self._run(dict(self._handlers), timeout=0.1)

    def process_events(
        self,
        handler: Callable[[EventSchema], object],
        event_types: Sequence[str] | None = None,
        timeout_ms: int = 1000,
    ) -> int:
        """Handle events with one function until `close`, SIGTERM or SIGINT.

        Args:
            handler: Is given each event as an `EventSchema`.
            event_types: To handle; others are skipped. Default is every contract of the topics.
            timeout_ms: Longest wait in one poll, in milliseconds.

        Returns:
            How many events were handled.

        Raises:
            UnknownEventType: No contract has one of the event types.
            ConfigurationInvalid: There are no topics.
            Closed: `close` was called before.
        """
        _check("topics", bool(self._topics), "there are none", "Give topics to KafkaConsumer.")
        _check("timeout_ms", timeout_ms > 0, "it is not above 0", "Give milliseconds, for example 1000.")
        wanted = [event_types] if isinstance(event_types, str) else event_types
        types = [self._event_type(one) for one in wanted] if wanted else list(self._catalog.contracts)
        return self._run(dict.fromkeys(types, lambda event: handler(event.schema)), timeout=timeout_ms / 1000)

    def status(self) -> ConsumerStatus:
        """Return what was handled, and what waits for another attempt."""
        engine = self._engine
        if engine is None:
            return ConsumerStatus(0, 0, 0, 0, {}, ())
        lanes = dict(engine.lanes)
        waiting = {partition: lane.failing for partition, lane in lanes.items() if lane.failing}
        counts = engine.counts
        return ConsumerStatus(
            counts.handled, counts.skipped, counts.passed, counts.failures, waiting, tuple(sorted(lanes))
        )

    def close(self, timeout: float = 15.0) -> None:
        """Finish the event in hand, commit, and leave the group; may be called from any thread, and again.

        Args:
            timeout: Longest wait for the end of a `run` in another thread, in seconds.
        """
        with self._lock:
            first, self._closed = not self._closed, True
            engine = self._engine
        if engine is None:
            if first:
                self._receiver.close()
            return
        engine.stop()
        current = threading.current_thread()
        if current is not self._runner and not current.name.startswith("pyevents-handler"):
            self._ended.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<KafkaConsumer {self.group_id}>"

    def _run(self, calls: dict[str, Call], timeout: float) -> int:
        topics = self._topics or sorted({self._catalog.contract(event_type).topic for event_type in calls})
        with self._lock:
            if self._closed or self._engine is not None:
                raise Closed("consumer")
            decoder = Decoder(self._catalog, self._schemas, frozenset(calls))
            self._engine = Engine(self._receiver, decoder, calls.__getitem__, self._on_error, self._backoff)
            self._runner = threading.current_thread()
        try:
            with _signals(self._engine.stop):
                return self._engine.run(topics, timeout)
        finally:
            self._closed = True
            self._ended.set()

    def _event_type(self, event: type[Struct] | str) -> str:
        if isinstance(event, str):
            return self._catalog.contract(event).event_type
        return self._catalog.of_class(event)[0].event_type

    def _check_topics(self, topics: list[str]) -> list[str]:
        for topic in topics:
            if topic not in self._catalog.topics:
                near = difflib.get_close_matches(str(topic), self._catalog.topics, n=3)
                hint = f"Did you mean {' or '.join(near)}?" if near else "`pyevents ls` shows the topics."
                raise ConfigurationInvalid("topics", f"no contract knows the topic {topic!r}", hint)
        return topics


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Stop on SIGTERM and SIGINT, in the main thread only; afterwards everything is as it was."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heed(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check(setting: str, good: bool, problem: str, remedy: str) -> None:
    if not good:
        raise ConfigurationInvalid(setting, problem, remedy)


def _kafka(servers: str | None, properties: Properties | None) -> Transport:
    from pyevents.kafka import KafkaTransport

    return KafkaTransport(servers, properties)

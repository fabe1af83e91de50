"""The consumer that services use: typed handlers, or one function for every event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType, TracebackType
from typing import Any, Literal, Self, TypeVar, get_args

from msgspec import Struct

from pyevents.catalog import load
from pyevents.codec import Decoder
from pyevents.config import Properties
from pyevents.consumer.calls import lifting, remembering
from pyevents.consumer.dispatcher import Dispatcher
from pyevents.consumer.engine import Engine
from pyevents.consumer.group import Reading, check_topics, consumer_of, gathering, reading
from pyevents.consumer.handlers import Exhausted, Handler, NewMajor, handler_of
from pyevents.consumer.health import Health
from pyevents.consumer.lane import Gather
from pyevents.consumer.letters import Letters, usable
from pyevents.consumer.limit import DeadLetterLimit
from pyevents.consumer.process import Around, Rules
from pyevents.consumer.signals import heeding
from pyevents.consumer.status import ConsumerStatus
from pyevents.envelope import EventSchema
from pyevents.errors import Closed, ConfigurationInvalid
from pyevents.inbox import AsyncInbox, Inbox
from pyevents.registry import HttpRegistry, Registry
from pyevents.registry.schemas import Schemas
from pyevents.retry import Retry
from pyevents.transport import Transport
from pyevents.upcast import lift

__all__ = ["KafkaConsumer"]

Function = TypeVar("Function", bound=Callable[..., Any])


class KafkaConsumer:
    """Hands events to functions, in order per key, and commits what they have done.

    An event whose handler fails is tried again as `retry` says, while its key waits and others go on; when its
    attempts are used up, `on_error` says what becomes of it. Offsets never move past an event that is neither handled
    nor confirmed as a dead letter. See docs/consumer.md.

    Args:
        topics: To read; default are those of the handlers.
        group_id: A consumer that the contracts name, with a `.suffix` for further groups of the same service.
        bootstrap_servers: `host:port`, comma-separated; default `KAFKA_BOOTSTRAP_SERVERS`, then `kafka:9092`.
        auto_offset_reset: Where a new group begins, `"earliest"` or `"latest"`.
        schema_registry_url: Default `SCHEMA_REGISTRY_URL`, then the compose file's.
        catalog: The generated package with the contracts.
        concurrency: Handlers at the same time, of different keys; with 1 strictly one event after the other.
        retry: When an event is tried again; handlers may have their own.
        on_error: What becomes of an event whose attempts are used up: `"dead_letter"`, `"retry"` for ever, `"stop"`
            the consumer with the offset at that event, or `"skip"` it; handlers may have their own.
        dead_letter_limit: More dead letters than these stop the consumer; None is without limit.
        on_new_major: What becomes of an event of a newer major than its handler's, `"dead_letter"`, `"stop"` or
            `"skip"`.
        inbox: Remembers what was handled, so that an event that comes twice has one effect; see docs/once.md.
        keep_message: Put the error's message into dead letters; it may quote the payload.
        schema_patience: Seconds for which the registry has to deny a schema id until its events are dead letters.
        doubles: Event ids to remember for each partition; one that comes again among them is dropped. 0 is off.
        max_gap: Offsets that a partition may be read beyond its first unfinished event.
        max_buffer: Bytes that a partition may hold in unfinished events.
        drain_timeout: Seconds for what is in hand to finish, when partitions go and at the end.
        slow_after: Seconds after which a handler is reported with its stack.
        around: Puts something around each call of a handler, such as `Tracing.process` (docs/observability.md).
        properties: Of librdkafka, by their own names: `{"group.protocol": "consumer"}` is the protocol of KIP-848,
            `{"group.instance.id": "matching-1"}` makes this a static member.
        transport: Another way than Kafka, such as `pyevents.memory.MemoryTransport`.
        registry: Another registry than that of the URL.
        clock: Returns seconds; tests bring one that they can move.

    Raises:
        ConfigurationInvalid: A setting cannot work, or no contract knows a topic or the group's consumer.
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
        concurrency: int = 1,
        retry: Retry | None = None,
        on_error: Exhausted = "dead_letter",
        dead_letter_limit: DeadLetterLimit | None = DeadLetterLimit(),  # noqa: B008  # it is frozen
        on_new_major: NewMajor = "dead_letter",
        inbox: Inbox | AsyncInbox | None = None,
        keep_message: bool = False,
        schema_patience: float = 30.0,
        doubles: int = 10_000,
        max_gap: int = 50_000,
        max_buffer: int = 32 * 1024 * 1024,
        drain_timeout: float = 10.0,
        slow_after: float = 30.0,
        around: Around | None = None,
        properties: Properties | None = None,
        transport: Transport | None = None,
        registry: Registry | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = load(catalog)
        self._topics = check_topics(topics or (), self._catalog)
        self._consumer = consumer_of(group_id, self._catalog)
        _check_choice("auto_offset_reset", auto_offset_reset, ("earliest", "latest"))
        _check_choice("on_error", on_error, get_args(Exhausted))
        _check_choice("on_new_major", on_new_major, get_args(NewMajor))
        for name, number, least in (
            ("concurrency", concurrency, 1),
            ("doubles", doubles, 0),
            ("max_gap", max_gap, 1),
            ("max_buffer", max_buffer, 1),
            ("schema_patience", schema_patience, 0),
            ("drain_timeout", drain_timeout, 0),
            ("slow_after", slow_after, 0),
        ):
            _check(name, number >= least, f"{number} is below {least}", f"Give {least} or more.")
        self.group_id = group_id
        self._clock = clock
        self._concurrency = concurrency
        self._retry = retry or Retry()
        self._on_error: Exhausted = on_error
        self._limit = dead_letter_limit
        self._on_new_major: NewMajor = on_new_major
        self._inbox = inbox
        self._keep_message = keep_message
        self._schema_patience = schema_patience
        self._bounds = {"doubles": doubles, "max_gap": max_gap, "max_buffer": max_buffer}
        self._budget = drain_timeout
        self._slow = slow_after
        self._around = around
        self._schemas = Schemas(registry or HttpRegistry(schema_registry_url))
        self._transport = transport or _kafka(bootstrap_servers, properties)
        self._receiver = self._transport.receiver(group_id, client_id=group_id, auto_offset_reset=auto_offset_reset)
        self._handlers: dict[str, Handler] = {}
        self._engine: Engine | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._runner: threading.Thread | None = None

    def on(
        self, *events: type[Struct] | str, retry: Retry | None = None, on_error: Exhausted | None = None
    ) -> Callable[[Function], Function]:
        """Register a function for one or several events: `@consumer.on(PatientCreated)`.

        The function takes the typed object, or the `EventSchema` (by annotation), or both in this order; it may be
        a coroutine function.

        Args:
            events: Generated classes, or event types.
            retry: Default is the consumer's.
            on_error: Default is the consumer's.

        Raises:
            UnknownEventType: No contract has it.
            ConfigurationInvalid: Another function handles it already, or the arguments do not fit.
        """
        return self._register(events, retry, on_error, None)

    def on_batch(
        self,
        *events: type[Struct] | str,
        max_size: int = 100,
        max_wait: float = 1.0,
        retry: Retry | None = None,
        on_error: Exhausted | None = None,
    ) -> Callable[[Function], Function]:
        """Register a function for batches of one or several events: `@consumer.on_batch(PatientCreated, max_size=500)`.

        The function takes a list where one of `on` takes an event. A batch is of one partition, in order; the topic
        of its events is handled strictly by partition, whatever `concurrency` says. A batch that fails for good is
        handled once more, one by one, so that the event at fault does not take the others along.

        Args:
            events: Generated classes, or event types.
            max_size: Events in a batch.
            max_wait: Seconds that the first event of a batch waits for others.
            retry: Default is the consumer's.
            on_error: Default is the consumer's.

        Raises:
            UnknownEventType: No contract has it.
            ConfigurationInvalid: As for `on`, or a number cannot work.
        """
        _check("max_size", max_size >= 1, f"{max_size} is below 1", "Give 1 or more.")
        _check("max_wait", max_wait >= 0, f"{max_wait} is below 0", "Give 0 or more seconds.")
        return self._register(events, retry, on_error, Gather(max_size, max_wait))

    def run(self) -> int:
        """Handle events with the functions registered by `on` until `close`, SIGTERM or SIGINT.

        Signals are heeded in the main thread only, and what handled them before does so again afterwards. A second
        signal ends the process at once.

        Returns:
            How many events were handled.

        Raises:
            ConfigurationInvalid: No function is registered, or a topic for dead letters is missing.
            ConsumerStopped: An event failed with `on_error="stop"`, or there were too many dead letters.
            Closed: `close` was called before.
        """
        _check("handlers", bool(self._handlers), "there is none", "Register functions with `@consumer.on(…)` first.")
        return self._run(dict(self._handlers), self._concurrency, timeout=0.1)

    def process_events(
        self,
        handler: Callable[[EventSchema], object],
        event_types: Sequence[str] | None = None,
        timeout_ms: int = 1000,
    ) -> int:
        """Handle events with one function, one after the other, until `close`, SIGTERM or SIGINT.

        Args:
            handler: Is given each event as an `EventSchema`.
            event_types: To handle; others are skipped. Default is every contract of the topics.
            timeout_ms: Longest wait in one poll, in milliseconds.

        Returns:
            How many events were handled.

        Raises:
            UnknownEventType: No contract has one of the event types.
            ConfigurationInvalid: There are no topics, or one for dead letters is missing.
            ConsumerStopped: As for `run`.
            Closed: `close` was called before.
        """
        _check("topics", bool(self._topics), "there are none", "Give topics to KafkaConsumer.")
        _check("timeout_ms", timeout_ms > 0, "it is not above 0", "Give milliseconds, for example 1000.")
        wanted = [event_types] if isinstance(event_types, str) else event_types
        types = [self._named(one)[0] for one in wanted] if wanted else list(self._catalog.contracts)
        known = handler_of(handler, self._retry, self._on_error)
        envelope = known._replace(call=lambda event: handler(event.schema))
        return self._run(dict.fromkeys(types, envelope), 1, timeout=timeout_ms / 1000)

    def status(self) -> ConsumerStatus:
        """Return what was done, and where each partition stands."""
        engine = self._engine
        return ConsumerStatus(0, 0, 0, 0, 0, 0, {}) if engine is None else engine.status()

    def healthy(self, patience: float = 60.0) -> Health:
        """Say whether it gets on, with the reason in words; fit for a liveness probe.

        It is about progress: a partition that has lag and where nothing was finished for longer than `patience`
        seconds is ill, an idle one is well.
        """
        engine = self._engine
        return Health(False, "it does not run") if engine is None else engine.healthy(patience)

    def close(self, timeout: float = 15.0) -> None:
        """Finish the events in hand, commit, and leave the group; may be called from any thread, and again.

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

    def _register(
        self,
        events: Sequence[type[Struct] | str],
        retry: Retry | None,
        on_error: Exhausted | None,
        gather: Gather | None,
    ) -> Callable[[Function], Function]:
        named = [self._named(event) for event in events]
        if on_error is not None:
            _check_choice("on_error", on_error, get_args(Exhausted))

        def register(function: Function) -> Function:
            handler = handler_of(function, retry or self._retry, on_error or self._on_error, gather)
            for event_type, major in named:
                if event_type in self._handlers:
                    remedy = "Call both functions from one handler; that of the newest major gets older ones too."
                    raise ConfigurationInvalid(f"handler of {event_type}", "there is one already", remedy)
                self._handlers[event_type] = handler._replace(major=major)
            return function

        return register

    def _run(self, handlers: dict[str, Handler], concurrency: int, timeout: float) -> int:
        topics = self._topics or sorted({self._catalog.contract(event_type).topic for event_type in handlers})
        policies = {self._on_error, *(handler.on_error for handler in handlers.values())}
        read = reading(topics, self._consumer, self._catalog, with_letters=bool(policies & {"dead_letter", "retry"}))
        handlers = self._dressed(handlers)
        with self._lock:
            if self._closed or self._engine is not None:
                raise Closed("consumer")
            self._engine = engine = self._make_engine(handlers, concurrency, read)
            self._runner = threading.current_thread()
        try:
            with heeding(engine.stop):
                checked = usable(self._transport, read, self.group_id)
                again = None if checked else lambda: usable(self._transport, read, self.group_id)
                return engine.run(read.topics, timeout, again)
        finally:
            self._closed = True
            self._ended.set()

    def _make_engine(self, handlers: dict[str, Handler], concurrency: int, read: Reading) -> Engine:
        rules = Rules(
            self.group_id,
            self._retry,
            self._on_error,
            self._schema_patience,
            self._keep_message,
            read.letters,
            read.replays,
            self._on_new_major if read.letters or self._on_new_major != "dead_letter" else self._on_error,
            self._around,
        )
        return Engine(
            self._receiver,
            Decoder(self._catalog, self._schemas, frozenset(handlers)),
            handlers,
            rules,
            Dispatcher(concurrency, gather=gathering(handlers, self._catalog, self._consumer), **self._bounds),
            Letters(self._transport, f"{self.group_id}-letters", read.largest),
            self._limit,
            concurrency=concurrency,
            budget=self._budget,
            slow=self._slow,
            clock=self._clock,
        )

    def _dressed(self, handlers: dict[str, Handler]) -> dict[str, Handler]:
        """Return the handlers with what surrounds their calls.

        Raises:
            ConfigurationInvalid: An upcaster is missing, or the inbox does not fit a handler.
        """
        found = {}
        for event_type, handler in handlers.items():
            if handler.major is not None:
                contract = self._catalog.contract(event_type)
                older = [one.number for one in contract.majors if one.number < handler.major]
                lifts = {number: lift(self._catalog, contract, number, handler.major) for number in older}
                handler = lifting(handler, handler.major, lifts) if len(contract.majors) > 1 else handler
            found[event_type] = remembering(handler, self._inbox, self.group_id) if self._inbox else handler
        return found

    def _named(self, event: type[Struct] | str) -> tuple[str, int | None]:
        """Return the event type, and the major of a class."""
        if isinstance(event, str):
            return self._catalog.contract(event).event_type, None
        contract, major = self._catalog.of_class(event)
        return contract.event_type, major.number


def _check_choice(setting: str, value: str, choices: Sequence[str]) -> None:
    _check(setting, value in choices, f"{value!r} is none of {', '.join(choices)}", "Choose one of them.")


def _check(setting: str, good: bool, problem: str, remedy: str) -> None:
    if not good:
        raise ConfigurationInvalid(setting, problem, remedy)


def _kafka(servers: str | None, properties: Properties | None) -> Transport:
    from pyevents.kafka import KafkaTransport

    return KafkaTransport(servers, properties)

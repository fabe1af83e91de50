"""OpenTelemetry spans around what services do with events, and the trace context on the way between them.

Names are those of the semantic conventions for messaging spans and Kafka. Keys, payloads and messages of errors never
become attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pyevents.codec import Encoded
from pyevents.transport import Message

if TYPE_CHECKING:
    from pyevents.consumer.handlers import Handler

__all__ = ["Tracing"]

_propagator = TraceContextTextMapPropagator()


class Tracing:
    """Spans of producers and consumers; one object serves all of a process.

    `RobustKafkaProducer(add_headers=[tracing.create])` and `KafkaConsumer(…, around=tracing.process)`.

    Args:
        provider: Default is the global one.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("pyevents", version("pyevents-kafka"), provider)

    def create(self, encoded: Encoded) -> Mapping[str, str]:
        """Record that an event was made, and return the headers that carry its context (W3C trace context).

        It is the convention's "create" span: when the event is sent is another matter, and another process's perhaps.
        """
        attributes = {
            **_common("create", encoded.topic),
            "messaging.message.id": encoded.event_id,
            "messaging.message.body.size": len(encoded.body),
            "pyevents.event_type": encoded.event_type,
        }
        with self._tracer.start_as_current_span(f"create {encoded.topic}", None, SpanKind.PRODUCER, attributes):
            carrier: dict[str, str] = {}
            _propagator.inject(carrier)
            return carrier

    def process(self, handler: Handler, messages: Sequence[Message], group: str) -> Handler:
        """Return the handler with a span around its call that links to where the messages were made."""
        call = handler.call
        if handler.is_async:

            async def awaited(argument: Any) -> object:
                with self._processing(messages, group):
                    return await call(argument)  # type: ignore[misc]  # a coroutine, as `is_async` says

            return handler._replace(call=awaited)

        def called(argument: Any) -> object:
            with self._processing(messages, group):
                return call(argument)

        return handler._replace(call=called)

    @contextmanager
    def _processing(self, messages: Sequence[Message], group: str) -> Iterator[None]:
        first = messages[0]
        attributes: dict[str, str | int] = {
            **_common("process", first.topic),
            "messaging.consumer.group.name": group,
            "messaging.destination.partition.id": str(first.partition),
        }
        if len(messages) == 1:
            attributes["messaging.kafka.offset"] = first.offset
        else:
            attributes["messaging.batch.message_count"] = len(messages)
        links = [Link(context) for message in messages if (context := _made_in(message)) is not None]
        with self._tracer.start_as_current_span(
            f"process {first.topic}",
            None,
            SpanKind.CONSUMER,
            attributes,
            links,
            record_exception=False,  # its message may quote the payload
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(StatusCode.ERROR)
                raise


def _common(operation: str, topic: str) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
    }


def _made_in(message: Message) -> trace.SpanContext | None:
    carrier = {name: value.decode("ascii", "replace") for name, value in message.headers if value is not None}
    context = trace.get_current_span(_propagator.extract(carrier, Context())).get_span_context()
    return context if context.is_valid else None

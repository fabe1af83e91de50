"""What operators' tools see of producers and consumers, and what they never see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry, generate_latest

from pyevents import KafkaConsumer, RobustKafkaProducer
from pyevents.events import PatientUpdated
from pyevents.retry import Retry
from pyevents.telemetry.cloudevents import cloud_events
from pyevents.telemetry.otel import Tracing
from pyevents.telemetry.prometheus import METRICS, StatusCollector
from tests.suite.place import Place, Running, in_memory, wait_until

SECRET = "Geheimstadt"


@pytest.fixture
def place() -> Iterator[Place]:
    with in_memory() as made:
        yield made


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(spans))
    return made


@pytest.fixture
def messages(place: Place) -> Callable[[], list[Any]]:
    """Every message on `patient-events`, as any client reads it."""

    def read() -> list[Any]:
        receiver = place.transport().receiver("reader", client_id="reader", auto_offset_reset="earliest")
        receiver.subscribe(["patient-events"], Nobody())
        found: list[Any] = []
        wait_until(lambda: found.extend(receiver.receive(100, 0.1)) or found, "a message is there")
        return found

    return read


class Nobody:
    def assigned(self, partitions: object) -> None: ...
    def revoked(self, partitions: object) -> None: ...
    def lost(self, partitions: object) -> None: ...


def handle(place: Place, handler: Callable[..., object], **options: Any) -> tuple[KafkaConsumer, Running]:
    consumer = place.consumer(retry=Retry(attempts=1), on_error="skip", **options)
    consumer.on(PatientUpdated)(handler)
    return consumer, Running(consumer.run)


def test_span_of_the_handler_links_to_that_of_publish(
    place: Place, spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    tracing = Tracing(provider)
    event_id = place.producer(add_headers=[tracing.create]).publish(PatientUpdated(patient_id=7, ort=SECRET))
    handle(place, lambda event: None, around=tracing.process)
    wait_until(lambda: len(spans.get_finished_spans()) == 2, "both spans have ended")
    create, process = spans.get_finished_spans()
    assert (create.name, create.kind) == ("create patient-events", SpanKind.PRODUCER)
    assert (process.name, process.kind) == ("process patient-events", SpanKind.CONSUMER)
    assert create.attributes is not None and process.attributes is not None
    assert create.attributes["messaging.message.id"] == event_id
    assert process.attributes["messaging.kafka.offset"] == 0
    for span in (create, process):
        assert span.attributes is not None
        assert span.attributes["messaging.system"] == "kafka"
        assert span.attributes["messaging.destination.name"] == "patient-events"
    assert [link.context.span_id for link in process.links] == [create.context.span_id]
    assert process.parent is None


def test_failed_handler_marks_its_span_without_the_words_of_its_error(
    place: Place, spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    async def fail(event: PatientUpdated) -> None:
        raise ValueError(f"cannot handle {event.ort}")

    place.producer().publish(PatientUpdated(patient_id=7, ort=SECRET))
    handle(place, fail, around=Tracing(provider).process)
    wait_until(spans.get_finished_spans, "the span has ended")
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None and span.attributes["error.type"] == "ValueError"
    assert span.links == ()
    assert SECRET not in span.to_json()


def test_event_published_by_a_handler_belongs_to_the_handlers_trace(
    place: Place, spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    tracing = Tracing(provider)
    producer = place.producer(add_headers=[tracing.create])

    def again(event: PatientUpdated) -> None:
        if event.patient_id == 7:
            producer.publish(PatientUpdated(patient_id=8, ort=SECRET))

    place.producer().publish(PatientUpdated(patient_id=7, ort=SECRET))
    handle(place, again, around=tracing.process)
    wait_until(lambda: len(spans.get_finished_spans()) == 3, "both events are handled")
    created, first, second = spans.get_finished_spans()
    assert created.parent is not None and created.parent.span_id == first.context.span_id
    assert [link.context.trace_id for link in second.links] == [first.context.trace_id]


def test_batch_links_to_every_event_in_it(place: Place, spans: InMemorySpanExporter, provider: TracerProvider) -> None:
    tracing = Tracing(provider)
    producer = place.producer(add_headers=[tracing.create])
    for _ in range(3):
        producer.publish(PatientUpdated(patient_id=7, ort=SECRET))
    assert producer.flush() == 0
    consumer = place.consumer(around=tracing.process)
    consumer.on_batch(PatientUpdated, max_size=3, max_wait=5)(lambda events: None)
    Running(consumer.run)
    wait_until(lambda: len(spans.get_finished_spans()) == 4, "the batch is handled")
    *created, process = spans.get_finished_spans()
    assert process.attributes is not None and process.attributes["messaging.batch.message_count"] == 3
    assert {link.context.span_id for link in process.links} == {span.context.span_id for span in created}


def test_headers_are_those_of_the_standards_and_hold_neither_key_nor_payload(
    place: Place, messages: Callable[[], list[Any]], provider: TracerProvider
) -> None:
    producer = place.producer(add_headers=[cloud_events("/patient-service"), Tracing(provider).create])
    event_id = producer.publish(PatientUpdated(patient_id=7777, ort=SECRET), headers={"mine": "1"})
    (message,) = messages()
    headers = {name: value.decode() for name, value in message.headers}
    time = headers.pop("ce_time")
    version, trace_id, span_id, _ = headers.pop("traceparent").split("-")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": "/patient-service",
        "ce_type": "patient.updated",
        "mine": "1",
    }
    assert time.endswith("Z") and (version, len(trace_id), len(span_id)) == ("00", 32, 16)


def test_without_the_options_a_message_has_no_headers(place: Place, messages: Callable[[], list[Any]]) -> None:
    place.producer().publish(PatientUpdated(patient_id=7, ort=SECRET))
    assert messages()[0].headers == ()


def test_prometheus_reads_the_status_of_producers_and_consumers(place: Place) -> None:
    registry, producer = CollectorRegistry(), place.producer()
    producer.publish(PatientUpdated(patient_id=7, ort=SECRET))
    assert producer.flush() == 0
    consumer, _ = handle(place, lambda event: None)
    registry.register(StatusCollector([producer], [consumer]))
    wait_until(lambda: consumer.status().handled == 1, "the event is handled")
    assert registry.get_sample_value("messaging_client_sent_messages_total", {"service": "patient-service"}) == 1
    assert registry.get_sample_value("pyevents_producer_pending_events", {"service": "patient-service"}) == 0
    group = {"group": consumer.group_id}
    assert registry.get_sample_value("messaging_client_consumed_messages_total", group) == 1
    text = generate_latest(registry).decode()
    assert all(f"# HELP {name}" in text for name in METRICS), text
    assert 'pyevents_consumer_in_flight{group="' in text


def test_prometheus_tells_which_topic_waits(place: Place) -> None:
    producer, registry = place.producer(auto_register=False), CollectorRegistry()
    producer.publish(PatientUpdated(patient_id=7, ort=SECRET))
    wait_until(lambda: producer.status().waiting, "the topic waits for its schema")
    registry.register(StatusCollector([producer]))
    labels = {"service": "patient-service", "topic": "patient-events"}
    assert registry.get_sample_value("pyevents_producer_topic_waiting", labels) == 1
    assert registry.get_sample_value("pyevents_producer_pending_events", {"service": "patient-service"}) == 1
    producer.close(0)


def test_registering_a_collector_asks_for_no_status() -> None:
    class Silent(RobustKafkaProducer):
        def status(self) -> Any:
            raise AssertionError("asked")

    CollectorRegistry().register(StatusCollector([Silent.__new__(Silent)]))

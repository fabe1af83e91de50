"""A Prometheus collector that asks producers and consumers for their status at scrape time: no cost per event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from pyevents import KafkaConsumer, RobustKafkaProducer

__all__ = ["METRICS", "StatusCollector"]


class _Metric(NamedTuple):
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    field: str
    """Of the status; None there is no sample."""
    words: str


_counter, _gauge = partial(_Metric, CounterMetricFamily), partial(_Metric, GaugeMetricFamily)

_PRODUCER = (
    _counter("messaging_client_sent_messages", "sent", "Events that the broker confirmed."),
    _counter("pyevents_producer_retried", "retried", "Times that an event was given to a client again."),
    _counter("pyevents_producer_rejected", "rejected", "Events set aside that the broker never takes."),
    _gauge("pyevents_producer_connected", "connected", "1 while a broker answers."),
    _gauge("pyevents_producer_pending_events", "pending", "Events that wait in the spool."),
    _gauge("pyevents_producer_pending_bytes", "pending_bytes", "Their size."),
    _gauge("pyevents_producer_oldest_seconds", "oldest", "Age of the first of them."),
)
_CONSUMER = (
    _counter("messaging_client_consumed_messages", "handled", "Events whose handler returned."),
    _counter("pyevents_consumer_skipped", "skipped", "Messages of types that nobody here handles."),
    _counter("pyevents_consumer_passed", "passed", 'Events passed over, with on_error="skip".'),
    _counter("pyevents_consumer_failures", "failures", "Failed attempts."),
    _counter("pyevents_consumer_doubles", "doubles", "Events dropped as handled before."),
    _counter("pyevents_consumer_dead_letters", "dead_letters", "Dead letters, confirmed."),
)
_PARTITION = (
    _gauge("pyevents_consumer_lag", "lag", "Messages from the first unfinished one to the newest."),
    _gauge("pyevents_consumer_in_flight", "in_flight", "Events that workers have in hand."),
    _gauge("pyevents_consumer_oldest_seconds", "oldest", "How long the oldest of those has been."),
    _gauge("pyevents_consumer_waiting_keys", "waiting_keys", "Keys that wait for another attempt."),
    _gauge("pyevents_consumer_paused", "paused", "1 while too much is unfinished to read on."),
)
_WAITING = _gauge("pyevents_producer_topic_waiting", "waiting", "1 for each topic that waits.")

METRICS = tuple(one.name for one in (*_PRODUCER, _WAITING, *_CONSUMER, *_PARTITION))
"""Every name; counters are exposed with `_total` behind it."""


class StatusCollector(Collector):
    """The metrics of some producers and consumers: `REGISTRY.register(StatusCollector(producers=[producer]))`.

    Args:
        producers: Of different service names.
        consumers: Of different groups.
    """

    def __init__(self, producers: Sequence[RobustKafkaProducer] = (), consumers: Sequence[KafkaConsumer] = ()) -> None:
        self._producers = tuple(producers)
        self._consumers = tuple(consumers)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with a sample for each source."""
        producers = [((one.service_name,), one.status()) for one in self._producers]
        consumers = [((one.group_id,), one.status()) for one in self._consumers]
        partitions = [
            ((*labels, place.topic, str(place.number)), state)
            for labels, status in consumers
            for place, state in status.partitions.items()
        ]
        yield from _families(_PRODUCER, ("service",), producers)
        waiting = _family(_WAITING, ("service", "topic"))
        for labels, status in producers:
            for topic in status.waiting:
                waiting.add_metric([*labels, topic], 1)
        yield waiting
        yield from _families(_CONSUMER, ("group",), consumers)
        yield from _families(_PARTITION, ("group", "topic", "partition"), partitions)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: to be registered must not ask for a status."""
        return iter(())


def _families(
    metrics: Sequence[_Metric], labels: tuple[str, ...], sources: Sequence[tuple[tuple[str, ...], object]]
) -> Iterator[Metric]:
    for metric in metrics:
        family = _family(metric, labels)
        for values, status in sources:
            found = getattr(status, metric.field)
            if found is not None:
                family.add_metric([*values], float(found))
        yield family


def _family(metric: _Metric, labels: tuple[str, ...]) -> CounterMetricFamily | GaugeMetricFamily:
    return metric.kind(metric.name, metric.words, labels=labels)

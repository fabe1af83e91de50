"""Carrying out a plan, change by change, so that what is done stays done when one fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyevents.topics.plan import Change

if TYPE_CHECKING:
    from pyevents.kafka.cluster import KafkaCluster

__all__ = ["apply"]


def apply(changes: Iterable[Change], cluster: KafkaCluster) -> Iterator[Change]:
    """Make every change that can be made, and yield it when the broker has said so.

    Raises:
        BrokerUnreachable: No broker answers; run it again, what was done is not planned again.
        ClusterRefused: The broker says no to a change.
    """
    for change in changes:
        if change.applies:
            _make(change, cluster)
            yield change


def _make(change: Change, cluster: KafkaCluster) -> None:
    match change.kind:
        case "create" if change.topic:
            cluster.create(change.topic)
        case "partitions" if change.topic:
            cluster.add_partitions(change.name, change.topic.partitions)
        case "settings":
            cluster.configure(change.name, change.settings)
        case "delete":
            cluster.delete(change.name)
        case "grant" if change.right:
            cluster.grant([change.right])
        case "revoke" if change.right:
            cluster.revoke([change.right])

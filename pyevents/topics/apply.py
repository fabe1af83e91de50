"""Carrying out a plan, change by change, so that what is done stays done when one fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pyevents.catalog import Topic
from pyevents.topics.plan import Change
from pyevents.transport import Grant

__all__ = ["Cluster", "apply"]


class Cluster(Protocol):
    """What is asked of a cluster; `pyevents.kafka.cluster` has one."""

    def create(self, topic: Topic) -> None:
        """Create a topic."""

    def add_partitions(self, topic: str, count: int) -> None:
        """Give a topic so many partitions in all."""

    def configure(self, topic: str, settings: dict[str, str]) -> None:
        """Set some settings."""

    def delete(self, topic: str) -> None:
        """Delete a topic."""

    def grant(self, rights: Iterable[Grant]) -> None:
        """Give rights."""

    def revoke(self, rights: Iterable[Grant]) -> None:
        """Take rights away."""


def apply(changes: Iterable[Change], cluster: Cluster) -> Iterator[Change]:
    """Make every change that can be made, and yield it when the broker has said so.

    Raises:
        BrokerUnreachable: No broker answers; run it again, what was done is not planned again.
        ClusterRefused: The broker says no to a change.
    """
    for change in changes:
        if change.applies:
            _make(change, cluster)
            yield change


def _make(change: Change, cluster: Cluster) -> None:
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

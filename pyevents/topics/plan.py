"""What has to change so that a cluster's topics are as the contracts say: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from pyevents.catalog import Topic
from pyevents.transport import Grant

__all__ = ["Change", "Kind", "plan"]

Kind = Literal["create", "partitions", "settings", "delete", "refused", "stranger", "grant", "revoke"]


class Change(Struct, frozen=True):
    """One difference between a cluster and the contracts, and whether `apply` mends it.

    Args:
        kind: `create`, `partitions`, `settings` and `delete` (a topic, named by a person) are applied, as are `grant`
            and `revoke`; `refused` needs a person, `stranger` is a topic or right that no contract knows.
        name: Of the topic, or the right in words.
        message: What differs.
        remedy: What to know or to do.
        topic: As it should be, where one is to be made or changed.
        settings: Kafka's names and values to set.
        right: To give or to take.
    """

    kind: Kind
    name: str
    message: str
    remedy: str = ""
    topic: Topic | None = None
    settings: dict[str, str] = {}
    right: Grant | None = None

    @property
    def applies(self) -> bool:
        """Whether `apply` does something about it."""
        return self.kind not in ("refused", "stranger")

    def __str__(self) -> str:
        return f"{self.kind:<10} {self.name}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


def plan(wanted: Iterable[Topic], found: Mapping[str, Topic], delete: Collection[str] = ()) -> list[Change]:
    """Compare topics and return what differs, by name.

    | the cluster has                          | change       |
    |------------------------------------------|--------------|
    | no such topic                            | `create`     |
    | fewer partitions                         | `partitions` |
    | more partitions, other replication       | `refused`    |
    | another value of a setting of ours       | `settings`   |
    | a topic that no contract knows           | `stranger`   |
    | … which a person has named to be deleted | `delete`     |

    Args:
        wanted: Every topic of the contracts, those for dead letters and retries included.
        found: The cluster's topics, with all their settings.
        delete: Names of topics to delete; nothing else is ever deleted.
    """
    by_name = {topic.name: topic for topic in wanted}
    changes: list[Change] = []
    for name, topic in by_name.items():
        there = found.get(name)
        changes += [_create(topic)] if there is None else _differences(topic, there)
    for name in found.keys() - by_name.keys():
        if name in delete:
            changes.append(Change("delete", name, "no contract knows it, and it was named", "its events are lost"))
        elif not name.startswith("__"):
            changes.append(Change("stranger", name, "no contract knows it", f"delete it with --delete {name}"))
    for name in delete:
        if name in by_name:
            remedy = "remove it from the contracts first"
            changes.append(Change("refused", name, "it is a topic of the contracts and is not deleted", remedy))
        elif name not in found:
            changes.append(Change("refused", name, "it was named to be deleted, and is not there"))
    return sorted(changes, key=lambda change: (change.name, change.kind))


def _create(topic: Topic) -> Change:
    settings = ", ".join(f"{name}={value}" for name, value in topic.config.items())
    message = f"{topic.partitions} partitions, {topic.replication} replicas, {settings}"
    return Change("create", topic.name, message, topic=topic)


def _differences(wanted: Topic, there: Topic) -> Iterator[Change]:
    if there.partitions < wanted.partitions:
        message = f"{there.partitions} partitions become {wanted.partitions}"
        remedy = "keys move to other partitions: the order of a key is broken once, drain its consumers before"
        yield Change("partitions", wanted.name, message, remedy, topic=wanted)
    if there.partitions > wanted.partitions:
        message = f"it has {there.partitions} partitions and should have {wanted.partitions}"
        yield Change("refused", wanted.name, message, "Kafka cannot take partitions away; raise topics.toml")
    if there.replication != wanted.replication:
        message = f"it has {there.replication} replicas and should have {wanted.replication}"
        remedy = "move them with kafka-reassign-partitions, or choose the environment with --environment"
        yield Change("refused", wanted.name, message, remedy)
    differing = {name: value for name, value in wanted.config.items() if there.config.get(name) != value}
    if differing:
        told = ", ".join(f"{name} {there.config.get(name, 'unset')} → {value}" for name, value in differing.items())
        yield Change("settings", wanted.name, told, topic=wanted, settings=differing)

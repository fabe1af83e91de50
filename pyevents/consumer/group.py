"""Whose group it is, what it reads, and where its dead letters go: derived from the contracts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pyevents.catalog import HEADER_ROOM, Loaded, dead_letter_topic, retry_topic
from pyevents.consumer.handlers import Handler
from pyevents.consumer.lane import Gather
from pyevents.errors import ConfigurationInvalid

__all__ = ["Reading", "check_topics", "consumer_of", "gathering", "reading"]

# What Kafka allows in the name of a topic (org.apache.kafka.common.internals.Topic), of which the name is a part.
_LEGAL = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_LONGEST = 120
_BROKER_LIMIT = 1_048_588


class Reading(NamedTuple):
    """What a group reads besides its own topics, and where its dead letters go."""

    topics: tuple[str, ...]
    """Its topics, and their retry topics."""

    letters: dict[str, str]
    """The dead-letter topic by topic that is read."""

    replays: frozenset[str]
    """The retry topics."""

    largest: int
    """Bytes of the largest record that can become a dead letter, headers included."""


def consumer_of(group_id: str, catalog: Loaded) -> str:
    """Return the consumer that a group stands for: its name in the contracts, without the suffix.

    `matching-service.reports` is a second group of `matching-service`, with offsets of its own.

    Raises:
        ConfigurationInvalid: No contract names the consumer, or the name is not legal in the name of a topic.
    """
    known = sorted({name for contract in catalog.contracts.values() for name in contract.consumers})
    if not group_id:
        raise ConfigurationInvalid(
            "group_id", "it is empty", f"Name the consumer, one of {', '.join(known)}, with a .suffix where you like."
        )
    if not _LEGAL.fullmatch(group_id) or len(group_id) > _LONGEST:
        raise ConfigurationInvalid(
            "group_id",
            f"{group_id[:_LONGEST]!r} cannot be a part of a topic's name",
            f"Take at most {_LONGEST} of the characters a-z A-Z 0-9 . _ -.",
        )
    # A consumer's name may have dots itself: the longest that fits is meant.
    fits = [name for name in known if group_id == name or group_id.startswith(name + ".")]
    if fits:
        return max(fits, key=len)
    near = difflib.get_close_matches(group_id.partition(".")[0], known, n=3) or difflib.get_close_matches(
        group_id, known, n=3
    )
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
    raise ConfigurationInvalid(
        "group_id",
        f"no contract names {group_id!r} among its consumers",
        f"{hint} A group is named like the consumer, with a .suffix where you like; "
        f"or add it to `consumers` in the contracts that it reads.",
    )


def check_topics(topics: Iterable[str], catalog: Loaded) -> list[str]:
    """Return the topics as a list.

    Raises:
        ConfigurationInvalid: No contract knows one of them.
    """
    found = [topics] if isinstance(topics, str) else list(topics)
    for topic in found:
        if topic not in catalog.topics:
            near = difflib.get_close_matches(str(topic), catalog.topics, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "`pyevents ls` shows the topics."
            raise ConfigurationInvalid("topics", f"no contract knows the topic {topic!r}", hint)
    return found


def reading(topics: Sequence[str], consumer: str, catalog: Loaded, *, with_letters: bool) -> Reading:
    """Return what a group reads.

    Args:
        topics: Its own.
        consumer: As `consumer_of` returns it.
        catalog: The contracts.
        with_letters: Whether it makes dead letters; where it does, it also reads its retry topics.
    """
    if not with_letters:
        return Reading(tuple(topics), {}, frozenset(), 0)
    retries = {retry_topic(topic, consumer): topic for topic in topics}
    letters = {topic: dead_letter_topic(topic, consumer) for topic in topics}
    letters |= {retry: letters[topic] for retry, topic in retries.items()}
    sizes = [int(catalog.topics[topic].config.get("max.message.bytes", _BROKER_LIMIT)) for topic in topics]
    return Reading((*topics, *retries), letters, frozenset(retries), max(sizes) + HEADER_ROOM)


def gathering(handlers: Mapping[str, Handler], catalog: Loaded, consumer: str) -> dict[str, Gather]:
    """Return how the events of each topic are gathered: the largest batch and the shortest wait of its handlers."""
    found: dict[str, Gather] = {}
    for event_type, handler in handlers.items():
        topic = catalog.contract(event_type).topic
        for place in (topic, retry_topic(topic, consumer)):
            if handler.gather:
                other = found.get(place, handler.gather)
                found[place] = Gather(max(other.size, handler.gather.size), min(other.wait, handler.gather.wait))
    return found

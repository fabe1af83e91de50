"""The errors that pyevents raises, and nothing else.

    PyEventsError
    ├── ConfigurationInvalid        a setting cannot work; raised where the object is built
    ├── CatalogInvalid              the generated catalog is missing, damaged or of another format
    ├── EventRefused                this event cannot be published; nothing was written
    │   ├── EventInvalid            its contract refuses the payload
    │   ├── UnknownEventType        no contract has this event type
    │   ├── UnknownVersion          the contract has no such version
    │   ├── WrongTopic              the contract names another topic
    │   ├── WrongKey                the key given is not the key field's text
    │   └── EventTooLarge           the broker would refuse it for its size
    ├── EventRejected               the broker never takes this event; it was set aside
    ├── SpoolError                  the producer's queue cannot take or give events
    │   ├── SpoolFull               its limit is reached; the broker has been away for long
    │   │   └── DiskFull            the disk is full; what was accepted before stays
    │   ├── FolderUnusable          its folder cannot be read, written or locked
    │   ├── StreamTaken             another process has this part of the spool
    │   ├── NewerFormat             a newer release wrote it
    │   ├── NotDurable              written, but the disk does not confirm that it would survive power loss
    │   ├── OtherCluster            what waits is meant for another cluster
    │   └── Unsendable              a stored event cannot be sent as it is; stays inside the producer
    ├── Closed                      the producer or consumer was closed before
    │   └── Unconfirmed             while somebody waited for the broker's word; the event was accepted
    ├── Undecodable                 bytes from a topic that are no event of ours
    │   └── UnknownMajor            a newer major of an event type than this package knows
    ├── UpcastFailed                an event of an older major could not be made one of the newer
    ├── RegistryError
    │   ├── RegistryUnreachable     nobody answers; asking again later may help
    │   ├── SchemaUnknown           the registry answers, and has no such schema
    │   ├── IdUnconfirmed           it gives a schema a number that stands for another one
    │   └── SchemaRefused           the registry will not take this schema
    ├── BrokerUnreachable           no broker answers
    ├── ConsumerStopped             a consumer ended by its own rules: a handler's error, or too many dead letters
    ├── ClusterRefused              the broker answers, and will not change what was asked
    ├── ProbeLost                   an event sent to try a stack did not come back as it went
    ├── ToolchainMissing            the extra `codegen` or `dev` is not installed
    ├── EmbeddedFailed              the embedded broker and registry do not start, or ended
    ├── PackagesUnavailable         the packages of the real servers cannot be had
    ├── ServerFailed                a real server does not start, or ended
    └── Backpressure, Refused       what a transport says to the producer; stays inside

`Reject` stands beside the tree: a handler raises it, and it means that an event will never be handled.

Every message says what happened, where, and what to do next. None quotes a payload:
values appear as their type and length only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BrokerUnreachable",
    "CatalogInvalid",
    "Closed",
    "ClusterRefused",
    "ConfigurationInvalid",
    "ConsumerStopped",
    "EventInvalid",
    "EventRefused",
    "EventRejected",
    "EventTooLarge",
    "IdUnconfirmed",
    "ProbeLost",
    "PyEventsError",
    "RegistryError",
    "RegistryUnreachable",
    "Reject",
    "SchemaRefused",
    "SchemaUnknown",
    "SpoolError",
    "SpoolFull",
    "ToolchainMissing",
    "Undecodable",
    "UnknownEventType",
    "UnknownMajor",
    "UnknownVersion",
    "UpcastFailed",
    "WrongKey",
    "WrongTopic",
    "did_you_mean",
]


def did_you_mean(given: str, known: Iterable[str], otherwise: str) -> str:
    """Return the sentence that names the nearest of the known words, or *otherwise*."""
    nearest = difflib.get_close_matches(given, sorted(known), n=2)
    return f"Did you mean {' or '.join(map(repr, nearest))}?" if nearest else otherwise


class PyEventsError(Exception):
    """Root of every error that this package raises on purpose."""


class ConfigurationInvalid(PyEventsError):
    """A setting cannot work."""

    def __init__(self, setting: str, problem: str, remedy: str) -> None:
        self.setting = setting
        self.remedy = remedy
        super().__init__(f"{setting}: {problem}. {remedy}")


class CatalogInvalid(PyEventsError):
    """The generated catalog is missing, damaged or of another format."""

    def __init__(self, where: str, problem: str) -> None:
        self.where = where
        super().__init__(f"{where}: {problem}. Run `pyevents generate` and install the package again.")


class EventRefused(PyEventsError):
    """The event cannot be published; nothing was written."""


class EventInvalid(EventRefused):
    """The contract refuses a payload.

    Args:
        event_type: Of the contract that refuses.
        version: Of the contract, for example `"1.0"`.
        pointer: JSON pointer (RFC 6901) into the payload; `""` is the payload itself.
        rule: The schema keyword that is not met, for example `"maxLength"`.
        expected: What the rule asks for, in words.
        found: Type and length of the offending value, never the value.
    """

    def __init__(self, event_type: str, version: str, pointer: str, rule: str, expected: str, found: str) -> None:
        self.event_type = event_type
        self.version = version
        self.pointer = pointer
        self.rule = rule
        self.expected = expected
        self.found = found
        super().__init__(
            f"{f'{event_type} {version}'.strip()} refuses the payload at {pointer or '/'}: {rule}: "
            f"expected {expected}, found {found}. "
            f"Correct the value, or see the contract with `pyevents show {event_type}`."
        )


class UnknownEventType(EventRefused):
    """No contract in the catalog has this event type.

    Args:
        event_type: As it was given.
        known: Every event type of the catalog; the nearest are named in the message.
        otherwise: What to do where none is near.
    """

    def __init__(self, event_type: str, known: Iterable[str], otherwise: str = "`pyevents ls` lists them.") -> None:
        self.event_type = event_type
        self.nearest = tuple(difflib.get_close_matches(event_type, sorted(known), n=3))
        hint = f"Did you mean {' or '.join(self.nearest)}?" if self.nearest else otherwise
        super().__init__(f"no contract has the event type {event_type!r}. {hint}")


class UnknownVersion(EventRefused):
    """The contract has no such version."""

    def __init__(self, event_type: str, version: object, known: Iterable[str]) -> None:
        self.event_type = event_type
        self.version = version
        super().__init__(
            f"{event_type} has no version {version!r}; it has {', '.join(map(repr, known))}. "
            f"Leave `version` out for the newest, or add the schema and run `pyevents generate`."
        )


class WrongTopic(EventRefused):
    """The contract names another topic than the caller."""

    def __init__(self, event_type: str, given: str, topic: str) -> None:
        self.event_type = event_type
        self.topic = topic
        super().__init__(
            f"{event_type} belongs on the topic {topic!r}, not on {given!r}. "
            f"Send it to {topic!r}; the topic is part of the contract."
        )


class WrongKey(EventRefused):
    """The key given by the caller is not the text of the contract's key field."""

    def __init__(self, event_type: str, field: str, found: str) -> None:
        self.event_type = event_type
        self.field = field
        super().__init__(
            f"{event_type} is keyed by the payload field {field!r}; the key given ({found}) is not its text. "
            f"Leave `key` out: it is taken from the payload."
        )


class EventTooLarge(EventRefused):
    """The message is larger than the client may send."""

    def __init__(self, event_type: str, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"{event_type} is {size:,} bytes as a message; at most {limit:,} may be sent. "
            f"Send less, or raise `message.max.bytes` here and `max.message.bytes` of the topic."
        )


class EventRejected(PyEventsError):
    """The broker never takes an event that was accepted; it is among the rejected ones of the spool."""

    def __init__(self, topic: str, event_id: str, reason: str) -> None:
        self.topic = topic
        self.event_id = event_id
        self.reason = reason
        super().__init__(f"{topic} never takes the event {event_id}: {reason}. See `pyevents spool rejected ls`.")


class SpoolError(PyEventsError):
    """The producer's queue cannot take or give events."""


class SpoolFull(SpoolError):
    """The queue of events that wait for the broker has reached its limit; nothing was written.

    Args:
        where: The queue, or its folder.
        waiting: Bytes that wait.
        limit: Bytes that it may hold.
    """

    def __init__(self, where: str, waiting: int, limit: int) -> None:
        self.waiting = waiting
        self.limit = limit
        super().__init__(
            f"{where} is full: {waiting:,} of {limit:,} bytes wait for the broker. "
            f"See `status()` for the last error of the broker, or raise `spool_limit`."
        )


class Closed(PyEventsError):
    """The producer or consumer was closed before."""

    def __init__(self, what: str) -> None:
        super().__init__(f"this {what} is closed. Create a new one.")


class Undecodable(PyEventsError):
    """Bytes from a topic that are no event of ours.

    Args:
        rule: Short name of what failed, fit for a counter: `"framing"`, `"json"`, `"schema"` …
        problem: What is wrong, without the bytes.
        pointer: JSON pointer (RFC 6901) into the payload, where there is one.
        event_type: Of the schema, where that much is known.
        event_id: Of the envelope, where it can be read.
    """

    def __init__(self, rule: str, problem: str, pointer: str = "", *, event_type: str = "", event_id: str = "") -> None:
        self.rule = rule
        self.pointer = pointer
        self.event_type = event_type
        self.event_id = event_id
        super().__init__(f"{rule}: {problem}" + (f" at {pointer}" if pointer else ""))


class UnknownMajor(Undecodable):
    """An event has a newer major than this consumer can handle: its producer is ahead.

    Args:
        event_type: Of the event.
        version: That it bears.
        problem: What is missing here, and how to get it.
        event_id: Of the event.
    """

    def __init__(self, event_type: str, version: str, problem: str, event_id: str) -> None:
        self.version = version
        rule = "consumers move to a new major first, producers afterwards"
        super().__init__(
            "version", f"{event_type} {version}: {problem} ({rule})", event_type=event_type, event_id=event_id
        )


class UpcastFailed(PyEventsError):
    """An event of an older major could not be made one of the newer; the message names the step."""

    def __init__(self, step: str, problem: str) -> None:
        self.step = step
        super().__init__(f"upcaster of {step}: {problem}. Correct the function, then replay the dead letter.")


class RegistryError(PyEventsError):
    """The schema registry did not do what was asked."""


class RegistryUnreachable(RegistryError):
    """The registry does not answer, or not as one; asking again later may help."""

    def __init__(
        self, url: str, problem: str, remedy: str = "Is it running, and is SCHEMA_REGISTRY_URL right?"
    ) -> None:
        self.url = url
        super().__init__(f"the schema registry at {url} cannot be asked: {problem}. {remedy}")


class SchemaUnknown(RegistryError):
    """The registry answers, and has no such schema."""

    def __init__(self, what: str, url: str) -> None:
        self.what = what
        super().__init__(
            f"the schema registry at {url} does not have {what}. Register the contracts with `pyevents registry apply`."
        )


class IdUnconfirmed(RegistryError):
    """The registry gives a schema an id under which it shows another one, as while it is restored."""

    def __init__(self, subject: str, url: str, schema_id: int) -> None:
        self.subject = subject
        self.schema_id = schema_id
        super().__init__(
            f"the schema registry at {url} says that {subject} has id {schema_id}, and shows another schema under it. "
            f"Is it being restored, or are there several behind that address? The topic waits."
        )


class SchemaRefused(RegistryError):
    """The registry will not take this schema."""

    def __init__(self, subject: str, url: str, reason: str) -> None:
        self.subject = subject
        super().__init__(f"the schema registry at {url} refuses the schema for {subject}: {reason}")


class BrokerUnreachable(PyEventsError):
    """No broker answers."""

    def __init__(self, servers: str, problem: str) -> None:
        self.servers = servers
        super().__init__(
            f"no Kafka broker answers at {servers}: {problem}. "
            f"Is it running, and is KAFKA_BOOTSTRAP_SERVERS right? `pyevents dev` starts one."
        )


class ClusterRefused(PyEventsError):
    """The broker answers, and will not show or change what was asked."""

    def __init__(self, what: str, servers: str, reason: str) -> None:
        self.what = what
        super().__init__(f"the cluster at {servers} refuses {what}: {reason}. May this user administer it?")


class ProbeLost(PyEventsError):
    """An event that was sent to try a running stack did not come back as it went."""

    def __init__(self, topic: str, problem: str) -> None:
        super().__init__(f"the probe on {topic} failed: {problem}. See the broker's log, and `pyevents doctor`.")


class ToolchainMissing(PyEventsError):
    """A command needs an extra that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs more packages. Install them: pip install 'pyevents-kafka[{extra}]'")


class ConsumerStopped(PyEventsError):
    """A consumer ended by its own rules; the offset stays at the event that made it end.

    Args:
        place: Topic, partition and offset of that event, as `topic-partition@offset`.
        problem: What happened, without payload.
        remedy: What to do.
    """

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        self.place = place
        super().__init__(f"the consumer stopped at {place}: {problem}. {remedy}")


class Reject(Exception):
    """Raised by a handler for an event that no further attempt will do: it is exhausted at once.

    Args:
        reason: For the dead letter, where the consumer is told to keep messages (`keep_message=True`).
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)

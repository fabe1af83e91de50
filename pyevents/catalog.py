"""Every contract, composed: the values that `pyevents generate` wrote, and how to find one.

It owns the format of `catalog.json` and the look-ups in it; it validates nothing and knows no event by name.
"""

from __future__ import annotations

import functools
import importlib
import importlib.resources
from collections.abc import Iterable
from types import ModuleType
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from pyevents.errors import CatalogInvalid, ConfigurationInvalid, UnknownEventType, UnknownVersion

__all__ = [
    "FORMAT",
    "HEADER_ROOM",
    "Catalog",
    "Contract",
    "Loaded",
    "Major",
    "Terms",
    "Topic",
    "Version",
    "dead_letter_topic",
    "derived_topics",
    "load",
    "load_examples",
    "retry_topic",
]

Form = TypeVar("Form")

FORMAT = 1
"""Number of the catalog's format; a catalog with another one is refused."""

HEADER_ROOM = 64 * 1024
"""Bytes by which a dead-letter or retry topic admits more than its source: room for the headers that tell why."""

DEFAULT_PACKAGE = "pyevents.events"

_BROKER_LIMIT = 1_048_588  # a broker's message.max.bytes where nobody set it (Kafka's documentation, broker configs)
_DEAD_LETTERS_KEPT = 30 * 24 * 60 * 60 * 1000


class Topic(Struct, frozen=True):
    """One topic of `topics.toml`; `config` bears Kafka's own names (`retention.ms`, `cleanup.policy`)."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = {}


class Version(Struct, frozen=True):
    """One version of a contract, ready for the codec.

    `schema` is the composed message schema, letter for letter what the registry holds; `fingerprint` is the
    SHA-256 of its UTF-8, in hex. `writer` and `reader` are JSON Schemas of the payload, closed and opened.
    """

    number: str
    format: Literal["json", "avro"]
    envelope: str
    schema: str
    fingerprint: str
    writer: str
    reader: str


class Major(Struct, frozen=True):
    """The minors of one major, oldest first: one subject, one class."""

    number: int
    subject: str
    class_name: str
    module: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """The newest minor; typed classes and readers are of this one."""
        return self.versions[-1]


class Terms(Struct, frozen=True):
    """What a contract says of its events, whatever their fields."""

    event_type: str
    kind: Literal["event", "command"]
    summary: str
    topic: str
    key: str
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    compatibility: str
    registry_compatibility: str
    current: int


class Contract(Terms, frozen=True, omit_defaults=True):
    """Everything known about one event type."""

    majors: tuple[Major, ...]
    upcast: dict[str, str] = {}
    """By older major, `module:function` that makes the next major's object."""

    def major(self, number: int) -> Major | None:
        """Return the major of that number, or None."""
        return next((major for major in self.majors if major.number == number), None)

    def find(self, version: str | None) -> tuple[Major, Version]:
        """Return the major and the version that a dictionary is sent as.

        Args:
            version: `"1.0"`, or None for the newest minor of the contract's `current` major.

        Raises:
            UnknownVersion: The contract has no such version.
        """
        for major in self.majors:
            if version is None and major.number == self.current:
                return major, major.newest
            for candidate in major.versions:
                if candidate.number == version:
                    return major, candidate
        known = [candidate.number for major in self.majors for candidate in major.versions]
        raise UnknownVersion(self.event_type, version, known)


class Catalog(Struct, frozen=True):
    """What `catalog.json` holds."""

    format: int
    topics: tuple[Topic, ...]
    contracts: tuple[Contract, ...]
    environments: dict[str, tuple[Topic, ...]] = {}
    """The topics as each environment of `topics.toml` wants them."""

    @property
    def every_topic(self) -> tuple[Topic, ...]:
        """The topics of the contracts, and those for dead letters and retries that follow from them."""
        return self.topics_in(None)

    def topics_in(self, environment: str | None) -> tuple[Topic, ...]:
        """Return every topic as an environment wants it; None is the one without a name.

        Raises:
            ConfigurationInvalid: `topics.toml` has no such environment.
        """
        if environment is not None and environment not in self.environments:
            known = ", ".join(sorted(self.environments)) or "none"
            raise ConfigurationInvalid(
                "environment", f"topics.toml has none named {environment!r}", f"It has: {known}."
            )
        topics = self.topics if environment is None else self.environments[environment]
        return (*topics, *derived_topics(topics, self.contracts))


def dead_letter_topic(topic: str, consumer: str) -> str:
    """Return the name of the topic for the events of *topic* that *consumer* gave up on."""
    return f"{topic}.{consumer}.dlq"


def retry_topic(topic: str, consumer: str) -> str:
    """Return the name of the topic through which events of *topic* come to *consumer* alone once more."""
    return f"{topic}.{consumer}.retry"


def derived_topics(topics: Iterable[Topic], contracts: Iterable[Terms]) -> list[Topic]:
    """Return the dead-letter and the retry topic of every consumer of every topic.

    Both delete by age, since compaction would drop a dead letter for a later one of its key, and admit the source's
    largest record with `HEADER_ROOM` more. A dead-letter topic has one partition, so that an offset alone names a dead
    letter, and keeps what it has for 30 days, or as long as its source where that is longer. A retry topic has the
    partitions and the retention of its source.
    """
    consumers: dict[str, set[str]] = {}
    for contract in contracts:
        consumers.setdefault(contract.topic, set()).update(contract.consumers)
    return [
        made
        for topic in topics
        for consumer in sorted(consumers.get(topic.name, ()))
        for made in (_dead_letter(topic, consumer), _retry(topic, consumer))
    ]


def _dead_letter(source: Topic, consumer: str) -> Topic:
    kept = int(source.config.get("retention.ms", _DEAD_LETTERS_KEPT))
    kept = -1 if kept == -1 else max(kept, _DEAD_LETTERS_KEPT)
    config = _derived_config(source) | {"retention.ms": str(kept)}
    return Topic(dead_letter_topic(source.name, consumer), 1, source.replication, config)


def _retry(source: Topic, consumer: str) -> Topic:
    return Topic(retry_topic(source.name, consumer), source.partitions, source.replication, _derived_config(source))


def _derived_config(source: Topic) -> dict[str, str]:
    largest = int(source.config.get("max.message.bytes", _BROKER_LIMIT)) + HEADER_ROOM
    return dict(sorted({**source.config, "cleanup.policy": "delete", "max.message.bytes": str(largest)}.items()))


class Loaded:
    """A catalog with its indexes, and the way from a contract to its class and back.

    Classes are imported when first asked for, so that a service pays for the events that it uses.
    """

    def __init__(self, catalog: Catalog, package: str) -> None:
        self.catalog = catalog
        self.package = package
        self.contracts = {contract.event_type: contract for contract in catalog.contracts}
        self.topics = {topic.name: topic for topic in catalog.topics}
        self._classes = {
            (f"{package}.{major.module}", major.class_name): (contract, major)
            for contract in catalog.contracts
            for major in contract.majors
        }

    def contract(self, event_type: str) -> Contract:
        """Return the contract of an event type.

        Raises:
            UnknownEventType: There is none; the error names the nearest.
        """
        try:
            return self.contracts[event_type]
        except (KeyError, TypeError):
            raise UnknownEventType(str(event_type), self.contracts) from None

    def of_class(self, cls: type) -> tuple[Contract, Major]:
        """Return the contract and the major that a generated class stands for.

        Raises:
            UnknownEventType: The class is not from this catalog's package.
        """
        try:
            return self._classes[cls.__module__, cls.__qualname__]
        except KeyError:
            otherwise = f"Classes of events are in {self.package}; `send_event` takes dictionaries."
            raise UnknownEventType(f"{cls.__module__}.{cls.__qualname__}", self._class_paths(), otherwise) from None

    def class_of(self, major: Major) -> type[Struct]:
        """Import and return the generated class of a major."""
        module = importlib.import_module(f"{self.package}.{major.module}")
        found: type[Struct] = getattr(module, major.class_name)
        return found

    def _class_paths(self) -> list[str]:
        return [f"{module}.{name}" for module, name in self._classes]


def load(package: str | ModuleType = DEFAULT_PACKAGE) -> Loaded:
    """Read the catalog of a generated package, once per process.

    Args:
        package: The package that `pyevents generate --package` wrote, or its name.

    Raises:
        CatalogInvalid: There is no catalog in it, or this release cannot read it.
    """
    return _load(package if isinstance(package, str) else package.__name__)


@functools.cache
def _load(package: str) -> Loaded:
    catalog = _read(package, "catalog.json", Catalog, "it is no generated package: there is no catalog.json in it")
    if catalog.format != FORMAT:
        raise CatalogInvalid(f"{package}/catalog.json", f"its format is {catalog.format}, this release reads {FORMAT}")
    return Loaded(catalog, package)


def load_examples(package: str = DEFAULT_PACKAGE) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    """Read the valid examples of a generated package: payloads by event type, version and name.

    Raises:
        CatalogInvalid: There are none in it, or this release cannot read them.
    """
    absent = "there is no examples.json in it; run `pyevents generate`"
    return _read(package, "examples.json", dict[str, dict[str, dict[str, dict[str, object]]]], absent)


def _read(package: str, name: str, form: type[Form], absent: str) -> Form:
    try:
        text = importlib.resources.files(package).joinpath(name).read_bytes()
    except ModuleNotFoundError as error:
        raise CatalogInvalid(package, f"Python finds no module {error.name!r}, installed or in PYTHONPATH") from None
    except (FileNotFoundError, TypeError):
        raise CatalogInvalid(package, absent) from None
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogInvalid(f"{package}/{name}", str(error)) from None

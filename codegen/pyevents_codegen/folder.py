"""What a schema folder says, as values that nothing changes. It reads no file and judges nothing."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from pyevents.catalog import Terms
from pyevents_codegen.source import Source

__all__ = [
    "ContractFolder",
    "Envelope",
    "Folder",
    "Number",
    "PayloadVersion",
    "Settings",
    "TopicSettings",
    "TopicTable",
]

Number = tuple[int, int]
"""Major and minor."""


class TopicSettings(Struct, frozen=True):
    """The settings of one topic in one environment; every one is given."""

    partitions: int
    replication: int
    min_insync_replicas: int
    retention_days: float
    cleanup_policy: str

    @property
    def config(self) -> dict[str, str]:
        """The settings that a broker keeps as topic configuration, by Kafka's names, sorted."""
        retention = -1 if self.retention_days == -1 else round(self.retention_days * 24 * 60 * 60 * 1000)
        return {
            "cleanup.policy": self.cleanup_policy,
            "min.insync.replicas": str(self.min_insync_replicas),
            "retention.ms": str(retention),
        }


class TopicTable(Struct, frozen=True):
    """What `topics.toml` says."""

    defaults: dict[str, Any]
    environments: dict[str, dict[str, Any]]
    topics: dict[str, dict[str, Any]]

    def settings(self, name: str, environment: str | None = None) -> TopicSettings:
        """Return the settings of a topic: defaults, then the environment, then the topic itself."""
        own = {key: value for key, value in self.topics[name].items() if key != "summary"}
        return TopicSettings(**{**self.defaults, **self.environments.get(environment or "", {}), **own})


class Envelope(Struct, frozen=True):
    """One version of the fields around every payload, in the formats that there are."""

    number: str
    json: Source | None
    avro: Source | None


class PayloadVersion(Struct, frozen=True):
    """One payload schema.

    `view` is the JSON Schema that a payload of this version must meet, closed: for JSON the file itself, for Avro
    what follows from it.
    """

    number: Number
    format: Literal["json", "avro"]
    envelope: str
    source: Source
    view: dict[str, Any]

    @property
    def text(self) -> str:
        """The version as contracts write it, `"1.0"`."""
        return f"{self.number[0]}.{self.number[1]}"


class ContractFolder(Terms, frozen=True):
    """One folder of `schemas/`; `source` is its `contract.toml`, `versions` the payload schemas, oldest first.

    `ignored` goes from the rules that the contract is excused from to the reason.
    """

    source: Source
    versions: tuple[PayloadVersion, ...]
    ignored: dict[str, str]

    @property
    def majors(self) -> dict[int, tuple[PayloadVersion, ...]]:
        """The versions by major, oldest first."""
        numbers = sorted({version.number[0] for version in self.versions})
        return {
            number: tuple(version for version in self.versions if version.number[0] == number) for number in numbers
        }


class Settings(Struct, frozen=True):
    """What `pyevents.toml` says; `source` is None where there is no such file."""

    preset: Literal["MINIMAL", "STANDARD", "STRICT"] = "STANDARD"
    services: tuple[str, ...] = ()
    source: Source | None = None


class Folder(Struct, frozen=True):
    """A whole schema folder; `path` is its name as a person would type it, contracts are sorted by event type."""

    path: str
    topics: TopicTable
    envelopes: dict[str, Envelope]
    contracts: tuple[ContractFolder, ...]
    settings: Settings = Settings()

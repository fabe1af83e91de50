"""A schema folder as a whole: reads every file in it and judges the contracts together.

It writes nothing, and needs no network. All findings are collected in one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from pyevents.catalog import dead_letter_topic, retry_topic
from pyevents.errors import did_you_mean
from pyevents_codegen import contract, metaschema, naming
from pyevents_codegen.finding import Finding, SchemaFolderInvalid, of_file
from pyevents_codegen.folder import ContractFolder, Envelope, Folder, Settings, TopicTable
from pyevents_codegen.source import Source, read

__all__ = ["load_folder"]

_ENVELOPE_KEYS = ("eventId", "eventType", "version", "timestamp", "producer", "payload")
_LONGEST_TOPIC = 249
_KNOWN_FILES = ("topics.toml", "released.lock", "pyevents.toml", "README.md")


def load_folder(schemas: Path) -> Folder:
    """Read a schema folder.

    Args:
        schemas: The folder; findings name files as they are named here.

    Raises:
        SchemaFolderInvalid: Something in it is wrong; every finding is carried.
    """
    findings: list[Finding] = []
    shown = schemas.as_posix()
    if not schemas.is_dir():
        remedy = "Name the folder of contracts with `--schemas`, or make it with `pyevents new`."
        raise SchemaFolderInvalid([of_file(shown, "folder-missing", "there is no such folder", remedy)])
    topics = _topics(schemas, shown, findings)
    settings = _settings(schemas, shown, findings)
    envelopes = _envelopes(schemas / "envelope", f"{shown}/envelope", findings)
    contracts: list[ContractFolder] = []
    names = []
    for path in sorted(schemas.iterdir()):
        if path.name.startswith(".") or path.name == "envelope" or path.name in _KNOWN_FILES:
            continue
        if not path.is_dir():
            remedy = did_you_mean(path.name, _KNOWN_FILES, "Move it elsewhere; a contract is a folder.")
            findings.append(of_file(f"{shown}/{path.name}", "unknown-file", "unknown file", remedy))
            continue
        names.append(path.name)
        known = topics.topics if topics else None
        loaded = contract.load(path, f"{shown}/{path.name}", known, envelopes, findings)
        contracts += [loaded] if loaded else []
    findings += _collisions(names, contracts, shown)
    findings += _derived(contracts, topics.topics if topics else {})
    if findings or topics is None:
        raise SchemaFolderInvalid(findings)
    return Folder(shown, topics, envelopes, tuple(contracts), settings)


def _settings(schemas: Path, shown: str, findings: list[Finding]) -> Settings:
    if not (schemas / "pyevents.toml").exists():
        return Settings()
    source = metaschema.read_checked(schemas / "pyevents.toml", f"{shown}/pyevents.toml", "pyevents", findings)
    return msgspec.convert({**source.value, "source": source}, Settings) if source else Settings()


def _topics(schemas: Path, shown: str, findings: list[Finding]) -> TopicTable | None:
    source = metaschema.read_checked(schemas / "topics.toml", f"{shown}/topics.toml", "topics", findings)
    if source is None:
        return None
    table = TopicTable(
        source.value["defaults"], source.value.get("environments", {}), dict(sorted(source.value["topics"].items()))
    )
    findings += _replication(source, table)
    findings += _like_named_topics(source, table)
    return table


def _replication(source: Source, table: TopicTable) -> Iterator[Finding]:
    """A topic with fewer replicas than must be in sync takes no message (`acks=all`)."""
    for environment in (None, *table.environments):
        for name in table.topics:
            settings = table.settings(name, environment)
            if settings.min_insync_replicas > settings.replication:
                where = f" in the environment {environment}" if environment else ""
                message = (
                    f"{name} has {settings.replication} replicas{where}, "
                    f"fewer than the {settings.min_insync_replicas} that must be in sync"
                )
                yield source.finding("topic-replication", f"/topics/{name}", message, "Lower min_insync_replicas.")


def _like_named_topics(source: Source, table: TopicTable) -> Iterator[Finding]:
    """Kafka's metrics write `.` as `_`, so it refuses the second of two such names."""
    seen: dict[str, str] = {}
    for name in table.topics:
        other = seen.setdefault(name.replace(".", "_"), name)
        if other != name:
            message = f"{name!r} and {other!r} differ only in '.' and '_', which Kafka refuses"
            yield source.finding("topic-name", f"/topics/{name}", message, "Rename one of them.")


def _envelopes(folder: Path, shown: str, findings: list[Finding]) -> dict[str, Envelope]:
    found: dict[str, dict[str, Source]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = re.fullmatch(r"([1-9][0-9]*\.[0-9]+)\.(json|avsc)", path.name)
        if path.name.startswith("."):
            continue
        if match is None:
            remedy = "Name it MAJOR.MINOR.json or MAJOR.MINOR.avsc, such as 1.0.json."
            findings.append(of_file(f"{shown}/{path.name}", "version-name", "no envelope has this name", remedy))
            continue
        source = read(path, f"{shown}/{path.name}")
        problems = [source] if isinstance(source, Finding) else list(_envelope(source, match[2]))
        findings += problems
        if isinstance(source, Source) and not problems:
            found.setdefault(match[1], {})[match[2]] = source
    if "1.0" not in found and not any(finding.file.startswith(shown) for finding in findings):
        message = "there is no envelope 1.0"
        findings.append(of_file(shown, "envelope-missing", message, "Add 1.0.json, and 1.0.avsc for Avro."))
    return {number: Envelope(number, parts.get("json"), parts.get("avsc")) for number, parts in found.items()}


def _envelope(source: Source, suffix: str) -> Iterator[Finding]:
    """An envelope has the six fields, closed; the payload's place is taken in every message schema."""
    problems = metaschema.check(source, "avro") if suffix == "avsc" else metaschema.schema_findings(source)
    yield from problems
    if problems:
        return
    if suffix == "avsc":
        fields: Any = [field["name"] for field in source.value["fields"]]
        place = "/fields"
    else:
        fields, place = list(source.value.get("properties", {})), "/properties"
    if sorted(fields) != sorted(_ENVELOPE_KEYS):
        message = f"an envelope has exactly the fields {', '.join(_ENVELOPE_KEYS)}"
        yield source.finding("envelope-fields", place if fields else "", message, "Add or remove fields.")


def _derived(contracts: list[ContractFolder], topics: Iterable[str]) -> Iterator[Finding]:
    """The topics for a consumer's dead letters and retries need names that Kafka takes and nobody else has."""
    taken = {name.replace(".", "_"): name for name in topics}
    for one in contracts:
        for at, consumer in enumerate(one.consumers):
            for name in (dead_letter_topic(one.topic, consumer), retry_topic(one.topic, consumer)):
                remedy = "Rename the topic or the consumer."
                if len(name) > _LONGEST_TOPIC:
                    message = f"{name!r} is {len(name)} characters, and Kafka takes {_LONGEST_TOPIC} as a topic's name"
                    yield one.source.finding("topic-name", f"/consumers/{at}", message, remedy)
                if name.replace(".", "_") in taken:
                    message = f"{name!r}, which follows from this consumer, is a topic of topics.toml too"
                    yield one.source.finding("topic-name", f"/consumers/{at}", message, remedy)


def _collisions(names: list[str], contracts: list[ContractFolder], shown: str) -> Iterator[Finding]:
    """Two contracts that would get one event type, class or subject."""
    by_case: dict[str, str] = {}
    for name in names:
        other = by_case.setdefault(re.sub(r"[^a-z0-9]+", ".", name.lower()), name)
        if other != name:
            message = f"the event type is that of {other!r} in another spelling"
            yield of_file(f"{shown}/{name}", "event-type-twice", message, "Rename or merge one of them.")
    spellings = set(by_case.values())
    owners: dict[str, str] = {}
    for one in (one for one in contracts if one.event_type in spellings):
        for major in one.majors:
            for made in (naming.class_name(one.event_type, major), naming.subject(one.topic, one.event_type, major)):
                other = owners.setdefault(made, one.event_type)
                if other != one.event_type:
                    message = f"{made} would stand for {other!r} too"
                    remedy = "Rename one of the event types."
                    yield of_file(f"{shown}/{one.event_type}", "class-twice", message, remedy)

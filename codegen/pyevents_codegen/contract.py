"""One folder of `schemas/`: reads `contract.toml` and the payload schemas, and judges them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pyevents.catalog import Terms
from pyevents.errors import did_you_mean
from pyevents_codegen import metaschema, naming, payload, references
from pyevents_codegen.finding import Finding, of_file
from pyevents_codegen.folder import ContractFolder, Envelope, PayloadVersion
from pyevents_codegen.pointer import escape
from pyevents_codegen.source import Source

__all__ = ["load"]


def load(
    folder: Path,
    shown: str,
    topics: dict[str, dict[str, Any]] | None,
    envelopes: dict[str, Envelope],
    findings: list[Finding],
) -> ContractFolder | None:
    """Read one contract.

    Args:
        folder: Its folder, named as the event type.
        shown: The folder's name in findings.
        topics: Those of `topics.toml`; None where that file cannot be read.
        envelopes: By version.
        findings: What is wrong is added here.

    Returns:
        The contract; None where too little of it can be read.
    """
    before = len(findings)
    if not naming.EVENT_TYPE.fullmatch(folder.name):
        message = f"{folder.name!r} is no event type"
        remedy = "Name the folder <entity>.<what happened> in lower case, such as patient.created."
        findings.append(of_file(shown, "event-type", message, remedy))
    findings += payload.sequence([path.name for path in folder.iterdir()], shown)
    source = _settings(folder, shown, findings)
    settings = source.value if source else {}
    chosen = settings.get("envelopes", {})
    versions = payload.load(folder, shown, chosen, findings)
    if source is None:
        return None
    findings += _topic(source, topics)
    findings += _current(source, versions)
    findings += _envelopes(source, versions, envelopes)
    for version in versions:
        findings += _key(source, version, settings["key"])
    if len(findings) > before or not versions:
        return None
    return _contract(folder.name, source, versions)


def _settings(folder: Path, shown: str, findings: list[Finding]) -> Source | None:
    path = folder / "contract.toml"
    if not path.exists():
        remedy = "Add it; `pyevents new` writes one, and that of any other contract shows its keys."
        findings.append(of_file(shown, "contract-missing", "there is no contract.toml", remedy))
        return None
    return metaschema.read_checked(path, f"{shown}/contract.toml", "contract", findings)


def _contract(event_type: str, source: Source, versions: tuple[PayloadVersion, ...]) -> ContractFolder:
    settings = source.value
    said = {"compatibility": "FULL_TRANSITIVE", "current": versions[0].number[0], **settings, "event_type": event_type}
    by_format = {"json": "BACKWARD_TRANSITIVE", "avro": said["compatibility"]}
    said.setdefault("registry_compatibility", by_format[versions[-1].format])
    terms = msgspec.structs.asdict(msgspec.convert(said, Terms))
    return ContractFolder(**terms, source=source, versions=versions, ignored=settings.get("ignore", {}))


def _topic(source: Source, topics: dict[str, dict[str, Any]] | None) -> Iterator[Finding]:
    topic = source.value["topic"]
    if topics is not None and topic not in topics:
        remedy = did_you_mean(topic, topics, "Add it to topics.toml.")
        yield source.finding("unknown-topic", "/topic", f"topics.toml has no topic {topic!r}", remedy)


def _current(source: Source, versions: tuple[PayloadVersion, ...]) -> Iterator[Finding]:
    current = source.value.get("current")
    majors = sorted({version.number[0] for version in versions})
    if current is not None and majors and current not in majors:
        listed = f"There are {', '.join(map(str, majors))}."
        yield source.finding("unknown-version", "/current", f"the contract has no major {current}", listed)


def _envelopes(
    source: Source, versions: tuple[PayloadVersion, ...], envelopes: dict[str, Envelope]
) -> Iterator[Finding]:
    chosen = source.value.get("envelopes", {})
    known = {version.text for version in versions}
    for number in chosen:
        if versions and number not in known:
            message = f"the contract has no version {number}"
            yield source.finding("unknown-version", f"/envelopes/{escape(number)}", message, "Remove the line.")
    for version in versions:
        envelope = envelopes.get(version.envelope)
        if envelopes and (envelope is None or getattr(envelope, version.format) is None):
            suffix = {"json": "json", "avro": "avsc"}[version.format]
            message = f"version {version.text} needs envelope/{version.envelope}.{suffix}, which there is not"
            pointer = f"/envelopes/{escape(version.text)}" if version.text in chosen else ""
            yield source.finding("unknown-envelope", pointer, message, "Add it, or choose another one.")


def _key(source: Source, version: PayloadVersion, key: str) -> Iterator[Finding]:
    """The key must be in every event: a required field of the payload, whose text is the same everywhere."""
    schema = version.view
    fields = schema.get("properties", {})
    shown = version.source.file.rpartition("/")[2]
    if key not in fields:
        remedy = did_you_mean(key, fields, f"Add the field to {shown}, or name another key.")
        yield source.finding("key-missing", "/key", f"the payload of {shown} has no field {key!r}", remedy)
        return
    if key not in schema.get("required", []):
        how = "Take its default away" if version.format == "avro" else "Add it to `required`"
        remedy = f"{how} in {shown}."
        yield source.finding("key-optional", "/key", f"the payload of {shown} does not require {key!r}", remedy)
    field = references.followed(schema, fields[key])
    if not isinstance(field, dict) or field.get("type") not in ("string", "integer"):
        remedy = 'Give it the type "string" or "integer".'
        message = f"the key field {key!r} of {shown} is not always a text or a whole number"
        yield source.finding("key-type", "/key", message, remedy)

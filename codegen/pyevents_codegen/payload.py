"""The payload schemas of one contract: finds the version files, reads them, and judges each for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastavro
import fastavro.schema
import jsonschema_rs

from pyevents_codegen import metaschema, references, view
from pyevents_codegen.draft import draft_of
from pyevents_codegen.finding import Finding, of_file
from pyevents_codegen.folder import Number, PayloadVersion
from pyevents_codegen.source import Source, read

__all__ = ["load", "sequence"]

_FILE = re.compile(r"([1-9][0-9]*)\.(0|[1-9][0-9]*)\.(json|avsc)")
_LARGEST = 256 * 1024  # characters; contracts of a hundred fields stay below a tenth, and classes are generated
_REMEDY = "Name it MAJOR.MINOR.json or MAJOR.MINOR.avsc, such as 1.0.json; the first version is 1.0."


def load(folder: Path, shown: str, envelopes: dict[str, str], findings: list[Finding]) -> tuple[PayloadVersion, ...]:
    """Read every version file of a contract.

    Args:
        folder: The contract's folder.
        shown: Its name in findings.
        envelopes: Envelope version of a payload version, where it is not 1.0.
        findings: What is wrong is added here.

    Returns:
        The versions that can be used, oldest first.
    """
    versions = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~") or path.name in ("contract.toml", "examples"):
            continue
        if found := _FILE.fullmatch(path.name):
            number = int(found[1]), int(found[2])
            envelope = envelopes.get(f"{number[0]}.{number[1]}", "1.0")
            version = _version(path, f"{shown}/{path.name}", number, envelope, findings)
            versions += [version] if version else []
        elif path.suffix in (".json", ".avsc", ".yaml", ".yml") or re.match(r"v?[0-9]", path.name):
            findings.append(of_file(f"{shown}/{path.name}", "version-name", "no version has this name", _REMEDY))
        else:
            message = "a contract has contract.toml, version files and examples/, and nothing else"
            findings.append(of_file(f"{shown}/{path.name}", "unknown-file", message, "Move it elsewhere."))
    findings += _drafts(versions)
    return tuple(sorted(versions, key=lambda version: version.number))


def sequence(names: list[str], shown: str) -> Iterator[Finding]:
    """Judge the version files of a contract together, by their names.

    Two files for one version, formats mixed in a major, and gaps are findings.
    """
    found = sorted((int(match[1]), int(match[2]), match[3]) for name in names if (match := _FILE.fullmatch(name)))
    if not found:
        message = "the contract has no version"
        yield of_file(shown, "version-missing", message, "Add a payload schema as 1.0.json or 1.0.avsc.")
        return
    for (major, minor, _), after in pairwise(found):
        if after[:2] == (major, minor):
            message = f"version {major}.{minor} stands twice, as JSON and as Avro"
            yield of_file(f"{shown}/{major}.{minor}.avsc", "version-twice", message, "Keep one of the two files.")
    for major in sorted({number for number, _, _ in found}):
        formats = {kind for number, _, kind in found if number == major}
        if len(formats) > 1 and len({minor for number, minor, _ in found if number == major}) > 1:
            message = f"the versions of major {major} are of two formats"
            yield of_file(shown, "version-formats", message, "Another format is a new major.")
        minors = sorted({minor for number, minor, _ in found if number == major})
        if minors != list(range(len(minors))):
            missing = next(minor for minor in range(len(minors)) if minor not in minors)
            message = f"version {major}.{missing} is missing"
            yield of_file(shown, "version-gap", message, "Number minors from 0 without a gap.")
    majors = sorted({number for number, _, _ in found})
    if majors != list(range(majors[0], majors[0] + len(majors))):
        yield of_file(shown, "version-gap", "a major is missing in between", "Number majors without a gap.")


def _drafts(versions: list[PayloadVersion]) -> Iterator[Finding]:
    """Schemas of two drafts cannot be compared, so the minors of a major have one."""
    first: dict[int, PayloadVersion] = {}
    for version in sorted(versions, key=lambda version: version.number):
        oldest = first.setdefault(version.number[0], version)
        if draft_of(version.view) != draft_of(oldest.view):
            message = f"its draft is not that of {oldest.text}"
            yield version.source.finding("version-drafts", "/$schema", message, "Another draft is a new major.")


def _version(path: Path, shown: str, number: Number, envelope: str, findings: list[Finding]) -> PayloadVersion | None:
    source = read(path, shown)
    if not isinstance(source, Finding) and len(source.text) > _LARGEST:
        message = f"a payload schema of {len(source.text):,} characters is more than services can work with"
        remedy = f"Stay below {_LARGEST:,}: split the event, or send data rather than schema."
        source = source.finding("file-size", "", message, remedy)
    if isinstance(source, Finding):
        findings.append(source)
        return None
    is_avro = path.suffix == ".avsc"
    schema, found = _avro(source) if is_avro else _json(source)
    findings += found
    if found:
        return None
    return PayloadVersion(number, "avro" if is_avro else "json", envelope, source, schema)


def _json(source: Source) -> tuple[dict[str, Any], list[Finding]]:
    found = metaschema.schema_findings(source)
    if found:
        return {}, found
    found = list(references.findings(source))
    if source.value.get("type") != "object":
        remedy = 'Write "type": "object" at the top of the schema.'
        found.append(source.finding("schema-payload", "", "a payload is an object", remedy))
    if "$ref" in source.value:
        remedy = "Write the object itself at the top, and keep the reference for a field."
        found.append(source.finding("schema-payload", "/$ref", "a payload is no mere reference", remedy))
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **source.value}
    return schema, found or list(_broken(source, schema))


def _avro(source: Source) -> tuple[dict[str, Any], list[Finding]]:
    found = metaschema.check(source, "avro")
    if found:
        return {}, found
    schema, found = view.derive(source)
    return schema, found or [*_unreadable(source), *_broken(source, schema)]


def _unreadable(source: Source) -> Iterator[Finding]:
    try:
        fastavro.parse_schema(source.value, named_schemas={}, _write_hint=False)
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType) as error:
        message = f"not an Avro schema: {error}".rstrip(".")
        yield source.finding("schema-form", "", message, "Correct it, or see the Avro specification.")


def _broken(source: Source, schema: dict[str, Any]) -> Iterator[Finding]:
    """Build the validator that the runtime will build; what it refuses, the runtime would stumble over."""
    try:
        jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        message = getattr(error, "message", str(error)).splitlines()[0].rstrip(".")
        yield source.finding("schema-form", "", f"no validator can be built: {message}", "Correct the schema.")

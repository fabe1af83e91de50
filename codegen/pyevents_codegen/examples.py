"""The examples of every contract: valid ones must be accepted, invalid ones refused for the reason they are named by.

They lie in `examples/<version>/` and `examples/<version>/invalid/`. An invalid one is named
`<field>--<keyword>.json`: the path of the field with dots (`root` is the payload itself), and the one keyword of the
schema that refuses it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import jsonschema_rs
from msgspec import Struct

from pyevents_codegen.compose import canonical
from pyevents_codegen.finding import Finding, of_file
from pyevents_codegen.folder import ContractFolder, Folder, Number, PayloadVersion
from pyevents_codegen.opening import opened
from pyevents_codegen.pointer import joined
from pyevents_codegen.source import Source, read

__all__ = [
    "Example",
    "Examples",
    "Reason",
    "judging",
    "of_version",
    "packaged",
    "read_examples",
    "reasons",
    "strays",
    "validate_examples",
    "validator",
]

_INVALID = re.compile(r"(?P<field>.+)--(?P<keyword>[A-Za-z$]+)\.json")


class Example(Struct, frozen=True):
    """One example file; `reason` is None for a valid one."""

    source: Source
    reason: Reason | None


class Reason(NamedTuple):
    """Why a payload is refused: the field, with dots, and the keyword of its schema."""

    field: str
    keyword: str


Examples: TypeAlias = Mapping[tuple[str, Number], tuple[Example | Finding, ...]]
"""Examples by event type and version; a finding stands for one that cannot be read."""


def read_examples(folder: Folder) -> Examples:
    """Read every example of a schema folder."""
    return {
        (contract.event_type, version.number): tuple(of_version(folder, contract, version))
        for contract in folder.contracts
        for version in contract.versions
    }


def packaged(folder: Folder) -> bytes:
    """Return the bytes of `examples.json`: every valid example, for the tests of services that read the events.

    By event type, version and the name of the file; a line for every version.
    """
    contracts = []
    for contract in folder.contracts:
        lines = []
        for version in contract.versions:
            found = of_version(folder, contract, version)
            valid = {Path(one.source.file).stem: one.source.value for one in found if _is_valid(one)}
            lines.append(f"{canonical(version.text)}:{canonical(valid)}")
        contracts.append(f"{canonical(contract.event_type)}:{{\n" + ",\n".join(lines) + "\n}")
    return ("{\n" + ",\n".join(contracts) + "\n}\n").encode()


def _is_valid(found: Example | Finding) -> TypeGuard[Example]:
    return isinstance(found, Example) and found.reason is None


def validate_examples(folder: Folder, examples: Examples | None = None) -> list[Finding]:
    """Check every example of a schema folder; return what is wrong, by file.

    Args:
        folder: The contracts.
        examples: Their examples, where they have been read already.
    """
    findings: list[Finding] = []
    read = read_examples(folder) if examples is None else examples
    for contract in folder.contracts:
        for version in contract.versions:
            judge = judging(version)
            for example in read[contract.event_type, version.number]:
                findings += judge(example) if isinstance(example, Example) else []
    return sorted([*findings, *strays(folder, read)])


def strays(folder: Folder, examples: Examples) -> Iterator[Finding]:
    """Yield what is no example of any version: files that cannot be read, and folders of no version."""
    for found in examples.values():
        yield from (one for one in found if isinstance(one, Finding))
    for contract in folder.contracts:
        yield from _strangers(folder, contract)


def judging(version: PayloadVersion) -> Callable[[Example], list[Finding]]:
    """Return a function that says what is wrong with an example of a version."""
    writer, reader = validator(version.view), validator(opened(version.view))
    return lambda example: list(_judged(example, writer, reader))


def of_version(folder: Folder, contract: ContractFolder, version: PayloadVersion) -> Iterator[Example | Finding]:
    """Yield the examples of one version in the order of their names, valid ones first; a finding for an unreadable."""
    place = Path(folder.path, contract.event_type, "examples", version.text)
    for path in _files(place):
        source = read(path, path.as_posix())
        yield source if isinstance(source, Finding) else Example(source, None)
    for path in _files(place / "invalid"):
        named = _INVALID.fullmatch(path.name)
        if named is None:
            remedy = "Name it <field>--<keyword>.json, such as vorname--maxLength.json."
            message = "the name does not say why it is invalid"
            yield of_file(path.as_posix(), "example-name", message, remedy)
            continue
        source = read(path, path.as_posix())
        yield source if isinstance(source, Finding) else Example(source, Reason(named["field"], named["keyword"]))


def validator(schema: dict[str, Any]) -> Any:
    """Return the validator of a payload schema, as strict as the runtime's; its messages quote no value."""
    return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True, mask="the value")


def reasons(errors: list[jsonschema_rs.ValidationError]) -> set[Reason]:
    """Return why a payload is refused; a missing or unexpected field counts as the place."""
    found = set()
    for error in errors:
        path = [str(token) for token in error.instance_path]
        details = error.kind.as_dict()
        inner = details.get("unexpected", [details["property"]] if "property" in details else [])
        for token in inner or [None]:
            field = ".".join([*path, token] if token is not None else path)
            found.add(Reason(field or "root", error.kind.name))
    return found


def _files(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            names = sorted(one.name for one in entries if not one.name.startswith(".") and one.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [place / name for name in names]


def _strangers(folder: Folder, contract: ContractFolder) -> Iterator[Finding]:
    """Examples that belong to no version are never checked; say so."""
    place = Path(folder.path, contract.event_type, "examples")
    known = {version.text for version in contract.versions}
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if path.name not in known and not path.name.startswith("."):
            remedy = f"Put it into the folder of a version: {', '.join(sorted(known))}."
            message = "these examples belong to no version"
            yield of_file(path.as_posix(), "example-stray", message, remedy)


def _judged(example: Example, writer: Any, reader: Any) -> Iterator[Finding]:
    source, reason = example.source, example.reason
    errors = list(writer.iter_errors(source.value))
    if reason is None:
        for error in errors or list(reader.iter_errors(source.value)):
            pointer = joined(error.instance_path)
            message = f"the contract refuses it at {pointer or 'the top'}: {error.message}"
            yield source.finding("example-refused", pointer, message, "Correct the example or the schema.")
        return
    found = reasons(errors)
    if not found:
        message = "the contract accepts it, though it is to be refused"
        yield source.finding("example-accepted", "", message, "Correct the example, or move it to the valid ones.")
    elif found != {reason}:
        told = " and ".join(f"{keyword} of {field}" for field, keyword in sorted(found))
        message = f"it is refused for {told}, and its name says {reason.keyword} of {reason.field}"
        yield source.finding("example-reason", "", message, "Rename it, or leave one reason only.")

"""Rules on Avro schemas, where the specification lets something pass that does not mean what it seems to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyevents_codegen import naming
from pyevents_codegen.rules.case import Case, Problem
from pyevents_codegen.rules.rule import Rule
from pyevents_codegen.source import Source

__all__ = ["RULES"]

_Part = tuple[Source, str, dict[str, Any]]


def _parts(case: Case) -> Iterator[_Part]:
    """Yield every object of every Avro schema with its pointer: types, and fields of records."""
    for seen in case.versions:
        if seen.version.format == "avro":
            waiting: list[tuple[str, Any]] = [("", seen.version.source.value)]
            while waiting:
                pointer, node = waiting.pop()
                if isinstance(node, list):
                    waiting += [(f"{pointer}/{number}", child) for number, child in enumerate(node)]
                elif isinstance(node, dict):
                    yield seen.version.source, pointer, node
                    below = ("type", "items", "values", "fields")
                    waiting += [
                        (f"{pointer}/{key}", node[key]) for key in below if isinstance(node.get(key), dict | list)
                    ]


def _names(case: Case) -> Iterator[Problem]:
    entity = case.contract.event_type.partition(".")[0]
    name = naming.class_name(case.contract.event_type.partition(".")[2], 1) + "Payload"
    for source, pointer, node in _parts(case):
        if pointer == "" and (node.get("namespace"), node["name"]) != (entity, name):
            remedy = f'Write "namespace": "{entity}", "name": "{name}".'
            yield Problem(source, "/name", f"the payload's record is not called {entity}.{name}", remedy)


def _logical(case: Case) -> Iterator[Problem]:
    for source, pointer, node in _parts(case):
        if "logicalType" in node and _is_field(pointer):
            yield Problem(source, f"{pointer}/logicalType", "a logical type beside the type of a field means nothing")


def _aliases(case: Case) -> Iterator[Problem]:
    for source, pointer, node in _parts(case):
        if node.get("type") != "record":
            continue
        taken = {field["name"] for field in node["fields"]}
        for number, field in enumerate(node["fields"]):
            for place, alias in enumerate(field.get("aliases", ())):
                if alias in taken:
                    message = f"the alias {alias!r} is a field's name, or an alias, already"
                    yield Problem(source, f"{pointer}/fields/{number}/aliases/{place}", message)
                taken.add(alias)


def _nullable(case: Case) -> Iterator[Problem]:
    for source, pointer, node in _parts(case):
        if (
            _is_field(pointer)
            and isinstance(node.get("type"), list)
            and "null" in node["type"]
            and "default" not in node
        ):
            yield Problem(source, pointer, f"the field {node['name']!r} may be null, and yet must be given")


def _is_field(pointer: str) -> bool:
    return pointer.rpartition("/")[0].endswith("/fields")


_rule = partial(Rule, category="avro")

RULES = (
    _rule(
        id="avro-name",
        preset="STANDARD",
        purpose="The payload's record is called <entity>.<Name>Payload, after the event type.",
        why="A reader finds a record by its full name: one that changes between versions cannot be read, and one that "
        "is the message's own name is a type within itself.",
        fix='email.send with "name": "Mail"  →  "namespace": "email", "name": "SendPayload"',
        find=_names,
    ),
    _rule(
        id="avro-logical-type",
        preset="MINIMAL",
        purpose="A logical type stands in the type that it is of.",
        why="Beside the type of a field it is an attribute that no reader knows: the date is sent as a bare number.",
        fix='"type": "int", "logicalType": "date"  →  "type": {"type": "int", "logicalType": "date"}',
        remedy='Write "type": {"type": …, "logicalType": …}.',
        find=_logical,
    ),
    _rule(
        id="avro-alias",
        preset="MINIMAL",
        purpose="An alias names no other field.",
        why="Readers match fields by name and alias: with two candidates, libraries choose differently.",
        fix='"name": "betreff", "aliases": ["inhalt"] beside a field "inhalt"  →  no such alias',
        remedy="Remove the alias.",
        find=_aliases,
    ),
    _rule(
        id="avro-nullable-default",
        preset="STANDARD",
        purpose="A field that may be null has a default.",
        why="Without one it cannot be removed, nor be left out, though its type says that it may be missing.",
        fix='"type": ["null", "string"]  →  add "default": null',
        remedy='Put null first and add "default": null.',
        find=_nullable,
    ),
)

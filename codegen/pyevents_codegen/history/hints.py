"""Changes that every proof lets pass and that readers still get wrong: renames, moves, other units. Pure.

A field that went while an equal one came was probably renamed: old readers see it vanish, new ones see it missing in
old events, and no schema complains. Such a change wants a new major, whose upcaster can say what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pyevents_codegen.finding import Finding
from pyevents_codegen.folder import ContractFolder, PayloadVersion
from pyevents_codegen.history.difference import Change, differences
from pyevents_codegen.pointer import escape
from pyevents_codegen.tree import objects

__all__ = ["hints"]

_UNITS = [
    {"second", "seconds", "sekunden"}, {"millisecond", "milliseconds", "ms"}, {"minute", "minutes", "minuten"},
    {"hour", "hours", "stunden"}, {"day", "days", "tage", "tagen"}, {"week", "weeks", "wochen"},
    {"metre", "metres", "meter", "meters"}, {"kilometre", "kilometres", "kilometer", "kilometers", "km"},
    {"mile", "miles"}, {"cent", "cents"}, {"euro", "euros", "eur"}, {"dollar", "dollars", "usd"},
    {"percent", "prozent"}, {"fraction"}, {"byte", "bytes"}, {"kilobyte", "kilobytes", "kb"},
    {"utc"}, {"local"}, {"gross", "brutto"}, {"net", "netto"},
]  # fmt: skip
_MAJOR = "Make it a new major, whose upcaster says what became of the old field, or name it anew and keep the old one."


def hints(contract: ContractFolder) -> Iterator[Finding]:
    """Yield what looks like a rename, a move or a change of meaning between a version and the one before it."""
    for versions in contract.majors.values():
        for older, newer in pairwise(versions):
            changes = differences(older.view, newer.view)
            yield from _renames(changes, newer)
            yield from _meanings(changes, older, newer)


def _renames(changes: list[Change], newer: PayloadVersion) -> Iterator[Finding]:
    aliases = _aliases(newer.source.value) if newer.format == "avro" else {}
    came = [change for change in changes if change.kind == "added"]
    went = [change for change in changes if change.kind == "removed"]
    for gone in went:
        parent, _, name = gone.field.rpartition(".")
        for come in came:
            place, _, other = come.field.rpartition(".")
            if aliases.get(other) == name or _bare(gone.schema) != _bare(come.schema):
                continue
            message = f"{gone.field} seems to have become {come.field}; readers of {newer.text} miss it in older events"
            if place != parent and other == name:
                yield _hint(newer, come.field, "field-moved", message)
            elif place == parent and (len(came) == len(went) == 1 or _share_a_word(name, other)):
                yield _hint(newer, come.field, "field-renamed", message)


def _meanings(changes: list[Change], older: PayloadVersion, newer: PayloadVersion) -> Iterator[Finding]:
    for change in changes:
        if change.kind == "format":
            yield _hint(newer, change.field, "meaning-changed", f"{change.field} has another meaning: {change.words}")
        if change.kind == "words":
            then, now = (_units(_description(version.view, change.field)) for version in (older, newer))
            if then and now and then != now:
                message = f"{change.field} is described in another unit than in {older.text}; old values do not tell"
                yield _hint(newer, change.field, "meaning-changed", message)


def _hint(newer: PayloadVersion, field: str, rule: str, message: str) -> Finding:
    pointer = "" if newer.format == "avro" else _pointer(field)
    return newer.source.finding(rule, pointer, message, _MAJOR, severity="warning")


def _pointer(field: str) -> str:
    steps = re.findall(r"\[\]|\{\}|[^.\[\]{}]+", field)
    return "".join({"[]": "/items", "{}": "/additionalProperties"}.get(s, f"/properties/{escape(s)}") for s in steps)


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in ("description", "title", "examples")}
    return [_bare(value) for value in schema] if isinstance(schema, list) else schema


def _share_a_word(one: str, other: str) -> bool:
    first, second = (set(re.split(r"[_\W]+|(?=[A-Z])", name.lower())) - {""} for name in (one, other))
    return bool(first & second)


def _description(view: dict[str, Any], field: str) -> str:
    schema: Any = view
    for token in _pointer(field).split("/")[1:]:
        schema = schema.get(token, {}) if isinstance(schema, dict) else {}
    return str(schema.get("description", "")) if isinstance(schema, dict) else ""


def _units(text: str) -> set[int]:
    words = set(re.findall(r"\w+", text.lower()))
    return {place for place, names in enumerate(_UNITS) if names & words}


def _aliases(value: Any) -> dict[str, str]:
    """Return field name to alias of every field of an Avro schema that bears one."""
    named = (node for node in objects(value) if isinstance(node.get("name"), str) and node.get("aliases"))
    return {node["name"]: node["aliases"][0] for node in named}
